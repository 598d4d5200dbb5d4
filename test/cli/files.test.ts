import { stripVTControlCharacters } from 'node:util'
import { fromJson } from 'spanlog/logs'
import { fromJson as traceFromJson } from 'spanlog/traces'
import { afterAll, describe, expect, it } from 'vitest'
import { displayWidth } from '../../src/view/terminal/text.js'
import { otlp } from '../support/otlp.js'
import { span, t0, traceId } from '../view/draw.js'
import { Folder, spanlog } from './spanlog.js'

const folder = new Folder()
afterAll(() => folder.remove())

const other = 'c'.repeat(32)
const ms = Number(t0 / 1_000_000n)
const line = (name: string, at: number, level: number, spanId: string, msg: string, more = {}): object => ({
  level,
  time: ms + at,
  pid: 1,
  hostname: 'host',
  name,
  trace_id: traceId,
  span_id: spanId.padEnd(16, '0'),
  ...more,
  msg,
})

const gateway = folder.write('shop/gateway.log', [
  line('gateway', 1, 30, 'a', 'request received', { url: '/checkout' }),
  line('gateway', 600, 50, 'a', 'checkout failed \u001b[31m\u009b'),
  { ...line('gateway', 700, 30, 'a', `retry of ${traceId}`), trace_id: other },
])
const orders = folder.write('shop/orders.ndjson', [line('orders', 300, 30, 'b', 'order created', { orderId: 7 })])
const spans = folder.write('shop/spans.jsonl', [
  otlp(span('a', undefined, 'gateway/POST /checkout', 0, 600, { resource: { 'service.name': 'gateway' } })),
  otlp(
    span('b', 'a', 'orders/POST /orders', 200, 500, {
      resource: { 'service.name': 'orders' },
      status: { code: 'error', message: 'refused' },
    }),
  ),
])
const shop = `${folder.path}/shop`

const linesDrawn = `2026-11-21 UTC
04:00:00.001 gateway info  request received  url=/checkout
04:00:00.300 orders  info  order created  orderId=7
04:00:00.600 gateway ERROR checkout failed \\x1b[31m\\x9b
`
const traceDrawn = `${traceId}  600ms  2 spans  2 services  1 error  3 lines

gateway POST /checkout                ████████████████████████████████     600ms
│ info  request received  url=/checkout                                  +1.00ms
└ ✗ orders POST /orders                          ████████████████          300ms
    ✗ refused
    info  order created  orderId=7                                        +300ms
  ERROR checkout failed \\x1b[31m\\x9b                                      +600ms
`

/** Columns of the widest row. */
function widthOf(drawn: string): number {
  return Math.max(...stripVTControlCharacters(drawn).split('\n').map(displayWidth))
}

describe('spanlog logs --file', () => {
  it('prints the lines of all files by time, and the verdict on stderr', async () => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, '--file', shop])
    expect(stdout).toBe(linesDrawn)
    expect(stderr).toMatch(/^3 lines \(1 mention left out\), complete: .+\n$/)
    expect(code).toBe(0)
  })

  it('merges files that are named one by one, and reads standard input', async () => {
    const input = `${JSON.stringify(line('orders', 300, 30, 'b', 'order created', { orderId: 7 }))}\n`
    expect((await spanlog(['logs', traceId, '-f', orders, '-f', gateway])).stdout).toBe(linesDrawn)
    expect((await spanlog(['logs', traceId, '-f', '-', '-f', gateway], { input })).stdout).toBe(linesDrawn)
  })

  it('prints mentions if asked, and never takes spans for lines', async () => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, '--file', shop, '--mentions'])
    expect(stdout).toBe(`${linesDrawn}04:00:00.700 gateway info  (mention) retry of ${traceId}\n`)
    expect(stderr).toMatch(/^4 lines \(1 mention among them\), complete/)
    expect(code).toBe(0)
  })

  it('narrows by time', async () => {
    const { stdout } = await spanlog([
      'logs',
      traceId,
      '--file',
      shop,
      '--from',
      String(t0 + 2_000_000n),
      '--to',
      '2026-11-21T04:00:00.600Z',
    ])
    expect(stdout.split('\n').slice(1)).toEqual(['04:00:00.300 orders info  order created  orderId=7', ''])
  })

  it('prints with --json one entry a line, which the library reads, and the verdict as JSON', async () => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, '--file', shop, '--json'])
    const entries = stdout
      .trimEnd()
      .split('\n')
      .map((text) => fromJson(JSON.parse(text)))
    expect(entries.map(({ timeUnixNano, service, message }) => [timeUnixNano, service, message])).toEqual([
      [t0 + 1_000_000n, 'gateway', 'request received'],
      [t0 + 300_000_000n, 'orders', 'order created'],
      [t0 + 600_000_000n, 'gateway', 'checkout failed \u001b[31m\u009b'],
    ])
    expect(stdout).not.toContain('\u009b')
    expect(JSON.parse(stderr)).toMatchObject({ complete: true, entries: 3, mentions: 1, skipped: 0 })
    expect(code).toBe(0)
  })
})

describe('spanlog trace --file', () => {
  it('draws the spans with each line under its own', async () => {
    const { stdout, stderr, code } = await spanlog(['trace', traceId, '--file', shop])
    expect(stdout).toBe(traceDrawn)
    expect(stderr).toMatch(/^2 spans, 3 lines \(1 mention left out\), complete: .+\n$/)
    expect(code).toBe(0)
  })

  it('draws what there is: lines without spans, spans without lines', async () => {
    const lines = await spanlog(['trace', traceId, '--file', orders])
    expect(lines.stdout).toContain('0 spans  1 service  0 errors  1 line\n\n1 line and no span of the trace\n')
    expect(lines.code).toBe(0)
    const alone = await spanlog(['trace', traceId, '--file', spans])
    expect(alone.stdout).toContain('2 spans  2 services  1 error  0 lines')
    expect(alone.code).toBe(0)
  })

  it('prints with --json one document', async () => {
    const { stdout, code } = await spanlog(['trace', traceId, '--file', shop, '--json'])
    const { trace, entries, verdict } = JSON.parse(stdout)
    expect(traceFromJson(trace).spans.map(({ spanId, startUnixNano }) => [spanId, startUnixNano])).toEqual([
      ['a000000000000000', t0],
      ['b000000000000000', t0 + 200_000_000n],
    ])
    expect(entries.map((entry: unknown) => fromJson(entry).message)).toEqual([
      'request received',
      'order created',
      'checkout failed \u001b[31m\u009b',
    ])
    expect(verdict).toMatchObject({ complete: true, logs: { complete: true, entries: 3 }, trace: { complete: true, reasons: [] } })
    expect(code).toBe(0)
  })

  it('prints with --json a document for an unknown trace too', async () => {
    const { stdout, code } = await spanlog(['trace', other.replaceAll('c', 'd'), '--file', shop, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ trace: null, entries: [], verdict: { complete: true } })
    expect(code).toBe(1)
  })
})

describe('what is pasted', () => {
  it.each([
    ['an ID in upper case', traceId.toUpperCase()],
    ['a traceparent', `00-${traceId}-00f067aa0ba902b7-01`],
    ['a traceparent header', `traceparent: 00-${traceId}-00f067aa0ba902b7-01`],
    ['a JSON line', `{"level":30,"requestId":"${other}","trace_id":"${traceId}","msg":"x"}`],
    ['a logfmt line', `level=info traceID=${traceId} user=${other}`],
    ['a winston line', `[${traceId}:00f067aa0ba902b7] INFO started`],
    ["Jaeger's URL", `http://localhost:16686/trace/${traceId}?uiFind=00f067aa0ba902b7`],
    ["Grafana's URL", `https://grafana/explore?left=%7B%22queries%22:%5B%7B%22query%22:%22${traceId}%22%7D%5D%7D`],
    ['a URL escaped twice', `https://login/?next=%2522${traceId}%2522`],
  ])('may be %s', async (_name, pasted) => {
    expect((await spanlog(['logs', pasted, '-f', orders])).stdout).toContain('order created')
  })

  it('may come without quotes, in several arguments', async () => {
    expect((await spanlog(['logs', 'INFO', `trace_id=${traceId}`, 'started', '-f', orders])).stdout).toContain('order created')
  })

  it.each([
    ['no ID', 'checkout'],
    ['an ID of 31 digits', traceId.slice(1)],
    ['an ID of 33 digits', `${traceId}0`],
    ['zeros', '0'.repeat(32)],
    ['two IDs', `${traceId} ${other}`],
  ])('is refused with %s', async (_name, pasted) => {
    const { stdout, stderr, code } = await spanlog(['logs', pasted, '-f', orders])
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(/^spanlog: INVALID_TRACE_ID: Expected .+\n$/)
  })
})

describe('exit codes', () => {
  it.each(['logs', 'trace'])('%s: 1 where nothing is found, surely', async (command) => {
    const { stdout, stderr, code } = await spanlog([command, other.replaceAll('c', 'd'), '-f', shop])
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toMatch(/no lines, complete: /)
  })

  it.each(['logs', 'trace'])('%s: 3 where nothing is found and a file is missing', async (command) => {
    const { stdout, stderr, code } = await spanlog([command, traceId, '-f', `${folder.path}/missing\u001b[31m.log`])
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 })
    expect(stderr).toMatch(/no lines, INCOMPLETE: .*FILE_UNREADABLE: .*missing\\x1b\[31m\.log/)
  })

  it.each(['logs', 'trace'])('%s: 4 where something is found and a file is missing', async (command) => {
    const { stdout, stderr, code } = await spanlog([command, traceId, '-f', orders, '-f', `${folder.path}/missing.log`])
    expect(stdout).toContain('order created')
    expect(stderr).toMatch(/1 line, INCOMPLETE: .*FILE_UNREADABLE/)
    expect(code).toBe(4)
  })

  it.each([
    ['no command', [], 'Expected a command'],
    ['an unknown command', ['lags', traceId], 'got "lags"'],
    ['no trace ID', ['logs', '-f', shop], 'Expected a trace ID'],
    ['an unknown option', ['logs', traceId, '--flie', shop], "Unknown option '--flie'"],
    ['an option without its value', ['logs', traceId, '--file'], '--file'],
    ["another command's option", ['logs', traceId, '--tempo', 'http://localhost:3200'], "Unknown option '--tempo'"],
    ['no source', ['logs', traceId], 'no source'],
    ['a selector without a Loki', ['logs', traceId, '-f', shop, '--selector', '{app="x"}'], '--selector'],
    ['a malformed time', ['logs', traceId, '-f', shop, '--from', 'yesterday'], 'INVALID_TIME'],
    ['a malformed URL', ['logs', traceId, '--loki', 'localhost:3100'], 'INVALID_URL'],
    ['a malformed header', ['logs', traceId, '--loki', 'http://localhost:1', '-H', 'secret'], '--header'],
    ['a malformed time-out', ['logs', traceId, '--loki', 'http://localhost:1', '--timeout', '30'], 'a duration such as'],
  ])('2 for %s', async (_name, args, said) => {
    const { stdout, stderr, code } = await spanlog(args)
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(/^spanlog: INVALID_\w+: .+\n$/)
    expect(stderr).toContain(said)
    expect(stderr).not.toContain('secret')
  })

  it('shows the stack if asked', async () => {
    const { stderr } = await spanlog(['logs', 'x'], { env: { SPANLOG_DEBUG: '1' } })
    expect(stderr).toMatch(/^spanlog: SpanlogError: INVALID_TRACE_ID: .+\n {4}at /)
  })
})

describe('the terminal', () => {
  it('may go away: a closed pipe ends it quietly', async () => {
    const many = folder.write(
      'many.log',
      Array.from({ length: 20_000 }, (_, i) => line('api', i, 30, 'a', `line ${i}`)),
    )
    const ended = await spanlog(['logs', traceId, '-f', many], {
      during: (child) => child.stdout.once('data', () => child.stdout.destroy()),
    })
    expect(ended.stdout.length).toBeLessThan(1_000_000)
    expect(ended).toMatchObject({ stderr: '', code: 0 })
  })

  it.each([
    ['none where the output is no terminal', {}, [], false],
    ['on a terminal', { TTY: '1' }, [], true],
    ['none with --no-color', { TTY: '1' }, ['--no-color'], false],
    ['none with NO_COLOR', { TTY: '1', NO_COLOR: '1' }, [], false],
    ['none on a dumb terminal', { TTY: '1', TERM: 'dumb' }, [], false],
  ])('has colours: %s', async (_name, env: Record<string, string>, args, colored) => {
    const preload = folder.write('terminal.cjs', 'if (process.env.TTY) Object.assign(process.stdout, { isTTY: true, columns: 60 })')
    const { stdout } = await spanlog(['trace', traceId, '-f', shop, ...args], { env: { ...env, NODE_OPTIONS: `--require ${preload}` } })
    expect(stdout.includes('\u001b[')).toBe(colored)
    expect(widthOf(stdout)).toBe('TTY' in env ? 60 : 80)
  })

  it('is as wide as COLUMNS where the output is none', async () => {
    const { stdout } = await spanlog(['trace', traceId, '-f', shop], { env: { COLUMNS: '120' } })
    expect(widthOf(stdout)).toBe(120)
  })
})

describe('help', () => {
  const options = ['--file', '--loki', '--tenant', '--header', '--selector', '--from', '--to', '--mentions', '--json', '--no-color']

  it.each([
    ['spanlog', [], [...options, '--tempo', 'spanlog logs', 'spanlog trace']],
    ['spanlog logs', ['logs'], [...options, 'spanlog logs']],
    ['spanlog trace', ['trace'], [...options, '--tempo', 'spanlog trace']],
  ])('of %s names every option, exit code and variable, in 80 columns', async (_name, command, named) => {
    const { stdout, stderr, code } = await spanlog([...command, '--help'])
    const more = ['--timeout', '--help', '--version', 'LOKI_ADDR', 'TEMPO_URL', 'LOKI_BEARER_TOKEN', 'NO_COLOR', 'SPANLOG_DEBUG']
    for (const text of [...named, ...more]) expect(stdout).toContain(text)
    for (const exit of [0, 1, 2, 3, 4, 70, 130]) expect(stdout).toMatch(new RegExp(`^  ${exit} +\\w`, 'm'))
    expect(stdout.split('\n').filter((row) => row.length > 80)).toEqual([])
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  })

  it('of the version is that of the package, and loads no source', async () => {
    const preload = folder.write('loaded.cjs', "process.on('exit', () => console.error(Object.keys(require.cache).join('\\n')))")
    const { stdout, stderr } = await spanlog(['--version'], { env: { NODE_OPTIONS: `--require ${preload}` } })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(stderr).toContain('cli/main.js')
    expect(stderr).not.toMatch(/dist\/src\/(logs|traces|view)\/|opentelemetry/)
  })
})
