import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { fromJson } from 'spanlog/logs'
import { fromJson as traceFromJson } from 'spanlog/traces'
import { afterAll, describe, expect, it } from 'vitest'
import type { Command } from '../../src/cli/command.js'
import { type CommandName, commands } from '../../src/cli/commands.js'
import { parseCommandLine } from '../../src/cli/parse.js'
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
/** Columns of the widest row. */
function widthOf(drawn: string): number {
  return Math.max(...stripVTControlCharacters(drawn).split('\n').map(displayWidth))
}

describe('spanlog logs --file', () => {
  it('prints the lines of all files by time, and the verdict on stderr', async () => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, '--file', shop], { program: true })
    expect(stdout).toBe(linesDrawn)
    expect(stderr).toBe('3 lines (1 line mentions the ID: --mentions shows it), complete (3 files read to their ends)\n')
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

describe('files among the words', () => {
  it.each([
    ['behind the ID', [traceId, gateway, orders]],
    ['behind -f, as the shell fills it in, before the ID', ['-f', gateway, orders, traceId]],
    ['behind -f, as the shell fills it in, behind the ID', [traceId, '-f', gateway, orders]],
    ['a folder', [traceId, shop]],
  ])('are read: %s', async (_name, args) => {
    const { stdout, code } = await spanlog(['logs', ...args])
    expect({ stdout, code }).toEqual({ stdout: linesDrawn, code: 0 })
  })

  it('may be standard input', async () => {
    const input = `${JSON.stringify(line('orders', 300, 30, 'b', 'order created', { orderId: 7 }))}\n`
    expect((await spanlog(['logs', traceId, gateway, '-'], { input })).stdout).toBe(linesDrawn)
  })

  it.each([
    ['a file that does not exist', [traceId, orders, `${folder.path}/*.lag`], '/*.lag"'],
    ['the rest of a text', ['INFO', `trace_id=${traceId}`, 'started', '-f', orders], '"started"'],
    ['another ID', [traceId, other, '-f', orders], `"${other}"`],
  ])('are refused by name where there is none: %s', async (_name, args, named) => {
    const { stdout, stderr, code } = await spanlog(['logs', ...args])
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(/^spanlog: INVALID_OPTION: Expected a file or folder behind the trace ID, got ".+\n$/)
    expect(stderr).toContain(named)
  })
})

describe('the verdict', () => {
  it('says what a proof holds for with --verbose only, or with --json', async () => {
    for (const flag of ['--verbose', '-v']) {
      const { stderr } = await spanlog(['logs', traceId, orders, flag])
      expect(stderr).toMatch(/^1 line, complete: 1 file \(.+orders\.ndjson\), each to the end .+ 32 hex digits .+\n$/)
    }
    expect(JSON.parse((await spanlog(['logs', traceId, orders, '--json'])).stderr).reasons[0].message).toContain('32 hex digits')
  })

  it('points to lines that only mention the ID, above all where there are no others', async () => {
    const only = folder.write('mentions.log', [{ msg: `retry of ${traceId}` }, { msg: `end of ${traceId}` }])
    const { stdout, stderr, code } = await spanlog(['logs', traceId, only])
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toBe('no lines (2 lines mention the ID: --mentions shows them), complete (1 file read to its end)\n')
  })

  it('names the window', async () => {
    const { stderr } = await spanlog(['logs', traceId, orders, '--from', String(t0), '--to', String(t0 + 1_500_000_000n)])
    expect(stderr).toBe('1 line, complete (1 file read to its end from 2026-11-21T04:00:00Z to 2026-11-21T04:00:01.5Z)\n')
  })

  it('shows three doubts, and all with --verbose', async () => {
    const missing = [1, 2, 3, 4, 5].flatMap((n) => ['-f', `${folder.path}/missing-${n}.log`])
    const { stderr } = await spanlog(['logs', traceId, ...missing])
    expect(stderr.match(/missing-\d\.log could/g)).toHaveLength(3)
    expect(stderr).toMatch(/; and 2 more: --verbose shows them\n$/)
    expect((await spanlog(['logs', traceId, '-v', ...missing])).stderr.match(/missing-\d\.log could/g)).toHaveLength(5)
  })
})

describe('output that is no terminal', () => {
  const service = 'a-service-with-a-name-of-forty-characters'
  const stack = `Error: no card\n${Array.from({ length: 30 }, (_, i) => `    at ${'deep/'.repeat(30)}frame-${i}.js:1:1`).join('\n')}`
  const long = folder.write('long.log', [
    line(service, 1, 50, 'a', `${'word '.repeat(1000)}end`, { last: 'field', err: { type: 'Error', message: 'no card', stack } }),
  ])

  it('has each line whole on one row, and every frame of its error below', async () => {
    const rows = (await spanlog(['logs', traceId, long])).stdout.trimEnd().split('\n').slice(1)
    expect(rows[0]).toMatch(new RegExp(`^04:00:00\\.001 ${service} ERROR (word ){1000}end  err="Error: no card" last=field$`))
    expect(rows.slice(1).map((row) => row.trim())).toEqual(
      stack
        .split('\n')
        .slice(1)
        .map((row) => row.trim()),
    )
  })

  it('wraps where COLUMNS says how wide it is', async () => {
    const { stdout } = await spanlog(['logs', traceId, long], { env: { COLUMNS: '100' } })
    expect(widthOf(stdout)).toBeLessThanOrEqual(100)
    expect(stdout).toContain('… 10 more frames')
  })
})

describe('spanlog trace --file', () => {
  const run = promisify(execFile)
  const temporary = folder.write('tmp/kept', '').replace(/kept$/, '')
  const program = `"${process.execPath}" "${path.resolve(import.meta.dirname, '../../dist/src/cli/main.js')}" trace ${traceId}`

  it.each([
    ['standard input', `cat "${shop}"/* | ${program} -f -`],
    ['standard input behind the ID', `cat "${shop}"/* | ${program} -`],
    ['a pipe', `${program} -f <(cat "${shop}"/*)`],
    ['several pipes, compressed, and a file', `${program} -f <(gzip -c "${gateway}") -f <(gzip -c "${spans}") -f "${orders}"`],
  ])('takes spans and lines from %s, and leaves no copy', async (_name, command) => {
    const { stdout } = await run('bash', ['-c', command], { env: { PATH: process.env['PATH'], TMPDIR: temporary } })
    expect(stdout).toBe((await spanlog(['trace', traceId, '-f', shop])).stdout)
    expect(stdout).toContain('checkout failed')
    expect(readdirSync(temporary)).toEqual(['kept'])
  })

  it('ends with Ctrl-C while it waits for a pipe, and leaves no copy', async () => {
    const { stderr, code } = await spanlog(['trace', traceId, '-f', orders, '-f', '-'], {
      input: null,
      env: { TMPDIR: temporary },
      during: (child) => {
        const timer = setInterval(() => {
          if (readdirSync(temporary).length === 1) return
          clearInterval(timer)
          child.kill('SIGINT')
        }, 20)
      },
    })
    expect(stderr).toMatch(/INCOMPLETE: ABORTED: interrupted before the end\n$/)
    expect(code).toBe(130)
    expect(readdirSync(temporary)).toEqual(['kept'])
  })

  it('says so where a pipe cannot be copied', async () => {
    const { stdout, stderr, code } = await spanlog(['trace', traceId, '-f', '-'], { env: { TMPDIR: `${folder.path}/none` } })
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 })
    expect(stderr).toMatch(/^spanlog: FILE_UNREADABLE: .+; save it to a file, and give that\.\n$/)
  })

  it('draws the spans with each line under its own', async () => {
    const { stdout, stderr, code } = await spanlog(['trace', traceId, '--file', shop])
    expect(stdout).toMatch(
      /gateway POST \/checkout[^]+request received[^]+orders POST \/orders[^]+order created[^]+checkout failed \\x1b\[31m\\x9b/,
    )
    expect(stderr).toBe('2 spans, 3 lines (1 line mentions the ID: --mentions shows it), complete (3 files read to their ends)\n')
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
    expect((await spanlog(['logs', 'INFO', `trace_id=${traceId}`, '-f', orders])).stdout).toContain('order created')
  })

  const dashed = `${traceId.slice(0, 8)}-${traceId.slice(8, 12)}-${traceId.slice(12, 16)}-${traceId.slice(16, 20)}-${traceId.slice(20)}`
  const xRay = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`
  const requestId = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'
  it.each([
    ['an ID of X-Ray', xRay],
    ["X-Ray's header", `X-Amzn-Trace-Id: Root=${xRay};Parent=53995c3f42cd8ad8;Sampled=1`],
    ['an ID with dashes', dashed.toUpperCase()],
    ['a named ID with dashes, beside another UUID', `{"requestId":"${requestId}","traceId":"${dashed}"}`],
    ['32 digits beside a UUID', `${traceId} requestId=${requestId}`],
  ])('may be %s', async (_name, pasted) => {
    expect((await spanlog(['logs', pasted, '-f', orders])).stdout).toContain('order created')
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
    const { stdout, stderr, code } = await spanlog([command, other.replaceAll('c', 'd'), '-f', shop], { program: true })
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toMatch(/no lines, complete \(3 files read to their ends\)\n$/)
  })

  it.each(['logs', 'trace'])('%s: 3 where nothing is found and a file is missing', async (command) => {
    const { stdout, stderr, code } = await spanlog([command, traceId, '-f', `${folder.path}/missing\u001b[31m.log`], { program: true })
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 })
    expect(stderr).toMatch(/no lines, INCOMPLETE: .*FILE_UNREADABLE: .*missing\\x1b\[31m\.log/)
  })

  it.each(['logs', 'trace'])('%s: 4 where something is found and a file is missing', async (command) => {
    const { stdout, stderr, code } = await spanlog([command, traceId, '-f', orders, '-f', `${folder.path}/missing.log`], { program: true })
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
    ["another command's option", ['logs', traceId, '--errors'], "Unknown option '--errors'"],
    ['spans only', ['logs', traceId, '--tempo', 'http://localhost:3200'], 'give --file, --loki or --victorialogs'],
    ['both names of the start', ['logs', traceId, '-f', shop, '--from', '1h', '--since', '1h'], '--since'],
    ['a malformed size', ['logs', traceId, '-f', shop, '--max-bytes', '1'], 'a size such as'],
    ['no source', ['logs', traceId], 'no source'],
    ['names of metadata without a Loki', ['logs', traceId, '-f', shop, '--metadata-names', 'trace_id'], '--metadata-names'],
    ['a selector of VictoriaLogs without one', ['logs', traceId, '-f', shop, '--victorialogs-selector', '*'], '--victorialogs-selector'],
    [
      'another way to look for the ID in VictoriaLogs',
      ['logs', traceId, '--victorialogs', 'http://localhost:1', '--victorialogs-text', 'fuzzy'],
      'word or anywhere',
    ],
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

  it('are those of the process where the usage is wrong, too', async () => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, '--flie', shop], { program: true })
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(/^spanlog: INVALID_OPTION: .+\n$/)
  })

  it('shows the stack if asked', async () => {
    const { stderr } = await spanlog(['logs', 'x'], { env: { SPANLOG_DEBUG: '1' } })
    expect(stderr).toMatch(/^spanlog: SpanlogError: INVALID_TRACE_ID: .+\n {4}at /)
  })
})

describe('the terminal', () => {
  const preload = folder.write('terminal.cjs', 'if (process.env.TTY) Object.assign(process.stdout, { isTTY: true, columns: 60 })')

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

  it.each(['logs', 'trace'])('may be a file on a full disk: %s says so', (command) => {
    const full = openSync('/dev/full', 'w')
    const main = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js')
    const { stderr, status } = spawnSync(process.execPath, [main, command, traceId, '-f', shop], { stdio: ['ignore', full, 'pipe'] })
    closeSync(full)
    expect(String(stderr)).toMatch(
      /^spanlog: OUTPUT_UNWRITABLE: standard output could not be written: ENOSPC: .+; free space there, or write it elsewhere\.$/m,
    )
    expect(status).toBe(3)
  })

  it('ends with Ctrl-C while it waits for a pipe that nobody writes to', async () => {
    const fifo = path.join(folder.path, 'fifo')
    execFileSync('mkfifo', [fifo])
    const ended = await spanlog(['logs', traceId, '-f', shop, '-f', fifo, '--follow'], {
      during: (child) => child.stdout.once('data', () => child.kill('SIGINT')),
    })
    expect(ended.code).toBe(130)
  })

  it.each([
    ['none where the output is no terminal', {}, [], false],
    ['on a terminal', { TTY: '1' }, [], true],
    ['none with --no-color', { TTY: '1' }, ['--no-color'], false],
    ['none with NO_COLOR', { TTY: '1', NO_COLOR: '1' }, [], false],
    ['none on a dumb terminal', { TTY: '1', TERM: 'dumb' }, [], false],
  ])('has colours: %s', async (_name, env: Record<string, string>, args, colored) => {
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
  const sources = [
    '--file',
    '--config',
    '--loki',
    '--victorialogs',
    '--tempo',
    '--jaeger',
    '--zipkin',
    '--tenant',
    '--header',
    '--timeout',
    '--selector',
    '--metadata-names',
    '--victorialogs-selector',
    '--victorialogs-text',
  ]
  const shared = [
    ...sources,
    '--from',
    '--since',
    '--to',
    '--max-bytes',
    '--yes',
    '--verbose',
    '--json',
    '--no-color',
    '--help',
    '--version',
  ]

  it.each([
    [
      'logs',
      [...shared, '--follow', '--level', '--service', '--grep', '--context', '--mentions', '--logfmt', '--csv', '--stats', '--grafana'],
    ],
    ['trace', [...shared, '--mentions']],
    [
      'find',
      [...shared, '--level', '--service', '--grep', '--errors', '--slower', '--operation', '--attribute', '--traceql', '--limit', '--ids'],
    ],
  ])('of %s names every option, exit code and variable, in 80 columns', async (command, named) => {
    const { stdout, stderr, code } = await spanlog([command, '--help'])
    for (const text of [`Usage: spanlog ${command} `, ...named]) expect(stdout).toContain(text)
    for (const text of ['LOKI_ADDR', 'TEMPO_URL', 'LOKI_BEARER_TOKEN', 'NO_COLOR', 'SPANLOG_DEBUG', 'spanlog.json'])
      expect(stdout).toContain(text)
    for (const exit of [0, 1, 2, 3, 4, 70, 130]) expect(stdout).toMatch(new RegExp(`^  ${exit} +\\w`, 'm'))
    expect(stdout.split('\n').filter((row) => row.length > 80)).toEqual([])
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  })

  it('without a command lists each, and what it does', async () => {
    const { stdout, code } = await spanlog(['--help'])
    for (const name of ['find', 'logs', 'trace', 'completion']) expect(stdout).toMatch(new RegExp(`^  spanlog ${name} +\\w`, 'm'))
    expect(stdout.split('\n').filter((row) => row.length > 80)).toEqual([])
    expect(code).toBe(0)
  })

  it.each(Object.keys(commands) as CommandName[])('of %s opens with examples that it understands', async (name) => {
    const command: Command = await commands[name].load()
    expect(command.examples.length).toBeGreaterThan(0)
    for (const example of command.examples) {
      const [own = ''] = example
        .replace(/^.*?spanlog /, '')
        .replaceAll(/<([\w-]+)>/g, '$1')
        .split(/[|)#>]/)
      const [first, ...rest] = own.match(/'[^']*'|\S+/g) ?? []
      expect(first).toBe(name)
      expect(() => parseCommandLine(name, command.flags, rest)).not.toThrow()
    }
    const { stdout } = await spanlog([name, '--help'])
    expect(stdout).toContain(`\nExamples:\n  ${command.examples[0]}\n`)
    expect(
      stdout
        .split('\n')
        .slice(1)
        .filter((row) => row.length > 80),
    ).toEqual([])
  })

  it.each([
    ['an option', ['logs', '--sicne', '1h'], "Unknown option '--sicne'; did you mean --since? see spanlog logs --help"],
    ['a command', ['trce', 'x'], 'got "trce"; did you mean trace? see spanlog --help'],
    ['nothing near', ['frobnicate'], 'got "frobnicate"; see spanlog --help'],
  ])('names what was meant by %s', async (_, args, text) => {
    const { stderr, code } = await spanlog(args)
    expect(stderr).toContain(text)
    expect(code).toBe(2)
  })

  it('of the version is that of the package, and loads no source', async () => {
    const preload = folder.write('loaded.cjs', "process.on('exit', () => console.error(Object.keys(require.cache).join('\\n')))")
    const { stdout, stderr } = await spanlog(['--version'], { env: { NODE_OPTIONS: `--require ${preload}` } })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(stderr).toContain('cli/main.js')
    expect(stderr).not.toMatch(/dist\/src\/(logs|traces|view)\/|opentelemetry/)
  })
})
