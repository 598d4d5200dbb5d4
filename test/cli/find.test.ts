import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refuse } from '../support/faults.js'
import { type LokiDouble, startLokiDouble } from '../support/loki-double/server.js'
import { otlp, randomId, span } from '../support/otlp.js'
import { startTempoDouble, type TempoDouble } from '../support/tempo-double/server.js'
import { Folder, spanlog } from './spanlog.js'

/** Four minutes ago, on a whole second. */
const start = BigInt(Math.floor(Date.now() / 1000) - 240) * 1_000_000_000n
const at = (ms: number): bigint => start + BigInt(ms) * 1_000_000n
const [refused, slow, fine] = [randomId(16), randomId(16), randomId(16)]
const folder = new Folder()
const line = (traceId: string, ms: number, service: string, level: number, msg: string): string =>
  JSON.stringify({ level, time: Number(at(ms) / 1_000_000n), service, trace_id: traceId, msg })
const rowOf = (ms: number): string => new Date(Number(at(ms) / 1_000_000n)).toISOString().slice(11, 23)

const lines: [traceId: string, ms: number, service: string, level: number, msg: string][] = [
  [refused, 0, 'gateway', 30, 'order received'],
  [refused, 20, 'payments', 50, 'card refused'],
  [refused, 30, 'orders', 50, 'payment refused'],
  [refused, 40, 'gateway', 50, 'order failed'],
  [fine, 60_000, 'gateway', 30, 'order received'],
  [fine, 60_050, 'orders', 40, 'refused to wait'],
  [slow, 120_000, 'gateway', 30, 'order received'],
]
const trace = (traceId: string, ms: number, durationMs: number, error?: string) => {
  const root = span(traceId, {
    service: 'gateway',
    name: 'POST /orders',
    kind: 'server',
    startUnixNano: at(ms),
    endUnixNano: at(ms + durationMs),
  })
  const child = span(traceId, {
    service: 'payments',
    name: 'charge card',
    parentSpanId: root.spanId,
    startUnixNano: at(ms + 1),
    endUnixNano: at(ms + durationMs - 1),
    attributes: { 'order.size': 7 },
    ...(error !== undefined && { status: { code: 'error' as const, message: error } }),
  })
  return otlp(root, child)
}
const traces = [trace(refused, 0, 50, 'card refused by the bank'), trace(fine, 60_000, 100), trace(slow, 120_000, 2500)]

const logFile = folder.write('lines/shop.log', lines.map((given) => `${line(...given)}\n`).join(''))
const shop = folder.path
folder.write('spans/shop.jsonl', traces)

let loki: LokiDouble
let tempo: TempoDouble
beforeAll(async () => {
  loki = await startLokiDouble()
  tempo = await startTempoDouble()
  for (const [traceId, ms, service, level, msg] of lines) loki.push({ service }, [[at(ms), line(traceId, ms, service, level, msg)]])
  for (const each of traces) tempo.push(each)
})
afterAll(async () => {
  folder.remove()
  await loki.close()
  await tempo.close()
})

/** The IDs in the order in which they were found, by the names of this file. */
function foundIn(stdout: string): string[] {
  const names = new Map([
    [refused, 'refused'],
    [slow, 'slow'],
    [fine, 'fine'],
  ])
  return [...stdout.matchAll(/[0-9a-f]{32}/g)].map(([id]) => names.get(id) ?? id)
}

describe.each([
  ['files', () => [shop]],
  ['stores', () => ['--loki', loki.url, '--tempo', tempo.url, '--since', '1h']],
])('spanlog find over %s', (_name, places) => {
  it.each<[string, string[], string[]]>([
    ['a level', ['--level', 'error'], ['refused']],
    ['a level that several have', ['--level', 'warn'], ['fine', 'refused']],
    ['a service and a text', ['--service', 'orders', '--grep', 'refused'], ['fine', 'refused']],
    ['all of these', ['--level', 'error', '--service', 'orders', '--grep', 'refused'], ['refused']],
    ['a pattern', ['--grep', '/card|wait/'], ['fine', 'refused']],
    ['spans that failed', ['--errors'], ['refused']],
    ['spans that took long', ['--slower', '2s'], ['slow']],
    ['an operation', ['--operation', 'charge card'], ['slow', 'fine', 'refused']],
    ['an attribute', ['--attribute', 'order.size=7', '--slower', '90ms'], ['slow', 'fine']],
    ['a service, of lines or spans', ['--service', 'payments'], ['slow', 'fine', 'refused']],
    ['lines and spans at once', ['--grep', 'order received', '--slower', '90ms'], ['slow', 'fine']],
    ['lines and spans of which none fits both', ['--level', 'error', '--slower', '2s'], []],
    ['nothing at all: every trace', [], ['slow', 'fine', 'refused']],
  ])('finds by %s, newest first', async (_by, flags, wanted) => {
    const { stdout, stderr, code } = await spanlog(['find', ...flags, ...places()])
    expect(foundIn(stdout)).toEqual(wanted)
    expect(stderr).toMatch(wanted.length === 0 ? /^no traces, complete/ : new RegExp(`^${wanted.length} traces?, complete`))
    expect(code).toBe(wanted.length === 0 ? 1 : 0)
  })

  it('shows when it was, counts, services and the first error, by lines', async () => {
    const { stdout } = await spanlog(['find', '--level', 'error', ...places()])
    expect(stdout.split('\n').slice(1)).toEqual([
      `${rowOf(20)}  ${refused}  3 lines (3 errors)`,
      '              payments, orders, gateway',
      '              payments: card refused',
      '',
    ])
  })

  it('shows the same by spans, with the root and how long it took', async () => {
    const { stdout } = await spanlog(['find', '--errors', ...places()])
    expect(stdout.split('\n').slice(1)).toEqual([
      `${rowOf(0)}  ${refused}  50.0ms  2 spans (1 error)`,
      '              POST /orders in gateway, payments',
      '              payments: card refused by the bank',
      '',
    ])
  })

  it('says that the answer was cut', async () => {
    const { stdout, stderr, code } = await spanlog(['find', '--limit', '2', ...places()])
    expect(foundIn(stdout)).toEqual(['slow', 'fine'])
    expect(stderr).toMatch(/^2 traces, INCOMPLETE: .*LIMIT_REACHED: these are the newest 2 of 3 traces found: --limit shows more/)
    expect(code).toBe(4)
    const spans = await spanlog(['find', '--operation', 'charge card', '--limit', '2', ...places()])
    expect(spans.stderr).toMatch(/^2 traces, INCOMPLETE: LIMIT_REACHED: /)
  })
})

describe('spanlog find', () => {
  it('asks a store for its own language', async () => {
    const { stdout } = await spanlog(['find', '--tempo', tempo.url, '--traceql', '{ duration >= 2000000000ns }'])
    expect(foundIn(stdout)).toEqual(['slow'])
  })

  it('says of the first error how it ended', async () => {
    const edge = {
      level: 50,
      time: 1795239362000,
      service: 'orders',
      trace_id: refused,
      method: 'POST',
      status: 503,
      msg: 'request completed',
    }
    const { stdout } = await spanlog(['find', '--level', 'error', '-'], { input: `${JSON.stringify(edge)}\n` })
    expect(stdout).toContain(' orders: request completed  status=503\n')
  })

  it('prints IDs for another command, which reads them', async () => {
    const { stdout } = await spanlog(['find', '--level', 'error', '--ids', logFile])
    expect(stdout).toBe(`${refused}\n`)
    expect((await spanlog(['logs', stdout, logFile])).stderr).toMatch(/^4 lines, complete/)
  })

  it('prints --json, --logfmt and --csv', async () => {
    const json = await spanlog(['find', '--errors', '--level', 'error', '--json', '--stats', shop])
    expect(JSON.parse(json.stdout)).toEqual({
      traceId: refused,
      startUnixNano: String(at(0)),
      durationMs: 50,
      root: { service: 'gateway', name: 'POST /orders' },
      spans: { count: 2, errors: 1 },
      lines: { count: 3, errors: 3 },
      services: ['gateway', 'payments', 'orders'],
      firstError: { timeUnixNano: String(at(20)), service: 'payments', message: 'card refused' },
    })
    expect(JSON.parse(json.stderr)).toMatchObject({ traces: 1, complete: true, stats: { requests: 0 } })
    const csv = (await spanlog(['find', '--level', 'error', '--csv', logFile])).stdout.split('\r\n')
    expect(csv[0]).toBe('time,trace_id,duration_ms,spans,span_errors,lines,line_errors,services,root,first_error')
    expect(csv[1]).toMatch(new RegExp(`^[^,]+Z,${refused},,,,3,3,payments orders gateway,,card refused$`))
    const logfmt = (await spanlog(['find', '--level', 'error', '--logfmt', logFile])).stdout
    expect(logfmt).toMatch(
      new RegExp(`^time=\\S+ trace_id=${refused} lines=3 line_errors=3 services="payments orders gateway" first_error="card refused"\n$`),
    )
  })

  it('reads a pipe for lines and spans alike', async () => {
    const input = `${lines.map((given) => line(...given)).join('\n')}\n${traces.map((each) => JSON.stringify(each)).join('\n')}\n`
    const { stdout } = await spanlog(['find', '--errors', '--level', 'error', '-'], { input })
    expect(foundIn(stdout)).toEqual(['refused'])
  })

  it('says what a store that fails has cost the answer', async () => {
    tempo.inject(refuse(400, 'no such field'), { times: 1 })
    const { stderr, code } = await spanlog(['find', '--service', 'gateway', '--tempo', tempo.url, logFile])
    expect(stderr).toMatch(/^3 traces, INCOMPLETE: TEMPO_REFUSED: /)
    expect(code).toBe(4)
  })

  it('drives no terminal', async () => {
    const evil = folder.write('evil/evil.log', `${line(refused, 0, '\u001b]0;x\u0007', 50, 'a\u001b[2J\u009b1m\u202eb\rc')}\n`)
    for (const format of [[], ['--json'], ['--logfmt'], ['--csv']]) {
      const { stdout } = await spanlog(['find', evil, ...format])
      expect(stdout).toContain(refused)
      expect(stdout.replaceAll(/\r?\n/g, '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }
  })

  it.each([
    ['an ID among the words', [refused], 'FILE_UNREADABLE'],
    ['a limit of none', ['--limit', '0', shop], '--limit'],
    ['an attribute without a value', ['--attribute', 'key', shop], '--attribute'],
    ['a duration without a unit', ['--slower', '2', shop], '--slower'],
    ['a level of nobody', ['--level', 'loud', shop], '--level'],
    ['two languages', ['--traceql', '{}', '--errors', '--tempo', 'http://127.0.0.1:9'], '--traceql or --errors'],
    ['lines of a store of spans', ['--level', 'error', '--tempo', 'http://127.0.0.1:9'], 'for the lines'],
    ['spans of a store of lines', ['--errors', '--loki', 'http://127.0.0.1:9'], 'for the spans'],
    ['nowhere to look', ['--errors'], 'no source'],
  ])('refuses %s by name', async (_name, args, said) => {
    const { stdout, stderr, code } = await spanlog(['find', ...args])
    expect(stdout).toBe('')
    expect(stderr).toContain(said)
    expect(code).toBe(said === 'FILE_UNREADABLE' ? 3 : 2)
  })
})
