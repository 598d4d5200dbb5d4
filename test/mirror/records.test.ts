import { spawnSync } from 'node:child_process'
import { createContextKey, diag, context as otelContext, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { suppressTracing } from '@opentelemetry/core'
import { InMemoryLogRecordExporter, LoggerProvider, type LogRecordProcessor, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { logs as stableLogs } from 'api110'
import pinoModule from 'pino'
import { configure, spanlogStats, withSpan } from 'spanlog'
import { tracePino, traceWinston } from 'spanlog/instrument'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import winston from 'winston'
import TransportStream from 'winston-transport'
import { state } from '../../src/context/state.js'

const exporter = new InMemoryLogRecordExporter()
const spans = new InMemorySpanExporter()
const defaults = state.settings

beforeEach(() => {
  exporter.reset()
  spans.reset()
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register()
})
afterEach(() => {
  state.settings = defaults
  logs.disable()
  stableLogs.disable()
  trace.disable()
  otelContext.disable()
  diag.disable()
})

function listen(...processors: LogRecordProcessor[]): LoggerProvider {
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter }), ...processors] })
  logs.setGlobalLoggerProvider(provider)
  return provider
}

const records = () => exporter.getFinishedLogRecords()
const bodies = () => records().map(({ body }) => body)

interface Log {
  log(level: string, message: string, fields?: object): void
  error(error: Error): void
  lines: string[]
}

function pinoLog(options: pinoModule.LoggerOptions = {}): Log {
  const lines: string[] = []
  const logger = tracePino(pinoModule({ level: 'debug', redact: ['password'], ...options }, { write: (line) => lines.push(line) }))
  return {
    log: (level, message, fields = {}) => logger[level as 'info'](fields, message),
    error: (error) => logger.error(error),
    lines,
  }
}

class Memory extends TransportStream {
  readonly lines: string[] = []
  override log(info: Record<symbol, string>, done: () => void): void {
    this.lines.push(String(info[Symbol.for('message')]))
    done()
  }
}

function winstonLog(transports: winston.transport[] = []): Log {
  const memory = new Memory()
  const { combine, errors, json, timestamp } = winston.format
  const hide = winston.format((info) => (info['password'] === undefined ? info : { ...info, password: '[Redacted]' }))
  const format = combine(errors({ stack: true }), timestamp(), hide(), json())
  const logger = traceWinston(winston.createLogger({ level: 'debug', format, transports: [memory, ...transports] }))
  return {
    log: (level, message, fields = {}) => void logger.log(level, message, fields),
    error: (error) => void logger.error(error),
    lines: memory.lines,
  }
}

describe.each([
  ['pino', pinoLog],
  ['winston', winstonLog],
])('a line of %s, where records are asked for,', (_, make) => {
  beforeEach(() => configure({ mirror: { to: 'records', level: 'info' } }))

  it('is a record: body, severity, attributes, its own time, the trace, the scope', () => {
    listen()
    const log = make()
    const before = Date.now()
    const active = withSpan('charge card', (span) => {
      log.log('warn', 'card charged', { orderId: 4711, user: { id: 7 }, password: 'hunter2' })
      return span.spanContext()
    })
    const [record] = records()
    expect(records()).toHaveLength(1)
    expect(record).toMatchObject({
      body: 'card charged',
      severityNumber: 13,
      severityText: 'warn',
      attributes: { orderId: 4711, 'user.id': 7, password: '[Redacted]' },
      spanContext: { traceId: active.traceId, spanId: active.spanId, traceFlags: 1 },
      instrumentationScope: { name: 'spanlog' },
    })
    expect(Object.keys(record?.attributes ?? {}).toSorted()).toEqual(['orderId', 'password', 'user.id'])
    const line = JSON.parse(log.lines[0] ?? '{}') as { time?: number; timestamp?: string }
    const [seconds = 0, nanos = 0] = record?.hrTime ?? []
    expect(seconds * 1000 + nanos / 1e6).toBe(line.time ?? Date.parse(line.timestamp ?? ''))
    expect(seconds * 1000).toBeGreaterThan(before - 2000)
    expect(spans.getFinishedSpans()[0]?.events).toEqual([])
  })

  it('is one outside a trace too, written as without spanlog', () => {
    listen()
    const log = make()
    log.log('info', 'started', { port: 80 })
    expect(records()).toMatchObject([{ body: 'started', attributes: { port: 80 } }])
    expect(records()[0]?.spanContext).toBeUndefined()
    expect(log.lines[0]).not.toContain('trace_id')
  })

  it('has the exception of its error', () => {
    listen()
    const log = make()
    withSpan('charge card', () => log.error(new TypeError('refused')))
    expect(records()).toHaveLength(1)
    expect(records()[0]?.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'refused',
      'exception.stacktrace': expect.stringContaining('TypeError: refused\n    at') as string,
    })
  })

  it('is an event as well where both are asked for, each from a level of its own', () => {
    listen()
    configure({ mirror: { to: 'both', level: { events: 'warn', records: 'debug' } } })
    const log = make()
    withSpan('charge card', () => {
      for (const level of ['debug', 'info', 'warn']) log.log(level, `a ${level} line`)
    })
    expect(bodies()).toEqual(['a debug line', 'a info line', 'a warn line'])
    expect(spans.getFinishedSpans()[0]?.events.map(({ name }) => name)).toEqual(['a warn line'])
  })

  it('is one through API 1.10, whose global is another', () => {
    Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1'))
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
    expect(stableLogs.setGlobalLoggerProvider(provider)).toBe(true)
    make().log('info', 'hello')
    expect(bodies()).toEqual(['hello'])
    Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1'))
  })

  it('is one only where both APIs have a provider', () => {
    Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1'))
    stableLogs.setGlobalLoggerProvider(listen())
    make().log('info', 'hello')
    expect(bodies()).toEqual(['hello'])
    Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1'))
  })

  it('is one only where the exporter logs what it does', () => {
    const log = make()
    listen({
      onEmit: () => log.log('info', 'a line of the exporter'),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    })
    log.log('info', 'hello')
    expect(bodies()).toEqual(['hello'])
    expect(log.lines).toHaveLength(2)
  })

  it('is none from within an export, which runs with tracing suppressed', () => {
    listen()
    const log = make()
    otelContext.with(suppressTracing(ROOT_CONTEXT.setValue(createContextKey('any'), 1)), () => log.log('info', 'exporting'))
    expect([bodies(), log.lines.length]).toEqual([[], 1])
  })

  it('is not read where nobody listens', () => {
    const log = make()
    const { parse } = JSON
    let parsed = 0
    JSON.parse = (...args) => {
      parsed++
      return parse(...args) as unknown
    }
    try {
      withSpan('charge card', () => log.log('info', 'hello'))
      const provider = new LoggerProvider()
      logs.setGlobalLoggerProvider(provider)
      void provider.shutdown()
      withSpan('charge card', () => log.log('info', 'hello'))
    } finally {
      JSON.parse = parse
    }
    expect(parsed).toBe(0)
  })

  it('is written, and counted, where the provider throws', () => {
    const log = make()
    const before = spanlogStats().mirror.unreadable
    listen({
      onEmit() {
        throw new Error('broken processor')
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    })
    log.log('info', 'hello')
    expect(log.lines).toHaveLength(1)
    expect(spanlogStats().mirror.unreadable - before).toBe(1)
  })

  it('survives a diagnostics logger that logs its faults through it', () => {
    const log = make()
    listen({
      onEmit() {
        throw new Error('broken processor')
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    })
    const say = () => log.log('error', 'a fault')
    diag.setLogger({ error: say, warn: say, info: say, debug: say, verbose: say }, { suppressOverrideMessage: true })
    log.lines.length = 0
    log.log('info', 'hello')
    expect(log.lines.length).toBeLessThan(5)
  })
})

describe('where OpenTelemetry’s own instrumentation sends records', () => {
  beforeEach(() => configure({ mirror: { to: 'both' } }))

  it('of pino, the stream that it puts beside the logger’s is seen, and none is sent twice', () => {
    const program = `
      const { logs } = require('@opentelemetry/api-logs')
      const { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs')
      const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino')
      const exporter = new InMemoryLogRecordExporter()
      logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }))
      new PinoInstrumentation({ disableLogSending: process.argv[1] === 'silent' }).enable()
      require('spanlog').configure({ mirror: { to: 'records' } })
      require('spanlog/instrument').tracePino(require('pino')({}, { write() {} })).info('hello')
      console.log(JSON.stringify(exporter.getFinishedLogRecords().map((record) => record.instrumentationScope.name)))
    `
    const scopes = (mode: string) => spawnSync(process.execPath, ['-e', program, mode], { encoding: 'utf8' }).stdout.trim()
    expect(scopes('sending')).toBe('["@opentelemetry/instrumentation-pino"]')
    expect(scopes('silent')).toBe('["spanlog"]')
  })

  it('of winston, its transport is seen by its name', () => {
    listen()
    class OpenTelemetryTransportV3 extends Memory {}
    const log = winstonLog([new OpenTelemetryTransportV3()])
    log.log('info', 'hello')
    expect([bodies(), log.lines.length]).toEqual([[], 1])
  })
})

describe('OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN', () => {
  const program = `
    const { logs } = require('@opentelemetry/api-logs')
    const { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs')
    const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node')
    const [exporter, spans] = [new InMemoryLogRecordExporter(), new InMemorySpanExporter()]
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register()
    if (process.argv[1] === 'listening') logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }))
    const log = require('spanlog/pino')({}, { write() {} })
    require('spanlog').withSpan('work', () => {
      log.info('a line')
      log.error(new Error('refused'))
    })
    console.log(JSON.stringify([
      spans.getFinishedSpans()[0].events.map(({ name }) => name),
      exporter.getFinishedLogRecords().map(({ body, attributes }) => body + ' ' + attributes['exception.type']),
    ]))
  `
  it.each([
    ['unset puts exceptions on spans', '', 'listening', [['a line', 'refused', 'exception'], []]],
    ['logs puts them into records instead', 'logs', 'listening', [['a line', 'refused'], ['refused Error']]],
    ['logs/dup puts them into both', 'logs/dup', 'listening', [['a line', 'refused', 'exception'], ['refused Error']]],
    ['logs leaves them on spans where nobody listens to records', 'logs', 'deaf', [['a line', 'refused', 'exception'], []]],
  ])('%s', (_, value, mode, expected) => {
    const env = { ...process.env, OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: value }
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program, mode], { encoding: 'utf8', env })
    expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual(expected)
  })
})

describe('configure', () => {
  it.each<[string, unknown]>([
    ['an unknown target', { to: 'logs' }],
    ['an unknown level', { level: 'loud' }],
    ['an unknown level of one target', { level: { records: 'loud' } }],
    ['a level of an unknown target', { level: { spans: 'info' } }],
    ['a limit below 0', { limit: -1 }],
  ])('refuses %s', (_, mirror) => {
    expect(() => configure({ mirror: mirror as object })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }) as Error)
  })

  it('leaves what a call leaves out', () => {
    configure({ mirror: { to: 'both', level: { records: 'debug' } } })
    configure({ mirror: { level: { events: 'error' } } })
    expect(state.settings.mirror).toMatchObject({ to: 'both', minSeverity: 17, minRecordSeverity: 5 })
  })
})
