import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { lokiLogs } from '../../src/logs/loki/source.js'
import { minutesAgo, TRACE } from '../support/loki-lines.js'
import { collect, loki, readOverSocket } from '../support/loki-session.js'
import { pass, startProxy } from '../support/proxy.js'

const pem = (name: string): string => readFileSync(join(import.meta.dirname, '../support/tls', name), 'utf8')

/** Only what a row sets stands in the environment. */
beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) for (const key of [name, name.toLowerCase()]) vi.stubEnv(key, undefined)
  return () => vi.unstubAllEnvs()
})

async function withLine(options: Parameters<typeof loki>[0] = {}) {
  const double = await loki(options)
  double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
  return double
}

describe('proxies of the environment', () => {
  it.for(['HTTP_PROXY', 'http_proxy'])('%s takes requests as they are', async (name) => {
    const [double, proxy] = [await withLine(), await startProxy()]
    vi.stubEnv(name, proxy.url)
    expect((await collect(double, { from: '1h' })).verdict).toMatchObject({ complete: true, entries: 1 })
    expect(new Set(proxy.asked.map(({ what }) => what))).toContain(`GET ${double.url}/loki/api/v1/query_range`)
    expect(proxy.asked.length).toBe(double.seen.length)
  })

  it.for(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY'])('%s opens a tunnel for TLS', async (name) => {
    const double = await withLine({ tls: { cert: pem('server.pem'), key: pem('server.key') } })
    const proxy = await startProxy()
    vi.stubEnv(name, proxy.url)
    const tls = { ca: pem('ca.pem') }
    expect((await collect(double, { from: '1h' }, { tls })).verdict).toMatchObject({ complete: true, entries: 1 })
    expect(new Set(proxy.asked.map(({ what }) => what))).toEqual(new Set([`CONNECT ${new URL(double.url).host}`]))
  })

  it('are shown their credentials', async () => {
    const [double, proxy] = [await withLine(), await startProxy()]
    vi.stubEnv('HTTP_PROXY', proxy.url.replace('//', '//me:p%40ss@'))
    expect((await collect(double, { from: '1h' })).verdict.complete).toBe(true)
    expect(proxy.asked[0]?.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  })

  it('may stand there without their scheme', async () => {
    const [double, proxy] = [await withLine(), await startProxy()]
    vi.stubEnv('HTTP_PROXY', new URL(proxy.url).host)
    expect((await collect(double, { from: '1h' })).verdict.complete).toBe(true)
    expect(proxy.asked.length).toBeGreaterThan(0)
  })

  it.for(['127.0.0.1', '*', 'example.test, 127.0.0.1'])('are passed by where NO_PROXY is %s', async (hosts) => {
    const [double, proxy] = [await withLine(), await startProxy()]
    vi.stubEnv('HTTP_PROXY', proxy.url)
    vi.stubEnv('NO_PROXY', hosts)
    expect((await collect(double, { from: '1h' })).verdict.complete).toBe(true)
    expect(proxy.asked).toEqual([])
  })

  it('take websockets through a tunnel', async () => {
    const [double, proxy] = [await withLine(), await startProxy()]
    vi.stubEnv('HTTP_PROXY', proxy.url)
    expect(await readOverSocket(double, lokiLogs({ url: double.url }))).toBe(true)
    expect(proxy.asked.map(({ what }) => what)).toContain(`CONNECT ${new URL(double.url).host}`)
  })

  it('that are none are refused at the call, without showing them', () => {
    vi.stubEnv('HTTPS_PROXY', 'http://me:secret@:x')
    expect(() => lokiLogs({ url: 'https://loki.test' })).toThrow(
      /^INVALID_URL: Expected HTTPS_PROXY .* URL of a proxy; correct or unset it\.$/,
    )
  })

  it('that nobody answers for are named by the error', async () => {
    const double = await withLine()
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1')
    expect((await collect(double, { from: '1h' }, { retries: 0 })).verdict.reasons[0]).toMatchObject({
      code: 'LOKI_UNREACHABLE',
      message: expect.stringContaining('127.0.0.1:1'),
    })
  })
})

describe("Grafana's proxy of data sources", () => {
  /** As Grafana: it lets in who has a token of its own, adds what the data source needs, and knows no websockets. */
  async function startGrafana(lokiUrl: string): Promise<string> {
    const server = createServer((request, response) => {
      const { pathname, search } = new URL(request.url ?? '', 'http://grafana')
      const inner = /^\/api\/datasources\/proxy\/uid\/loki-1(\/.*)$/.exec(pathname)?.[1]
      if (request.headers.authorization !== 'Bearer glsa_token') {
        response.writeHead(401, { 'content-type': 'application/json' }).end('{"message":"Unauthorized"}')
      } else if (inner === undefined) {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"data source not found"}')
      } else pass(request, response, new URL(lokiUrl + inner + search), { 'x-scope-orgid': 'team', authorization: '' })
    })
    server.on('upgrade', (_, socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async function ask(path: string, bearerToken: string) {
    const double = await loki({ auth: true })
    double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]], 'team')
    const source = lokiLogs({ url: `${await startGrafana(double.url)}${path}`, bearerToken })
    return { source, verdict: await source.forTrace(TRACE, { from: '1h' }).verdict() }
  }

  it('is a way to reach Loki as it is', async () => {
    const { source, verdict } = await ask('/api/datasources/proxy/uid/loki-1', 'glsa_token')
    expect(verdict).toMatchObject({ complete: true, entries: 1 })
    for await (const item of source.follow?.(TRACE, { from: '1h' }) ?? []) {
      expect(item).toMatchObject({ traceId: TRACE })
      break
    }
  })

  it.for([
    ['a token that is none', '/api/datasources/proxy/uid/loki-1', 'x', 'LOKI_UNAUTHORIZED'],
    ['a data source that is none', '/api/datasources/proxy/uid/other', 'glsa_token', 'LOKI_REFUSED'],
  ] as const)('refuses %s', async ([, path, token, code]) => {
    expect((await ask(path, token)).verdict).toMatchObject({ complete: false, reasons: [{ code }] })
  })
})

describe('a server that asks for more', () => {
  it.for<[string, object, boolean]>([
    ['required_labels and a selector that has them', { selector: '{env="prod"}' }, true],
    ['required_labels and the widest selector', {}, false],
  ])('%s', async ([, options, complete]) => {
    const double = await loki({ requiredLabel: 'env' })
    double.push({ env: 'prod' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
    const { verdict } = await collect(double, { from: '1h' }, options)
    expect(verdict.complete).toBe(complete)
    if (!complete) expect(verdict.reasons[0]?.message).toMatch(/missing required matchers \[env\].*selector/)
  })

  it('several tenants are sent as they are given', async () => {
    const double = await loki({ auth: true })
    double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]], 'a|b')
    expect((await collect(double, { from: '1h' }, { tenant: 'a|b' })).verdict).toMatchObject({ complete: true, entries: 1 })
  })
})
