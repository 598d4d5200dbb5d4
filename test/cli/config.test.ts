import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startJaegerDouble } from '../support/jaeger-double.js'
import { type LokiDouble, startLokiDouble } from '../support/loki-double/server.js'
import { randomId } from '../support/otlp.js'
import { startTempoDouble, type TempoDouble } from '../support/tempo-double/server.js'
import { startZipkinDouble } from '../support/zipkin-double.js'
import { Folder, spanlog } from './spanlog.js'

const traceId = randomId(16)
const nowhere = 'http://127.0.0.1:9'
const folder = new Folder()
const empty = path.join(folder.path, 'empty')
mkdirSync(empty)
let loki: LokiDouble
let tempo: TempoDouble

beforeAll(async () => {
  loki = await startLokiDouble()
  tempo = await startTempoDouble()
  loki.push({ service: 'orders' }, [[BigInt(Date.now()) * 1_000_000n, `{"trace_id":"${traceId}","msg":"bought"}`]])
})
afterAll(async () => {
  folder.remove()
  await loki.close()
  await tempo.close()
})
beforeEach(() => {
  loki.seen.length = 0
})

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const write = (name: string, config: object): string => folder.write(`${name}/spanlog.json`, JSON.stringify(config))

describe('the configuration', () => {
  const stored = (): object => ({
    loki: { url: loki.url, tenant: 'shop', username: 'me', password: 'pass', headers: { 'X-Team': 'a' }, selector: '{service="orders"}' },
  })

  it.each<[string, () => { args?: string[]; cwd: string; env?: Record<string, string> }]>([
    ['in the working folder', () => ({ cwd: path.dirname(write('cwd', stored())) })],
    ['that is named', () => ({ cwd: empty, args: ['--config', write('named', stored())] })],
    [
      'in the home folder',
      () => ({ cwd: empty, env: { HOME: path.dirname(path.dirname(path.dirname(write('home/.config/spanlog', stored())))) } }),
    ],
    ['where XDG says', () => ({ cwd: empty, env: { XDG_CONFIG_HOME: path.dirname(path.dirname(write('xdg/spanlog', stored()))) } })],
  ])('%s gives store, credentials, headers and selector', async (_name, make) => {
    const { args = [], cwd, env = {} } = make()
    const { stdout, code } = await spanlog(['logs', traceId, ...args], { cwd, env })
    expect(stdout).toContain('bought')
    expect(code).toBe(0)
    expect(loki.seen[0]?.headers).toMatchObject({ 'x-scope-orgid': 'shop', authorization: basic('me:pass'), 'x-team': 'a' })
    expect(loki.seen.flatMap(({ query }) => query.get('query') ?? []).every((query) => query.includes('{service="orders"}'))).toBe(true)
  })

  it('gives files, by paths that are relative to it, and a limit of bytes', async () => {
    folder.write('files/logs/a.log', [{ trace_id: traceId, msg: 'from a file' }])
    const config = write('files', { files: ['logs'], maxBytes: '10GB' })
    const { stdout } = await spanlog(['logs', traceId, '--config', config], { cwd: empty })
    expect(stdout).toContain('from a file')
  })

  it('gives every store of traces', async () => {
    const jaeger = await startJaegerDouble()
    const zipkin = await startZipkinDouble()
    const config = write('traces', { tempo: { url: tempo.url }, jaeger: { url: jaeger.url }, zipkin: { url: zipkin.url } })
    tempo.seen.length = 0
    const { stderr } = await spanlog(['trace', traceId, '--config', config], { cwd: empty })
    expect([tempo.seen.length, jaeger.seen.length, zipkin.seen.length].every((asked) => asked > 0)).toBe(true)
    expect(stderr).toMatch(/^no spans, complete/)
    await jaeger.close()
    await zipkin.close()
  })

  it('comes behind the environment, and behind the command line', async () => {
    const cwd = path.dirname(write('behind', { loki: { url: nowhere, bearerToken: 'theirs' } }))
    expect((await spanlog(['logs', traceId], { cwd, env: { LOKI_URL: loki.url } })).stdout).toContain('bought')
    expect((await spanlog(['logs', traceId, '--loki', loki.url], { cwd })).stdout).toContain('bought')
    // Its credentials are for its own server.
    expect(loki.seen.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([])
  })

  it('gives its credentials to its own server also where a flag names that', async () => {
    const config = write('own', { loki: { url: `${loki.url}/`, bearerToken: 'token' } })
    await spanlog(['logs', traceId, '--loki', loki.url, '--config', config], { cwd: empty })
    expect(loki.seen[0]?.headers.authorization).toBe('Bearer token')
  })

  it("takes the environment's credentials where the user chose it, and refuses to send them to the server of one that lay about", async () => {
    const config = write('trusted', { loki: { url: loki.url } })
    const env = { LOKI_USERNAME: 'me', LOKI_PASSWORD: 'secret' }
    await spanlog(['logs', traceId, '--config', config], { cwd: empty, env })
    expect(loki.seen[0]?.headers.authorization).toBe(basic('me:secret'))
    loki.seen.length = 0
    const { stderr, code } = await spanlog(['logs', traceId], { cwd: path.dirname(config), env })
    expect(stderr).toMatch(/^spanlog: INVALID_OPTION: LOKI_USERNAME is not sent to .*--config spanlog\.json/)
    expect({ code, asked: loki.seen.length }).toEqual({ code: 2, asked: 0 })
  })

  it('links into Grafana, by the data sources that it names', async () => {
    const config = write('grafana', {
      grafana: { url: 'https://grafana.example', loki: 'logs-uid', tempo: 'traces-uid' },
      loki: { url: loki.url },
    })
    const { stderr } = await spanlog(['logs', traceId, '--config', config, '--json'], { cwd: empty })
    const { grafana } = JSON.parse(stderr)
    expect(new URL(grafana.logs).searchParams.get('panes')).toContain('"uid":"logs-uid"')
    expect(new URL(grafana.trace).searchParams.get('panes')).toContain('"uid":"traces-uid"')
  })

  it.each<[string, string, string]>([
    ['an unknown key', '{"lokki":{"url":"http://x"}}', '`lokki`'],
    ['an unknown key of a store', '{"loki":{"url":"http://x","pasword":"SECRET"}}', '`pasword`'],
    ['a store without its URL', '{"tempo":{"password":"SECRET"}}', '`tempo.url`'],
    ['a password that is no text', '{"loki":{"url":"http://x","password":["SECRET"]}}', '`loki.password`'],
    ['a header that is no text', '{"loki":{"url":"http://x","headers":{"A":{"SECRET":1}}}}', '`loki.headers.A`'],
    ['an unknown key of tls', '{"loki":{"url":"http://x","tls":{"pem":"SECRET"}}}', '`pem`'],
    ['a list', '["SECRET"]', 'the file'],
    ['no JSON', '{"loki":{"password":"SECRET",}', 'JSON'],
    ['files that are no list', '{"files":"SECRET"}', '`files`'],
    ['a size without a unit', '{"files":["x"],"maxBytes":"7"}', 'a size such as'],
    ['a selector of Tempo', '{"tempo":{"url":"http://x","selector":"SECRET"}}', '`selector`'],
  ])('is refused by name with %s, and no value of it is shown', async (_name, content, said) => {
    const config = folder.write('refused/spanlog.json', content)
    const { stdout, stderr, code } = await spanlog(['logs', traceId, '--config', config], { cwd: empty, env: { SPANLOG_DEBUG: '1' } })
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(/INVALID_OPTION: /)
    expect(stderr).toContain(said)
    expect(stderr).not.toContain('SECRET')
  })

  it('that is named and missing is said, and one that nobody named is not missed', async () => {
    const { stderr, code } = await spanlog(['logs', traceId, '--config', 'none.json'], { cwd: empty })
    expect(stderr).toMatch(/^spanlog: FILE_UNREADABLE: the configuration none\.json /)
    expect(code).toBe(3)
    expect((await spanlog(['logs', traceId], { cwd: empty })).stderr).toContain('no source')
  })

  it('never shows credentials, whatever fails', async () => {
    const config = write('secret', { loki: { url: nowhere, username: 'me', password: 'SECRET', headers: { 'X-Key': 'SECRET' } } })
    const { stderr } = await spanlog(['logs', traceId, '--config', config, '--timeout', '200ms', '-v'], {
      cwd: empty,
      env: { SPANLOG_DEBUG: '1' },
    })
    expect(stderr).toContain('LOKI_')
    expect(stderr).not.toContain('SECRET')
    const inUrl = await spanlog(['logs', traceId, '--loki', 'http://me:SECRET@127.0.0.1:9', '--timeout', '200ms', '-v'], { cwd: empty })
    expect(inUrl.stderr).toContain('LOKI_')
    expect(inUrl.stderr).not.toContain('SECRET')
  })
})

describe('certificates', () => {
  it.each(['LOKI_CA_CERT_PATH', 'LOKI_CLIENT_CERT_PATH', 'LOKI_CLIENT_KEY_PATH'])('of %s are files that must be there', async (name) => {
    const { stderr, code } = await spanlog(['logs', traceId, '--loki', loki.url], { cwd: empty, env: { [name]: '/none.pem' } })
    expect(stderr).toMatch(/^spanlog: FILE_UNREADABLE: \/none\.pem, /)
    expect(code).toBe(3)
  })

  it('are said to be none where the file holds something else', async () => {
    const pem = folder.write('certificates/none.pem', 'SECRET')
    const { stderr, code } = await spanlog(['logs', traceId, '--loki', loki.url], { cwd: empty, env: { LOKI_CA_CERT_PATH: pem } })
    expect([stderr, code]).toEqual([
      expect.stringMatching(/^spanlog: INVALID_OPTION: .*none\.pem to hold a certificate or a key in PEM/),
      2,
    ])
    expect(stderr).not.toContain('SECRET')
  })
})

describe('a user name and a token', () => {
  it('in the environment are one too many', async () => {
    const env = { LOKI_USERNAME: 'me', LOKI_BEARER_TOKEN: 'SECRET' }
    const { stderr, code } = await spanlog(['logs', traceId, '--loki', loki.url], { cwd: empty, env })
    expect([stderr, code]).toEqual([expect.stringContaining('got LOKI_USERNAME and LOKI_BEARER_TOKEN; unset one of them'), 2])
  })

  it('are the user name of the URL where that has one', async () => {
    const given = loki.url.replace('//', '//you:pass@')
    await spanlog(['logs', traceId, '--loki', given, '--from', '1h'], { cwd: empty, env: { LOKI_BEARER_TOKEN: 'SECRET' } })
    expect(loki.seen.at(-1)?.headers['authorization']).toBe(`Basic ${Buffer.from('you:pass').toString('base64')}`)
  })
})
