import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { prettyFactory } from 'pino-pretty'
import { type FileLogsOptions, fileLogs, type LogEntry } from 'spanlog/logs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import winston from 'winston'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const OTHER = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const LOW = BigInt(`0x${TRACE.slice(16)}`).toString()
const SPAN_LOW = BigInt(`0x${SPAN}`).toString()
const XRAY = `1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`
const MS = Date.UTC(2026, 10, 21, 3, 44, 0, 123)
const NANO = BigInt(MS) * 1_000_000n
const SECOND = NANO - 123_000_000n

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (name: string): string => path.join(folder, name)

async function read(content: string | Buffer, options: Partial<FileLogsOptions> = {}) {
  writeFileSync(at('a.log'), content)
  const { entries, verdict } = await fileLogs({ paths: folder, ...options })
    .forTrace(TRACE)
    .collect()
  return { entries, verdict, messages: entries.map(({ message }) => message) }
}

/** One entry, whatever stands around it. */
async function readOne(line: string): Promise<LogEntry> {
  const { entries, verdict } = await read(`before\n${line}\nafter\n`)
  expect(verdict).toMatchObject({ complete: true, entries: 1, mentions: 0 })
  return entries[0] as LogEntry
}

describe('the name and the form of the ID', () => {
  it.each<[string, string]>([
    ['ECS, dotted', `{"trace.id":"${TRACE}","span.id":"${SPAN}"}`],
    ['ECS, nested', `{"trace":{"id":"${TRACE}"},"span":{"id":"${SPAN}"}}`],
    ['Datadog, flat, in decimal', `{"dd.trace_id":"${LOW}","dd.span_id":"${SPAN_LOW}"}`],
    ['Datadog, nested, in decimal', `{"dd":{"trace_id":"${LOW}","span_id":"${SPAN_LOW}"}}`],
    ['Datadog, as numbers', `{"dd":{"trace_id":${LOW},"span_id":${SPAN_LOW}}}`],
    ['Datadog, 32 hex digits', `{"dd":{"trace_id":"${TRACE}","span_id":"${SPAN_LOW}"}}`],
    ['Datadog in a text', `2026-11-21 INFO [dd.service=orders dd.trace_id=${LOW} dd.span_id=${SPAN_LOW}] - x`],
    ['Google Cloud', `{"logging.googleapis.com/trace":"projects/shop/traces/${TRACE}","logging.googleapis.com/spanId":"${SPAN}"}`],
    ['Google Cloud, the bare ID', `{"logging.googleapis.com/trace":"${TRACE}","logging.googleapis.com/spanId":"${SPAN}"}`],
    ['X-Ray, its own name', `{"xray_trace_id":"${XRAY}","span_id":"${SPAN}"}`],
    ['X-Ray under traceId', `{"traceId":"${XRAY}","spanId":"${SPAN}"}`],
    ['X-Ray with the span behind it', `{"traceId":"${XRAY}@${SPAN}"}`],
    ['X-Ray in a text', `INFO AWS-XRAY-TRACE-ID: ${XRAY}@${SPAN} x`],
    ['New Relic', `{"trace.id":"${TRACE}","span.id":"${SPAN}","entity.name":"orders"}`],
    ['Serilog', `{"@t":"2026-11-21T03:44:00Z","@m":"x","@tr":"${TRACE}","@sp":"${SPAN}"}`],
    ['in upper case', `{"TraceId":"${TRACE.toUpperCase()}","SpanId":"${SPAN.toUpperCase()}"}`],
    ['logfmt with dots', `trace.id=${TRACE} span.id=${SPAN}`],
  ])('%s', async (_, line) => {
    expect(await readOne(line)).toMatchObject({ traceId: TRACE, spanId: SPAN, line })
  })
})

describe('times', () => {
  const id = `trace_id=${TRACE}`
  it.each<[string, bigint, string]>([
    ['asctime', SECOND, `Sat Nov 21 03:44:00 2026 ${id}`],
    ['Apache’s error log', NANO, `[Sat Nov 21 03:44:00.123 2026] [core:error] [pid 7] ${id}`],
    ['nginx’s error log', SECOND, `2026/11/21 03:44:00 [error] 7#0: *1 upstream timed out ${id}`],
    ['Common Log Format', SECOND, `10.0.0.1 - - [21/Nov/2026:04:44:00 +0100] "GET / HTTP/1.1" 200 5 ${id}`],
    ['log4j, ISO with a comma', NANO, `2026-11-21 03:44:00,123 INFO ${id}`],
    ['log4j, the day first', NANO, `21 Nov 2026 03:44:00,123 INFO ${id}`],
    ['logback, the level first', NANO, `INFO  2026-11-21T03:44:00.123Z ${id}`],
    ['a level in brackets first', NANO, `[INFO] 2026-11-21 03:44:00.123 ${id}`],
    ['Tomcat', NANO, `21-Nov-2026 03:44:00.123 INFO [main] ${id}`],
    ['klog and zap, seconds with a fraction', NANO, `1795232640.123 info ${id}`],
    ['milliseconds', NANO, `${MS} info ${id}`],
    ['syslog, RFC 5424', NANO, `<165>1 2026-11-21T03:44:00.123Z shop-1 orders 4711 ID47 - ${id}`],
    ['the journal', NANO, `2026-11-21T03:44:00.123+0000 shop-1 orders[4711]: ${id}`],
    ['containerd', NANO, `2026-11-21T03:44:00.123000000Z stderr F ${id}`],
  ])('%s', async (_, time, line) => {
    expect((await readOne(line)).timeUnixNano).toBe(time)
  })

  it('syslog, RFC 3164: the latest such day that is not to come', async () => {
    const yesterday = new Date(Date.now() - 86_400_000)
    const month = yesterday.toLocaleString('en', { month: 'short', timeZone: 'UTC' })
    const day = String(yesterday.getUTCDate()).padStart(2, ' ')
    const { timeUnixNano, service, severity } = await readOne(`<27>${month} ${day} 03:44:00 shop-1 orders[7]: ${id}`)
    expect(timeUnixNano).toBe(BigInt(Date.parse(`${yesterday.toISOString().slice(0, 10)}T03:44:00Z`)) * 1_000_000n)
    expect({ service, severity }).toEqual({ service: 'orders', severity: { number: 17, text: 'error' } })
  })

  it.each<[string, bigint, string]>([
    ['time in milliseconds', NANO, `"time":${MS}`],
    ['time in seconds', SECOND, `"time":${Math.floor(MS / 1000)}`],
    ['ts in seconds with a fraction', NANO, `"ts":1795232640.123`],
    ['timestamp in µs', NANO, `"timestamp":${MS}000`],
    ['timestamp in ns', NANO, `"timestamp":${MS}000000`],
    ['@timestamp in ISO', NANO, `"@timestamp":"2026-11-21T03:44:00.123Z"`],
  ])('in JSON: %s', async (_, time, json) => {
    expect((await readOne(`{"trace_id":"${TRACE}",${json}}`)).timeUnixNano).toBe(time)
  })
})

describe('what stands around a line', () => {
  const inner = `{"level":"warn","trace_id":"${TRACE}","msg":"inside"}`
  it.each<[string, string]>([
    ['containerd', `2026-11-21T03:44:00.123456789Z stdout F ${inner}`],
    ['CRI-O, with its tag', `2026-11-21T03:44:00.123456789+00:00 stderr F:x ${inner}`],
    ['Docker', JSON.stringify({ log: `${inner}\n`, stream: 'stdout', time: '2026-11-21T03:44:00Z' })],
    ['Docker with attributes', JSON.stringify({ log: `${inner}\n`, stream: 'stdout', attrs: { tag: 'x' }, time: '2026-11-21T03:44:00Z' })],
    ['docker compose', `orders-1  | ${inner}`],
    ['kubectl --prefix', `[pod/orders-5d8/orders] ${inner}`],
    ['syslog, RFC 3164', `Nov 21 03:44:00 shop-1 orders[4711]: ${inner}`],
    ['syslog, RFC 5424', `<165>1 2026-11-21T03:44:00.123Z shop-1 orders 4711 - [a@1 b="]\\""] \uFEFF${inner}`],
    ['the journal as JSON', JSON.stringify({ __REALTIME_TIMESTAMP: '1795232640123456', MESSAGE: inner, SYSLOG_IDENTIFIER: 'orders' })],
  ])('%s', async (_, line) => {
    expect(await readOne(line)).toMatchObject({
      line,
      message: 'inside',
      severity: { number: 13, text: 'warn' },
      fields: JSON.parse(inner),
    })
  })

  it('a trace ID in the data of syslog', async () => {
    expect(await readOne(`<165>1 2026-11-21T03:44:00Z shop-1 orders 1 - [ctx@1 trace_id="${TRACE}"] paid`)).toMatchObject({
      service: 'orders',
    })
  })

  const cri = (n: number, stream: string, tag: string, text: string): string => `2026-11-21T03:44:00.00000000${n}Z ${stream} ${tag} ${text}`
  const docker = (log: string, stream = 'stdout'): string => JSON.stringify({ log, stream, time: '2026-11-21T03:44:00Z' })

  it('a line that containerd cut is one again, with lines of the other stream between', async () => {
    const long = `{"trace_id":"${TRACE}","msg":"${'x'.repeat(20_000)}"}`
    const lines = [
      cri(1, 'stdout', 'P', long.slice(0, 16_000)),
      cri(2, 'stderr', 'F', 'noise'),
      cri(3, 'stdout', 'F', long.slice(16_000)),
      cri(4, 'stdout', 'F', 'next'),
    ]
    const { entries, verdict } = await read(`${lines.join('\n')}\n`)
    expect(entries).toMatchObject([{ line: `${lines[0]}\n${lines[2]}`, message: 'x'.repeat(20_000) }])
    expect(verdict.complete).toBe(true)
  })

  it.each([
    ['containerd', (a: string, b: string) => [cri(1, 'stdout', 'P', a), cri(2, 'stdout', 'F', b)]],
    ['Docker', (a: string, b: string) => [docker(a), docker(`${b}\n`)]],
  ])('an ID that %s cut in two is found', async (_, cut) => {
    const text = `{"pad":"${'x'.repeat(16_384)}","trace_id":"${TRACE}","msg":"whole"}`
    const middle = text.indexOf(TRACE) + 10
    const lines = cut(text.slice(0, middle), text.slice(middle))
    expect(await read([docker('before\n'), ...lines, docker('after\n')].join('\n'))).toMatchObject({ messages: ['whole'] })
  })

  it('a stack trace that was wrapped line by line', async () => {
    const lines = [`ERROR trace_id=${TRACE} failed`, 'Error: refused', '\tat charge (a.js:1:2)']
    const expected = lines.join('\n')
    expect((await read(lines.map((text) => cri(1, 'stderr', 'F', text)).join('\n'))).messages).toEqual([expected])
    expect((await read(lines.map((text) => docker(`${text}\n`)).join('\n'))).messages).toEqual([expected])
  })
})

describe('records of several lines', () => {
  it.each<[string, string, string]>([
    ['node', 'Error: refused', '    at charge (a.js:1:2) {\n  code: 7\n}'],
    ['Java', 'java.lang.IllegalStateException: refused', '\tat a.b.C(D.java:7)\nCaused by: java.io.IOException: gone\n\t... 3 more'],
    ['Python', 'Traceback (most recent call last):', '  File "a.py", line 1, in <module>\nValueError: refused'],
  ])('a stack trace of %s belongs to the line above it', async (_, name, rest) => {
    const record = `2026-11-21 03:44:00,123 ERROR trace_id=${TRACE} failed\n${name}\n${rest}`
    const { entries } = await read(`2026-11-21 03:44:00,000 INFO before\n${record}\n2026-11-21 03:44:01,000 INFO after\n`)
    expect(entries).toMatchObject([{ line: record, severity: { number: 17 } }])
  })

  it('a line without an indent, an indented line of its own and JSON do not', async () => {
    const lines = [
      `ERROR trace_id=${TRACE} failed`,
      'next',
      `ERROR trace_id=${TRACE} b`,
      '  2026-11-21 03:44:00 c',
      `{"trace_id":"${TRACE}","msg":"d"}`,
      '  e',
    ]
    expect((await read(lines.join('\n'))).messages).toEqual([lines[0], lines[2], 'd'])
  })

  it('a trace of another ID in the stack is no mention by itself', async () => {
    const { verdict, entries } = await read(`INFO trace_id=${OTHER} a\n    about ${TRACE}\n`)
    expect([entries, verdict.mentions]).toEqual([[], 1])
  })

  it('are cut at the right places, wherever a chunk ends', async () => {
    const record = (n: number): string => `ERROR ${n} trace_id=${n % 3 === 0 ? TRACE : OTHER}\n${'    at x (y.js:1:2)\n'.repeat(n % 5)}`
    const content = Array.from({ length: 20_000 }, (_, n) => record(n)).join('')
    const { entries } = await read(content)
    const wanted = Array.from({ length: 20_000 }, (_, n) => n).filter((n) => n % 3 === 0)
    expect(entries.map(({ line }) => line)).toEqual(wanted.map((n) => record(n).trimEnd()))
  })
})

describe('loggers', () => {
  it.each([
    ['with colours', { colorize: true }],
    ['without', { colorize: false }],
    ['with dates', { colorize: false, translateTime: 'UTC:yyyy-mm-dd HH:MM:ss.l o' }],
  ])('pino-pretty’s output, %s', async (_, options) => {
    const pretty = prettyFactory(options)
    const lines = [OTHER, TRACE].map((trace_id, n) =>
      pretty({
        level: 50,
        time: MS,
        pid: 7,
        hostname: 'h',
        service: 'orders',
        trace_id,
        span_id: SPAN,
        n,
        msg: 'failed',
        err: { type: 'E', message: 'x', stack: 'Error: x\n    at a' },
      }),
    )
    const { entries, verdict } = await read(lines.join(''))
    expect(entries).toMatchObject([
      { message: 'failed', service: 'orders', spanId: SPAN, severity: { number: 17, text: 'ERROR' }, fields: { n: 1 } },
    ])
    expect(entries[0]?.line).toContain('    at a')
    if ('translateTime' in options) expect(entries[0]?.timeUnixNano).toBe(NANO)
    expect(verdict).toMatchObject({ complete: true, mentions: 0 })
  })

  const { colorize, combine, simple, printf, prettyPrint, json, errors, timestamp } = winston.format
  it.each<[string, winston.Logform.Format, object]>([
    ['simple', simple(), { service: 'orders', message: 'paid' }],
    ['simple, in colours', combine(colorize(), simple()), { service: 'orders', message: 'paid' }],
    ['json', json(), { service: 'orders', message: 'paid' }],
    ['json over several lines', json({ space: 2 }), { service: 'orders', message: 'paid' }],
    ['prettyPrint', prettyPrint(), { service: 'orders', message: 'paid' }],
    [
      'printf',
      printf(
        ({ level, message, trace_id, span_id }) => `[${String(trace_id)}:${String(span_id)}] ${level.toUpperCase()} ${String(message)}`,
      ),
      { message: 'paid' },
    ],
    [
      'printf with a time',
      combine(
        timestamp(),
        printf((i) => `${String(i['timestamp'])} ${i.level}: ${String(i.message)} trace_id=${String(i['trace_id'])}`),
      ),
      {},
    ],
  ])('winston’s %s layout', async (_, format, wanted) => {
    let output = ''
    const stream = new Writable({ write: (chunk, _encoding, done) => ((output += String(chunk)), done()) })
    const log = winston.createLogger({
      format: combine(errors({ stack: true }), format),
      defaultMeta: { service: 'orders' },
      transports: [new winston.transports.Stream({ stream })],
    })
    log.warn('other', { trace_id: OTHER, span_id: SPAN })
    log.warn('paid', { trace_id: TRACE, span_id: SPAN })
    log.warn('other', { trace_id: OTHER, span_id: SPAN })
    const { entries, verdict } = await read(output)
    expect(entries).toMatchObject([{ traceId: TRACE, severity: { number: 13 }, ...wanted }])
    expect(entries[0]?.line).toContain('paid')
    expect(verdict).toMatchObject({ complete: true, mentions: 0 })
  })

  it('OpenTelemetry’s logs in JSON: each record an entry, at the time of its observation where it has no other', async () => {
    const record = (traceId: string, n: number) => ({
      timeUnixNano: n === 2 ? '0' : String(NANO + BigInt(n)),
      observedTimeUnixNano: String(NANO + 2n),
      severityNumber: 17,
      severityText: 'ERROR',
      body: { stringValue: `record ${n}` },
      attributes: [
        { key: 'n', value: { intValue: String(n) } },
        { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
      ],
      traceId,
      spanId: SPAN,
    })
    const data = {
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'orders' } }] },
          scopeLogs: [{ scope: { name: 'pino' }, logRecords: [record(TRACE, 2), record(OTHER, 3), record(TRACE, 1)] }],
        },
      ],
    }
    // A byte order mark, as Windows puts it there.
    const { entries, verdict } = await read(`\uFEFF${JSON.stringify(data)}\n`)
    expect(entries).toMatchObject(
      [1, 2].map((n) => ({
        message: `record ${n}`,
        timeUnixNano: NANO + BigInt(n),
        service: 'orders',
        spanId: SPAN,
        severity: { number: 17, text: 'ERROR' },
        fields: { attributes: { n, tags: ['a'] } },
      })),
    )
    expect(verdict).toMatchObject({ complete: true, entries: 2, mentions: 0 })
  })
})

describe('a bare ID', () => {
  it.each<[string, boolean, string]>([
    ['at the end of an access log', true, `10.0.0.1 - - [21/Nov/2026:03:44:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" ${TRACE}`],
    ['in quotes there', true, `10.0.0.1 - - [21/Nov/2026:03:44:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" "${TRACE}" 0.003`],
    ['in the URL of an access log', false, `10.0.0.1 - - [21/Nov/2026:03:44:00 +0000] "GET /traces/${TRACE} HTTP/1.1" 200 5 "-" "curl"`],
    ['in its referer', false, `10.0.0.1 - - [21/Nov/2026:03:44:00 +0000] "GET / HTTP/1.1" 200 5 "https://x/${TRACE}" "curl" -`],
    ['beside another in an access log', false, `10.0.0.1 - - [21/Nov/2026:03:44:00 +0000] "GET / HTTP/1.1" 200 5 ${OTHER} ${TRACE}`],
    ['in any other text', false, `2026-11-21 03:44:00 INFO retried after ${TRACE}`],
  ])('%s: an entry? %s', async (_, isEntry, line) => {
    const { entries, verdict } = await read(`${line}\n`)
    expect([entries.length, verdict.mentions]).toEqual(isEntry ? [1, 0] : [0, 1])
  })
})

describe('packed files', () => {
  const line = (n: number): string => `{"time":${MS + n},"trace_id":"${TRACE}","msg":"${n}"}\n`
  const zstd = (text: string, ...args: string[]): Buffer => execFileSync('zstd', ['-q', '-c', ...args], { input: text, maxBuffer: 1 << 30 })
  const hasZstd = ((): boolean => {
    try {
      return zstd('x').length > 0
    } catch {
      return false
    }
  })()
  it.skipIf(!hasZstd)('zstd, of many frames and several megabytes', async () => {
    const noise = Array.from({ length: 20_000 }, () => `{"msg":"${randomBytes(100).toString('hex')}"}\n`).join('')
    const frames = [zstd(line(1) + noise), zstd(noise + line(2), '-9'), zstd(''), zstd(line(3), '--no-check')]
    const { messages, verdict } = await read(Buffer.concat(frames))
    expect([messages, verdict.complete]).toEqual([['1', '2', '3'], true])
  })

  it.skipIf(!hasZstd)('zstd that was cut short: what can be read is, and the verdict says so', async () => {
    const noise = Array.from({ length: 20_000 }, () => `{"msg":"${randomBytes(100).toString('hex')}"}\n`).join('')
    const { messages, verdict } = await read(zstd(line(1) + noise).subarray(0, -1000))
    expect(messages).toEqual(['1'])
    expect(verdict).toMatchObject({
      complete: false,
      reasons: [{ code: 'FILE_MALFORMED', message: expect.stringContaining('began as zstd') }],
    })
  })

  it('a packed copy beside the file it was made of is not read again, and the proof says so', async () => {
    writeFileSync(at('a.log.gz'), gzipSync(line(1) + line(2)))
    const { messages, verdict } = await read(line(1) + line(2) + line(3))
    expect(messages).toEqual(['1', '2', '3'])
    expect(verdict.reasons).toMatchObject([{ code: 'HOLDS_FOR', message: expect.stringMatching(/not read: .*a\.log\.gz, whose content/) }])
  })

  it.each([
    ['differs in its last line', line(1) + line(9)],
    ['holds more', line(1) + line(2) + line(3) + line(9)],
  ])('one that %s is read', async (_, packed) => {
    writeFileSync(at('a.log.gz'), gzipSync(packed))
    expect((await read(line(1) + line(2) + line(3))).messages).toContain('9')
  })
})

describe('generated traces', () => {
  type Format = (ms: number, id: string, msg: string) => string
  const iso = (ms: number): string => new Date(ms).toISOString()
  const formats: Record<string, Format> = {
    ndjson: (ms, trace_id, msg) => JSON.stringify({ time: ms, trace_id, msg }),
    logfmt: (ms, id, msg) => `time=${iso(ms)} level=info trace_id=${id} msg=${JSON.stringify(msg)}`,
    layout: (ms, id, msg) => `${iso(ms)} [${id}:${SPAN}] INFO ${msg}`,
    stack: (ms, id, msg) => `${iso(ms)} ERROR trace_id=${id} ${msg}\nError: ${msg}\n    at a (b.js:1:2)`,
    pretty: (ms, id, msg) => `[${iso(ms).replace('T', ' ').replace('Z', ' +0000')}] INFO (7): ${msg}\n    trace_id: "${id}"`,
    containerd: (ms, id, msg) => `${iso(ms)} stdout P {"trace_id":"${id}",\n${iso(ms)} stderr F noise\n${iso(ms)} stdout F "msg":"${msg}"}`,
    docker: (ms, trace_id, msg) => JSON.stringify({ log: `${JSON.stringify({ trace_id, msg })}\n`, stream: 'stdout', time: iso(ms) }),
    access: (ms, id, msg) => `- - - [21/Nov/2026:03:44:0${Math.floor(ms / 1000) % 10} +0000] "GET /${msg} HTTP/1.1" 200 5 "${id}"`,
  }
  const names = Object.keys(formats)

  it('give back what was written, in whatever format, split over whatever files and packed or not', async () => {
    const written = fc.array(fc.record({ own: fc.boolean(), ms: fc.nat(4000), file: fc.nat(5), rotation: fc.nat(2) }), { maxLength: 60 })
    const kinds = fc.array(fc.record({ format: fc.constantFrom(...names), packed: fc.boolean(), lastFeed: fc.boolean() }), {
      minLength: 18,
      maxLength: 18,
    })
    let run = 0
    await fc.assert(
      fc.asyncProperty(written, kinds, fc.constantFrom(1, 2000, 1 << 25), async (lines, files, memoryBytes) => {
        const content = files.map(() => [] as string[])
        lines.forEach(({ own, ms, file, rotation }, n) => {
          const { format } = files[file * 3 + rotation]!
          content[file * 3 + rotation]!.push(formats[format]!(MS + ms, own ? TRACE : OTHER, `m${n}`))
        })
        const sub = at(`run${run++}`)
        mkdirSync(sub)
        content.forEach((each, n) => {
          const { packed, lastFeed } = files[n]!
          const text = each.join('\n') + (lastFeed && each.length > 0 ? '\n' : '')
          const name = `s${Math.floor(n / 3)}.log${n % 3 === 0 ? '' : `.${n % 3}`}`
          writeFileSync(path.join(sub, packed ? `${name}.gz` : name), packed ? gzipSync(text) : text)
        })
        const { entries, verdict } = await fileLogs({ paths: sub, memoryBytes }).forTrace(TRACE).collect()
        const wanted = lines.flatMap(({ own }, n) => (own ? [`m${n}`] : []))
        expect(entries.map(({ line }) => /\bm\d+/.exec(line)?.[0] ?? '').toSorted()).toEqual(wanted.toSorted())
        expect(entries.map(({ timeUnixNano = -1n }) => timeUnixNano)).toEqual(
          entries.map(({ timeUnixNano = -1n }) => timeUnixNano).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
        )
        expect(verdict).toMatchObject({ complete: true, entries: wanted.length, mentions: 0, skipped: 0 })
      }),
      { numRuns: 60 },
    )
  })
})
