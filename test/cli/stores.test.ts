import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hang, refuse } from '../support/faults.js'
import { type LokiDouble, startLokiDouble } from '../support/loki-double/server.js'
import { otlp, randomId, span } from '../support/otlp.js'
import { startTempoDouble, type TempoDouble } from '../support/tempo-double/server.js'
import { Folder, spanlog } from './spanlog.js'

const traceId = randomId(16)
const spanId = randomId(8)
/** A minute ago, on a whole second. */
const start = BigInt(Math.floor(Date.now() / 1000) - 60) * 1_000_000_000n
const at = (ms: number): bigint => start + BigInt(ms) * 1_000_000n
const nowhere = 'http://127.0.0.1:9'

const folder = new Folder()
let loki: LokiDouble
let tempo: TempoDouble

beforeAll(async () => {
  loki = await startLokiDouble()
  tempo = await startTempoDouble()
  loki.push({ service: 'orders' }, [
    [at(10), JSON.stringify({ level: 30, trace_id: traceId, span_id: spanId, msg: 'first, in Loki' })],
    [at(30), 'third, in Loki', { trace_id: traceId, span_id: spanId }],
  ])
  tempo.push(otlp(span(traceId, { spanId, service: 'orders', name: 'POST /orders', startUnixNano: at(0), endUnixNano: at(50) })))
  folder.write('worker.log', [{ level: 30, time: Number(at(20) / 1_000_000n), trace_id: traceId, msg: 'second, in a file' }])
})
afterAll(async () => {
  folder.remove()
  await loki.close()
  await tempo.close()
})

function orderOf(text: string): string[] {
  return text.match(/(first|second|third), in (Loki|a file)/g) ?? []
}

describe('stores', () => {
  it('are merged with files by time', async () => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, '--loki', loki.url, '--file', folder.path])
    expect(orderOf(stdout)).toEqual(['first, in Loki', 'second, in a file', 'third, in Loki'])
    expect(stderr).toMatch(/^3 lines, complete \(1 file read to its end from \S+Z to \S+Z\)\n$/)
    expect(code).toBe(0)
  })

  it.each<[string, (line: string, other: string) => { lokiHolds: [bigint, string][]; fileHolds: string[] }, string[]]>([
    [
      'a line that a file and a store both hold',
      (line, other) => ({ lokiHolds: [[at(40), line]], fileHolds: [line, other] }),
      ['a line', 'another'],
    ],
    ['a line of the same text at another time', (line) => ({ lokiHolds: [[at(41), line]], fileHolds: [line] }), ['a line', 'a line']],
    [
      'a line that was written three times, of which the store has kept one',
      (line) => ({ lokiHolds: [[at(40), line]], fileHolds: [line, line, line] }),
      ['a line', 'a line', 'a line'],
    ],
  ])('and files give %s as often as it was written', async (name, make, wanted) => {
    const id = randomId(16)
    const lineOf = (msg: string): string => JSON.stringify({ level: 30, time: Number(at(40) / 1_000_000n), trace_id: id, msg })
    const { lokiHolds, fileHolds } = make(lineOf('a line'), lineOf('another'))
    loki.push({ service: 'orders' }, lokiHolds)
    const file = folder.write(`copies/${name.replaceAll(' ', '-')}.log`, `${fileHolds.join('\n')}\n`)
    const lines = await spanlog(['logs', id, '--file', file, '--loki', loki.url])
    expect(lines.stdout.match(/a line|another/g)).toEqual(wanted)
    expect(lines.stderr).toMatch(new RegExp(`^${wanted.length} lines, complete \\(`))
    const { entries, verdict } = JSON.parse((await spanlog(['trace', id, '--file', file, '--loki', loki.url, '--json'])).stdout)
    expect([entries.length, verdict.logs.entries]).toEqual([wanted.length, wanted.length])
  })

  it('and files count a mention that both hold once', async () => {
    const id = randomId(16)
    const line = JSON.stringify({ level: 30, time: Number(at(40) / 1_000_000n), msg: `after ${id}` })
    loki.push({ service: 'orders' }, [[at(40), line]])
    const file = folder.write('copies/mention.log', `${line}\n`)
    const { stderr } = await spanlog(['logs', id, '--mentions', '--file', file, '--loki', loki.url])
    expect(stderr).toMatch(/^1 line \(1 mention among them\), complete \(/)
  })

  it('give lines and spans to one picture', async () => {
    const { stdout, stderr, code } = await spanlog(['trace', traceId, '--loki', loki.url, '--tempo', tempo.url])
    expect(stdout).toContain('orders POST /orders')
    expect(orderOf(stdout)).toEqual(['first, in Loki', 'third, in Loki'])
    expect(stderr).toMatch(/^1 span, 2 lines, complete \(from \S+Z to \S+Z\)\n$/)
    expect(code).toBe(0)
  })

  it.each<[string, object, [string, Record<string, string>], string, number]>([
    ['says that a store of spans may not have them yet', { trace_flags: '01' }, ['in Loki', { flags: '1' }], 'SPANS_UNKNOWN', 4],
    ['says so where lines do not tell whether the trace is sampled', {}, ['in Loki', {}], 'SPANS_UNKNOWN', 4],
    ['says so where one of the lines is of a sampled trace', { trace_flags: '02' }, ['in Loki', { flags: '3' }], 'SPANS_UNKNOWN', 4],
    ['is complete where lines say that the trace is not sampled', { trace_flags: '02' }, ['in Loki', { flags: '0' }], 'complete', 0],
    ['is complete without spans where another line mentions the ID', { trace_flags: '00' }, ['MENTION', {}], 'complete', 0],
  ])('with lines alone of a trace: %s', async (_, fields, [text, metadata], said, wanted) => {
    const id = randomId(16)
    const mention = text === 'MENTION'
    loki.push({ service: 'orders' }, [[at(30), mention ? `${text} of ${id}` : text, mention ? {} : { trace_id: id, ...metadata }]])
    const file = folder.write(`alone/${id}.log`, [
      { level: 30, time: Number(at(20) / 1_000_000n), trace_id: id, ...fields, msg: 'in a file' },
    ])
    const asked = ['trace', id, '--loki', loki.url, '--tempo', tempo.url, '--file', file]
    const { stderr, code } = await spanlog([...asked, '--mentions'])
    expect(stderr).toMatch(new RegExp(`^no spans, 2 lines.*${said}`))
    expect(code).toBe(wanted)
    const { verdict } = JSON.parse((await spanlog([...asked, '--json'])).stdout)
    expect(verdict).toMatchObject({ complete: wanted === 0, trace: { complete: wanted === 0 } })
    // A file has what was written to it.
    expect((await spanlog(['trace', id, '--file', file])).code).toBe(0)
  })

  it('give both sides of a call that share a span ID, as in Zipkin', async () => {
    const id = randomId(16)
    const side = (kind: 'client' | 'server', name: string, from: number) =>
      otlp(span(id, { spanId, kind, service: name, name, startUnixNano: at(from), endUnixNano: at(50) }))
    tempo.push(side('client', 'caller', 0))
    const file = folder.write('zipkin.jsonl', [side('server', 'called', 10), side('client', 'caller', 0)])
    const { stdout } = await spanlog(['trace', id, '--tempo', tempo.url, '--file', file, '--json'])
    expect(JSON.parse(stdout).trace.spans.map(({ service, kind }: Record<string, string>) => [service, kind])).toEqual([
      ['caller', 'client'],
      ['called', 'server'],
    ])
  })

  it('are found in the environment, under either name, unless the command line names a source', async () => {
    const env = { LOKI_ADDR: loki.url, TEMPO_URL: tempo.url }
    expect((await spanlog(['trace', traceId], { env })).stderr).toMatch(/^1 span, 2 lines, complete/)
    expect((await spanlog(['logs', traceId], { env: { LOKI_URL: loki.url, LOKI_ADDR: nowhere } })).code).toBe(0)
    expect((await spanlog(['logs', traceId, '--file', folder.path], { env: { LOKI_URL: nowhere } })).stderr).toMatch(/^1 line, complete/)
  })

  it('in the environment are not asked where a file stands behind the trace ID', async () => {
    const { stderr, code } = await spanlog(['logs', traceId, `${folder.path}/worker.log`], { env: { LOKI_URL: nowhere } })
    expect(stderr).toBe('1 line, complete (1 file read to its end)\n')
    expect(code).toBe(0)
  })

  it.each([
    ['localhost:3100', 'INVALID_URL: the URL for Loki has no scheme; give http://localhost:3100, or https://.'],
    ['loki', 'INVALID_URL: the URL for Loki has no scheme; give http://loki, or https://.'],
    ['me:secret@loki:3100', 'INVALID_URL: the URL for Loki has no scheme; put http:// or https:// before it.'],
  ])('without a scheme are refused with the URL that was meant: %s', async (url, said) => {
    const { stderr, code } = await spanlog(['logs', traceId], { env: { LOKI_URL: url } })
    expect({ stderr, code }).toEqual({ stderr: `spanlog: ${said}\n`, code: 2 })
  })

  it('get tenant, credentials and headers, from flags before the environment', async () => {
    const env = { LOKI_URL: loki.url, LOKI_ORG_ID: 'fake', LOKI_USERNAME: 'me', LOKI_PASSWORD: 'päss:word' }
    loki.seen.length = 0
    await spanlog(['logs', traceId, '-H', 'X-Team:  shop: two '], { env })
    const authorization = `Basic ${Buffer.from('me:päss:word').toString('base64')}`
    expect(loki.seen[0]?.headers).toMatchObject({ 'x-scope-orgid': 'fake', authorization, 'x-team': 'shop: two' })

    loki.seen.length = 0
    await spanlog(['logs', traceId, '--loki', loki.url, '--tenant', 'shop'], { env: { LOKI_ORG_ID: 'fake', LOKI_BEARER_TOKEN: 'token' } })
    expect(loki.seen[0]?.headers).toMatchObject({ 'x-scope-orgid': 'shop', authorization: 'Bearer token' })

    loki.seen.length = 0
    await spanlog(['logs', traceId, '--loki', loki.url.replace('//', '//me:p%40ss@')])
    expect(loki.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  })

  it('are asked with the selector and the window', async () => {
    loki.seen.length = 0
    const { stdout } = await spanlog([
      'logs',
      traceId,
      '--loki',
      loki.url,
      '--selector',
      '{service="orders"}',
      '--from',
      String(at(20)),
      '--to',
      '1s',
    ])
    expect(orderOf(stdout)).toEqual(['third, in Loki'])
    const queries = loki.seen.flatMap(({ query }) => query.get('query') ?? [])
    expect(queries.length).toBeGreaterThan(0)
    expect(queries.filter((query) => !query.includes('{service="orders"}'))).toEqual([])
  })

  it('that cannot be reached: 3 alone, 4 beside a source that has lines', async () => {
    const alone = await spanlog(['logs', traceId, '--loki', nowhere])
    expect(alone).toMatchObject({ stdout: '', code: 3 })
    expect(alone.stderr).toMatch(/^no lines, INCOMPLETE: LOKI_UNREACHABLE: /)
    const beside = await spanlog(['trace', traceId, '--tempo', nowhere, '--file', folder.path])
    expect(orderOf(beside.stdout)).toEqual(['second, in a file'])
    expect(beside.stderr).toMatch(/^no spans, 1 line, INCOMPLETE: TEMPO_UNREACHABLE: /)
    expect(beside.code).toBe(4)
  })

  it('that refuse say so', async () => {
    tempo.inject(refuse(401, 'no org id\u001b[31m'))
    const { stderr, code } = await spanlog(['trace', traceId, '--tempo', tempo.url])
    expect(stderr).toMatch(/^no spans, INCOMPLETE: TEMPO_UNAUTHORIZED: /)
    expect(stderr).not.toContain('\u001b')
    expect(code).toBe(3)
  })

  it('that hang end with --timeout', async () => {
    tempo.inject(hang, { times: 9 })
    const { stderr, code } = await spanlog(['trace', traceId, '--tempo', tempo.url, '--timeout', '200ms'])
    tempo.inject(hang, { times: 0 })
    expect(stderr).toMatch(/TEMPO_TIMEOUT/)
    expect(code).toBe(3)
  })

  it.each([
    ['logs', 'no lines'],
    ['trace', 'no spans, no lines'],
  ])('that hang end with Ctrl-C: %s says what it has, and exits with 130', async (command, what) => {
    const slow = await startLokiDouble()
    try {
      slow.inject(hang, { times: 9 })
      const tempoArgs = command === 'trace' ? ['--file', `${folder.path}/worker.log`] : []
      const { stderr, code } = await spanlog([command, randomId(16), '--loki', slow.url, ...tempoArgs], {
        during: (child) => {
          const timer = setInterval(() => {
            if (slow.seen.length === 0) return
            clearInterval(timer)
            child.kill('SIGINT')
          }, 20)
        },
      })
      expect(stderr).toMatch(new RegExp(`^${what}, INCOMPLETE: ABORTED: interrupted before the end\n$`))
      expect(code).toBe(130)
    } finally {
      await slow.close()
    }
  })
})
