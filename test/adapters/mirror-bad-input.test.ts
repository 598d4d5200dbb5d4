import { context, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import pinoModule from 'pino'
import { spanlogStats, withSpan } from 'spanlog'
import { tracePino, traceWinston } from 'spanlog/instrument'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import winston from 'winston'
import TransportStream from 'winston-transport'

const exporter = new InMemorySpanExporter()
beforeAll(() => new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register())
beforeEach(() => exporter.reset())
afterAll(() => {
  trace.disable()
  context.disable()
})

/** Anything a caller may hand to a logger. */
type Call = (log: (level: string, message: unknown, fields?: unknown) => void) => void

interface Made {
  log(level: string, message: unknown, fields?: unknown): void
  lines: string[]
}

const ids = /,"(?:trace_id|span_id|trace_flags)":"[0-9a-f]+"/g

function makePino(traced: boolean, options: pinoModule.LoggerOptions = {}, write?: (line: string) => void): Made {
  const lines: string[] = []
  const logger = pinoModule({ timestamp: false, ...options }, { write: write ?? ((line: string) => lines.push(line)) })
  if (traced) tracePino(logger)
  return {
    lines,
    log: (level, message, fields) =>
      (logger as unknown as Record<string, (...args: unknown[]) => unknown>)[level]?.(
        ...(fields === undefined ? [message] : [fields, message]),
      ),
  }
}

class Memory extends TransportStream {
  readonly lines: string[] = []
  override log(info: Record<symbol, string>, done: () => void): void {
    this.lines.push(String(info[Symbol.for('message')]))
    done()
  }
}

function makeWinston(traced: boolean, options: winston.LoggerOptions = {}): Made {
  const memory = new Memory()
  const logger = winston.createLogger({ transports: [memory], ...options })
  if (traced) traceWinston(logger)
  return {
    lines: memory.lines,
    log: (level, message, fields) =>
      void (logger as unknown as Record<string, (...args: unknown[]) => unknown>)[level]?.(
        ...(fields === undefined ? [message] : [message, fields]),
      ),
  }
}

/** What a logger wrote and threw in a span, and the span, its events looked at. */
function inSpan(made: Made, call: Call): { outcome: string[]; span: ReadableSpan } {
  const threw: string[] = []
  withSpan('work', () => {
    try {
      call(made.log.bind(made))
    } catch (error) {
      threw.push(`threw ${String(error)}`)
    }
  })
  const span = exporter.getFinishedSpans().at(-1)
  if (span === undefined) throw new Error('no span has ended')
  // winston sorts the fields, so that one of the trace's may come first.
  const bare = (line: string) => line.replace(ids, '').replace(/"(?:trace_id|span_id|trace_flags)":"[0-9a-f]+",/g, '')
  return { outcome: [...made.lines.map(bare), ...threw], span }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

const circle: Record<string, unknown> = { a: 1 }
circle['self'] = circle
const throwing = Object.defineProperty({ a: 1 }, 'bad', {
  enumerable: true,
  get: () => {
    throw new Error('getter')
  },
})
const polluting = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"a":1}') as object
const bare = Object.assign(Object.create(null) as object, { a: 1 })

const inputs: [string, Call, events: number][] = [
  ['a circular object', (log) => log('info', 'hello', { circle }), 1],
  ['a getter that throws', (log) => log('info', 'hello', throwing), -1],
  ['a nested getter that throws', (log) => log('info', 'hello', { nested: throwing }), -1],
  ['a bigint', (log) => log('info', 'hello', { big: 2n ** 64n }), -1],
  ['a symbol, a function, undefined', (log) => log('info', 'hello', { s: Symbol('s'), f() {}, u: undefined }), 1],
  ['a symbol as the message', (log) => log('info', Symbol('s')), -1],
  ['10 MB in the message', (log) => log('info', 'm'.repeat(10_000_000)), 1],
  ['10 MB in a field', (log) => log('info', 'hello', { text: 'm'.repeat(10_000_000) }), 1],
  ['10,000 keys', (log) => log('info', 'hello', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]))), 1],
  ['keys that pollute prototypes', (log) => log('info', 'hello', polluting), 1],
  ['an object without a prototype', (log) => log('info', 'hello', bare), 1],
  ['null as the message', (log) => log('info', null), -1],
  ['undefined as the message', (log) => log('info', undefined), -1],
  ['null as the fields', (log) => log('info', 'hello', null), 1],
  ['nulls in the fields', (log) => log('info', 'hello', { a: null, b: [null, undefined], c: NaN, d: -0 }), 1],
  ['an array as the fields', (log) => log('info', 'hello', [1, 2, 3]), -1],
  ['an invalid date', (log) => log('info', 'hello', { at: new Date(NaN) }), -1],
  ['a lone surrogate and control characters', (log) => log('info', 'a\ud800\u0000\u001b[31m"\\', { 'k"\n': '\u2028' }), 1],
  ['an empty key and an empty message', (log) => log('info', '', { '': 1 }), -1],
  ['an error whose parts are no strings', (log) => log('error', Object.assign(new Error('x'), { message: 7, stack: null, name: {} })), -1],
]

describe.each<[string, (traced: boolean) => Made]>([
  ['pino', makePino],
  ['winston', makeWinston],
])('%s, given', (_, make) => {
  it.each(inputs)('%s, writes or throws what it would alone, and the mirror copes', (_name, call, events) => {
    const plain = inSpan(make(false), call)
    const traced = inSpan(make(true), call)
    expect(traced.outcome).toEqual(plain.outcome)
    // One event a line that was written; none where the logger wrote none, or one that nobody can read.
    const written = plain.outcome.filter(isJson).length
    const shown = traced.span.events.filter(({ name }) => name !== 'exception')
    expect(shown).toHaveLength(written)
    if (events >= 0) expect(shown).toHaveLength(events)
    for (const { name, attributes = {} } of traced.span.events) {
      expect(name.length).toBeLessThanOrEqual(4096)
      expect(Object.keys(attributes).length).toBeLessThanOrEqual(70)
      for (const value of Object.values(attributes)) if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(16_384)
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('a span that has ended, writes the line and leaves the span alone', () => {
    const made = make(true)
    withSpan('work', (span) => {
      span.end()
      made.log('error', 'too late')
    })
    expect(made.lines).toHaveLength(1)
    expect(exporter.getFinishedSpans()[0]?.events).toEqual([])
  })
})

const broken = (): never => {
  throw new Error('broken')
}

describe.each<[string, (traced: boolean) => Made]>([
  ['pino, with a mixin that throws', (traced) => makePino(traced, { mixin: broken })],
  ['pino, with a formatter that throws', (traced) => makePino(traced, { formatters: { log: broken } })],
  ['pino, with a serializer that throws', (traced) => makePino(traced, { serializers: { a: broken } })],
  ['pino, with a hook that throws', (traced) => makePino(traced, { hooks: { streamWrite: broken } })],
  ['pino, with a destination that fails', (traced) => makePino(traced, {}, broken)],
  ['winston, with a format that throws', (traced) => makeWinston(traced, { format: winston.format(broken)() })],
  ['winston, with a format that drops all', (traced) => makeWinston(traced, { format: winston.format(() => false)() })],
])('%s', (_, make) => {
  it('does what it would alone', () => {
    const call: Call = (log) => log('info', 'hello', { a: 1 })
    const [plain, traced] = [inSpan(make(false), call), inSpan(make(true), call)]
    expect(traced.outcome).toEqual(plain.outcome)
    expect(traced.span.status).toEqual(plain.span.status)
  })
})

describe('winston, with a transport whose log throws', () => {
  it('does what it would alone', () => {
    class Broken extends TransportStream {
      override log(): void {
        broken()
      }
    }
    const make = (traced: boolean) => makeWinston(traced, { transports: [new Broken()] })
    const call: Call = (log) => log('info', 'hello', { a: 1 })
    expect(inSpan(make(true), call).outcome).toEqual(inSpan(make(false), call).outcome)
  })
})

describe('a destination that is closed', () => {
  it('of pino does what it would alone', () => {
    const make = (traced: boolean): Made => {
      const destination = pinoModule.destination({ dest: '/dev/null', sync: true })
      const logger = pinoModule({}, destination)
      if (traced) tracePino(logger)
      destination.end()
      return { lines: [], log: (level, message, fields) => logger[level as 'info'](fields as object, message as string) }
    }
    const call: Call = (log) => log('info', 'hello', { a: 1 })
    expect(inSpan(make(true), call).outcome).toEqual(inSpan(make(false), call).outcome)
  })

  it('of winston does what it would alone', () => {
    const make = (traced: boolean): Made => {
      const memory = new Memory()
      const logger = winston.createLogger({ transports: [memory] })
      logger.on('error', (error: Error) => memory.lines.push(error.message))
      if (traced) traceWinston(logger)
      logger.end()
      return { lines: memory.lines, log: (level, message, fields) => void logger.log(level, message as string, fields) }
    }
    const call: Call = (log) => log('info', 'hello', { a: 1 })
    expect(inSpan(make(true), call).outcome).toEqual(inSpan(make(false), call).outcome)
  })
})

describe('a line that the mirror cannot read', () => {
  it('is written, left out, and counted', () => {
    const lines: string[] = []
    const logger = tracePino(pinoModule({ hooks: { streamWrite: () => 'no JSON\n' } }, { write: (line) => lines.push(line) }))
    const before = spanlogStats().mirror.unreadable
    withSpan('work', () => logger.info('hello'))
    expect(exporter.getFinishedSpans()[0]?.events).toEqual([])
    expect(lines).toEqual(['no JSON\n'])
    expect(spanlogStats().mirror.unreadable - before).toBe(1)
  })
})
