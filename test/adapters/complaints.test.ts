import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Writable } from 'node:stream'
import { context, trace } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { configure, withSpan } from 'spanlog'
import pino from 'spanlog/pino'
import winston from 'spanlog/winston'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Logform, Logger, LoggerOptions } from 'winston'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const exporter = new InMemoryLogRecordExporter()
let lines: string[]

beforeEach(() => {
  lines = []
})
afterEach(() => {
  vi.restoreAllMocks()
  configure({ mirror: { to: 'events', level: 'info', limit: 64 }, fields: 'otel' })
  exporter.reset()
  trace.disable()
  context.disable()
  logs.disable()
})

function startTraces(): void {
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new InMemorySpanExporter())] }).register()
}

function startRecords(): void {
  logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }))
  configure({ mirror: { to: 'records' } })
}

const sink = { write: (line: string) => void lines.push(line) }
const read = (line = '{}') => JSON.parse(line) as Record<string, unknown>
const bodies = () => exporter.getFinishedLogRecords().map(({ body }) => body)

function transport(format?: Logform.Format): winston.transport {
  const stream = new Writable({ decodeStrings: false, write: (line: string, _, done) => (lines.push(line.trimEnd()), done()) })
  return new winston.transports.Stream({ stream, ...(format && { format }) })
}

function collecting(options: LoggerOptions = {}): Logger {
  return winston.createLogger({ transports: transport(), ...options })
}

/**
 * What users of OpenTelemetry's instrumentations and of their rivals complain of. Where another file tests it, the row names the test,
 * which must be there; else it is tested here.
 */
const elsewhere: readonly (readonly [complaint: string, seen: string, file: string, title: string])[] = [
  ['no IDs under ESM without a loader', 'contrib #2838, #3192', 'adapters/register.test.ts', 'ESM'],
  [
    'no IDs for loggers created first',
    'contrib #1093, #2434',
    'adapters/register-bundles.test.ts',
    'has them also where it has written before the import',
  ],
  [
    'no IDs in bundles',
    'contrib #2512, next.js #84291, dd-trace-js #3500',
    'adapters/register-bundles.test.ts',
    'has its IDs from the first line on',
  ],
  ['nestedKey nests the IDs', 'tried', 'adapters/pino-options.test.ts', 'has the IDs at the top under nestedKey'],
  ["redact: ['*'] censors the IDs", 'tried', 'adapters/pino-options.test.ts', "shows them uncensored under redact: ['*']"],
  [
    'a child binding trace_id yields the key twice',
    'tried',
    'contract/logger-adapter.ts',
    "keep the user's own %s, once, and carry the other two",
  ],
  [
    'redaction in a winston transport shows on the span',
    'tried',
    'adapters/winston-pressure.test.ts',
    'mirrors no field that a slow transport hides',
  ],
  [
    'context lost after the request body',
    'node #41285',
    'adapters/http.test.ts',
    'keeps the trace through body events, timers and the close of the response',
  ],
  ['the completion line has no IDs', 'tried', 'contract/server-edge.ts', 'writes one completion line, inside the trace'],
  ['no level filter', 'contrib #1821', 'contract/logger-adapter.ts', 'is there from another level on if so configured'],
  ['the message is not on the span', 'contrib #2592', 'mirror/mirror.test.ts', 'has the message as its name'],
  ['no IDs without an SDK', 'ar-io-node #620', 'contract/logger-adapter.ts', 'carry them with no SDK at all'],
  ['no IDs outside HTTP', 'nestjs-sqs #75', 'examples/frameworks.test.ts', 'jobs keeps the trace of each order'],
  [
    'no debug lines if, and only if, the request errs',
    'pino-http #254',
    'flight-recorder/edges.test.ts',
    'a 5xx writes the kept lines, and a 2xx drops them',
  ],
  [
    'the request ID is not the trace ID',
    'contrib #1304',
    'adapters/fastify-lines.test.ts',
    'have the request ID with a logger that knows nothing of traces',
  ],
  [
    'an unsampled trace has no IDs in its lines',
    'opentelemetry-js #4193',
    'contract/logger-adapter.ts',
    'carry them in a trace that is not sampled',
  ],
  [
    'IDs twice where two integrations are active',
    'tried',
    'adapters/register-together.test.ts',
    "spanlog/register together with OpenTelemetry's instrumentations",
  ],
]

describe('a complaint that another test answers', () => {
  it.each(elsewhere)('%s (%s)', (_, __, file, title) => {
    const source = readFileSync(path.join(import.meta.dirname, '..', file), 'utf8')
    const found = source.split('\n').filter((line) => line.includes(title))
    expect(found, `${file}: ${title}`).not.toEqual([])
    expect(found.filter((line) => /\b(?:skip|todo|fails)\b/.test(line))).toEqual([])
  })
})

describe('a complaint', () => {
  it('the line is parsed although nobody listens (tried)', () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    configure({ mirror: { to: 'both' } })
    const log = pino({}, sink)
    const parse = vi.spyOn(JSON, 'parse')
    withSpan('work', () => log.info({ user: { id: 7 } }, 'line'))
    expect(parse).not.toHaveBeenCalled()
    expect(lines).toHaveLength(1)
  })

  it('what a winston transport hides goes into the log record (tried)', () => {
    startTraces()
    startRecords()
    const hide = winston.format((info) => ({ ...info, password: '***' }))
    const log = collecting()
    log.add(transport(winston.format.combine(hide(), winston.format.json())))
    withSpan('work', () => log.info('login', { password: 'secret' }))
    expect(lines.some((line) => line.includes('secret'))).toBe(true)
    expect(bodies()).toEqual(['login'])
    expect(JSON.stringify(exporter.getFinishedLogRecords().map(({ attributes }) => attributes))).not.toContain('secret')
  })

  it.each([
    ['pino', (options: object) => [pino(options, sink), pino(options, sink)]],
    ['winston', (options: object) => [winston.createLogger(options), winston.createLogger(options)]],
  ])('one options object for two loggers of %s: two records for a line (contrib #2283)', (name, make) => {
    startTraces()
    startRecords()
    const [first, second] = make(name === 'winston' ? { transports: [transport()] } : {}) as [Logger, Logger]
    withSpan('work', () => {
      first.info('one')
      second.info('two')
    })
    expect(bodies()).toEqual(['one', 'two'])
  })

  it.each([
    [0x00, '00'],
    [0x01, '01'],
    [0x0f, '0f'],
    [0x10, '10'],
    [0xff, 'ff'],
  ])('flags of 0x10 and more are written as 0 and hex (read): %i is %s', (traceFlags, text) => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    const active = trace.setSpanContext(context.active(), { traceId, spanId: 'b7ad6b7169203331', traceFlags })
    const log = collecting()
    context.with(active, () => {
      pino({}, sink).info('pino')
      log.info('winston')
    })
    expect(lines.map((line) => read(line).trace_flags)).toEqual([text, text])
  })

  it('winston has no key names of its own (contrib #1821)', () => {
    configure({ fields: 'ecs' })
    withSpan('work', (span) => {
      collecting().info('line')
      expect(read(lines[0])['trace.id']).toBe(span.spanContext().traceId)
    })
  })

  it.each([
    ['pino', () => pino({}, sink).error(Object.assign(new Error('refused'), { limit: 5 }), 'failed')],
    [
      'winston',
      () =>
        collecting({ format: winston.format.combine(winston.format.errors({ stack: true }), winston.format.json()) }).error(
          Object.assign(new Error('refused'), { limit: 5 }),
        ),
    ],
  ])("an Error's own attributes are dropped by %s (opentelemetry-js #4828)", (_, write) => {
    startTraces()
    startRecords()
    withSpan('work', write)
    const [record] = exporter.getFinishedLogRecords()
    expect(record?.attributes).toMatchObject({ 'exception.message': 'refused' })
    expect(Object.entries(record?.attributes ?? {}).filter(([key]) => key.endsWith('limit'))).toEqual([[expect.any(String), 5]])
  })
})
