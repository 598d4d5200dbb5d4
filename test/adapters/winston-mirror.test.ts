import { Writable } from 'node:stream'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { configure, withSpan } from 'spanlog'
import { traceWinston } from 'spanlog/instrument'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import winston, { type Logform, type Logger, type LoggerOptions } from 'winston'
import { severityOfLevel } from '../../adapters/winston/severity.js'

const { align, colorize, combine, errors, json, logstash, padLevels, prettyPrint, printf, simple, timestamp, uncolorize } = winston.format
const MESSAGE = Symbol.for('message')
const exporter = new InMemorySpanExporter()

beforeAll(() => new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register())
beforeEach(() => {
  exporter.reset()
  configure({ mirror: { level: 'info', limit: 64 } })
})
afterAll(() => {
  trace.disable()
  context.disable()
})

type TransportOptions = { format?: Logform.Format; level?: string; silent?: boolean; handleExceptions?: boolean }

function transport(options: TransportOptions = {}, lines: string[] = []): InstanceType<typeof winston.transports.Stream> {
  const stream = new Writable({
    decodeStrings: false,
    write(line: string, _, done) {
      lines.push(line)
      done()
    },
  })
  return new winston.transports.Stream({ stream, eol: '', ...options })
}

function logger(options: LoggerOptions = {}): Logger {
  return traceWinston(winston.createLogger({ transports: transport(), ...options }))
}

function spanOf(log: () => void): ReadableSpan {
  withSpan('charge card', log)
  const span = exporter.getFinishedSpans().at(-1)
  if (span === undefined) throw new Error('no span has ended')
  return span
}

/** The events, without what is the same in all: `[name, fields]`. */
function eventsOf(log: () => void): [string, object][] {
  return spanOf(log).events.map(({ name, attributes = {} }) => {
    const { 'log.severity_number': _, 'log.severity_text': __, ...fields } = attributes
    return [name, fields]
  })
}

const mask = (...names: string[]) =>
  winston.format((info) => {
    for (const name of names) if (info[name] !== undefined) info[name] = '***'
    return info
  })()

const drop = (path: string, name: string) =>
  winston.format((info) => {
    const { [name]: _, ...rest } = info[path] as Record<string, unknown>
    info[path] = rest
    return info
  })()

const secretLine = (log: Logger) => () => void log.info('charged 4711', { secret: 'pin', user: { id: 7, mail: 'ada@x' }, list: [1, 2] })

describe('the event of a winston line', () => {
  it.each<[string, LoggerOptions, [string, object]]>([
    ['JSON', {}, ['charged 4711', { secret: 'pin', 'user.id': 7, 'user.mail': 'ada@x', list: [1, 2] }]],
    [
      'JSON with a time, over several lines',
      { format: combine(timestamp(), json({ space: 2 })) },
      ['charged 4711', { secret: 'pin', 'user.id': 7, 'user.mail': 'ada@x', list: [1, 2] }],
    ],
    [
      "logstash's JSON",
      { format: combine(timestamp(), logstash()) },
      ['charged 4711', { secret: 'pin', 'user.id': 7, 'user.mail': 'ada@x', list: [1, 2] }],
    ],
    [
      'JSON in colours',
      { format: combine(colorize({ all: true }), drop('user', 'mail'), mask('secret', 'list'), json()) },
      ['charged 4711', { secret: '***', 'user.id': 7, list: '***' }],
    ],
    ['text', { format: simple() }, ['charged 4711', {}]],
    [
      'coloured, padded and aligned text',
      { format: combine(colorize({ all: true }), padLevels(), align(), simple()) },
      ['charged 4711', {}],
    ],
    [
      'text whose layout changes the message',
      { format: printf((info) => `${info.level} <${String(info.message).replace(/\d/g, '*')}>`) },
      ['info <charged ****>', {}],
    ],
    ['text without the message', { format: printf(() => 'a line') }, ['a line', {}]],
    ['inspected text', { format: prettyPrint() }, ['charged 4711', {}]],
    [
      "what the logger's format masks",
      { format: combine(mask('secret', 'message'), drop('user', 'mail'), json()) },
      ['***', { secret: '***', 'user.id': 7, list: [1, 2] }],
    ],
    [
      'what a JSON replacer leaves out',
      { format: json({ replacer: (key, value) => (key === 'secret' || key === 'mail' ? undefined : value) }) },
      ['charged 4711', { 'user.id': 7, list: [1, 2] }],
    ],
    [
      "what the transport's format masks",
      { transports: transport({ format: combine(mask('secret'), drop('user', 'mail'), json()) }) },
      ['charged 4711', { secret: '***', 'user.id': 7, list: [1, 2] }],
    ],
    [
      'what one of two transports masks, the second',
      { transports: [transport(), transport({ format: combine(mask('secret'), drop('user', 'mail'), json()) })] },
      ['charged 4711', { 'user.id': 7, list: [1, 2] }],
    ],
    [
      'what one of two transports masks, the first',
      { transports: [transport({ format: combine(mask('secret', 'list'), json()) }), transport()] },
      ['charged 4711', { 'user.id': 7, 'user.mail': 'ada@x' }],
    ],
    [
      'what each of two transports masks',
      { transports: [transport({ format: combine(mask('secret'), json()) }), transport({ format: combine(mask('list'), json()) })] },
      ['charged 4711', { 'user.id': 7, 'user.mail': 'ada@x' }],
    ],
    [
      'JSON beside a text that is laid out without the fields',
      {
        transports: [
          transport(),
          transport({
            format: combine(
              colorize(),
              uncolorize(),
              printf((info) => `${info.level}: ${String(info.message)}`),
            ),
          }),
        ],
      },
      ['charged 4711', { secret: 'pin', 'user.id': 7, 'user.mail': 'ada@x', list: [1, 2] }],
    ],
    [
      'JSON beside JSON with a prefix to the message',
      {
        transports: [
          transport({ format: combine(winston.format((info) => ({ ...info, message: `[shop] ${String(info.message)}` }))(), json()) }),
          transport(),
        ],
      },
      ['charged 4711', { secret: 'pin', 'user.id': 7, 'user.mail': 'ada@x', list: [1, 2] }],
    ],
    [
      'JSON beside a text that masks the message: none is common to both',
      { transports: [transport(), transport({ format: printf((info) => String(info.message).replace(/\d/g, '*')) })] },
      ['log', { secret: 'pin', 'user.id': 7, 'user.mail': 'ada@x', list: [1, 2] }],
    ],
    [
      'a format that makes a new object',
      {
        format: winston.format((info) => ({
          level: info.level,
          message: 'new',
          [Symbol.for('level')]: info.level,
          [MESSAGE]: '{"message":"new","a":1}',
        }))(),
      },
      ['new', { a: 1 }],
    ],
  ])('is what was written: %s', (_, options, expected) => {
    const log = logger(options)
    expect(eventsOf(secretLine(log))).toEqual([expected])
  })

  it('is one, whatever the number of transports, in the order of the lines', () => {
    const log = logger({ transports: [transport(), transport({ format: simple() }), transport({ level: 'error' })] })
    const events = eventsOf(() => {
      log.info('one')
      log.error('two')
    })
    expect(events.map(([name]) => name)).toEqual(['one', 'two'])
  })

  it.each<[string, LoggerOptions]>([
    ["is below the logger's level", { level: 'error' }],
    ["is below the transports' levels", { transports: [transport({ level: 'error' }), transport({ level: 'error' })] }],
    ['goes to a silent logger', { silent: true }],
    ['goes to silent transports alone', { transports: transport({ silent: true }) }],
    ['is filtered out by the format', { format: combine(winston.format(() => false)(), json()) }],
    ["is filtered out by the transport's format", { transports: transport({ format: winston.format(() => false)() }) }],
  ])('is not there for a line that nobody writes, since it %s', (_, options) => {
    const log = logger(options)
    expect(eventsOf(() => log.info('unwritten'))).toEqual([])
  })

  it('neither is the status set for an error line that nobody writes, on a span that is full', () => {
    configure({ mirror: { limit: 0 } })
    const log = logger({ silent: true })
    const span = spanOf(() => log.error('unwritten'))
    expect(span).toMatchObject({ status: { code: SpanStatusCode.UNSET }, attributes: {} })
  })

  it("keeps the user's own trace_id among its fields, and leaves out the trace's", () => {
    const log = logger()
    expect(eventsOf(() => log.info('line', { trace_id: 'mine' }))).toEqual([['line', { trace_id: 'mine' }]])
  })

  it('does not change what the transports are given', () => {
    const seen: (string | symbol)[][] = []
    const look = winston.format((info) => {
      seen.push(Reflect.ownKeys(info))
      return info
    })
    const log = logger({ format: combine(look(), json()), transports: transport({ format: combine(look(), json()) }) })
    withSpan('recording', () => log.info('line'))
    configure({ mirror: false })
    withSpan('recording', () => log.info('line'))
    expect(seen.slice(0, 2)).toEqual(seen.slice(2))
    expect(seen[0]).toEqual(['message', 'level', 'trace_id', 'span_id', 'trace_flags', Symbol.for('level')])
  })

  it('does not come from a logger that is not traced and shares the transport', () => {
    const shared = transport()
    const log = logger({ transports: shared })
    const other = winston.createLogger({ transports: shared })
    const events = eventsOf(() => {
      log.info('traced')
      other.info('plain')
    })
    expect(events.map(([name]) => name)).toEqual(['traced'])
  })

  it('comes from each of two loggers that share a transport, once', () => {
    const shared = transport({ format: json() })
    const [one, two] = [logger({ transports: shared }), logger({ transports: [shared, transport()] })]
    const events = eventsOf(() => {
      one.info('one')
      two.info('two')
    })
    expect(events.map(([name]) => name)).toEqual(['one', 'two'])
  })

  it('keeps lines apart that a format and a transport log while another line is on its way', () => {
    const inner = logger()
    const nested = winston.format((info) => {
      inner.info('from the format', { secret: 1 })
      return info
    })
    const outer = logger({ format: combine(nested(), json()), transports: transport() })
    const [logging] = outer.transports as unknown as [{ log: (...args: unknown[]) => unknown }]
    const { log } = logging
    logging.log = function (...args) {
      inner.info('from the transport')
      return log.apply(this, args)
    }
    expect(eventsOf(() => outer.info('outer', { a: 1 }))).toEqual([
      ['from the format', { secret: 1 }],
      ['from the transport', {}],
      ['outer', { a: 1 }],
    ])
  })

  it('is there for a line of which one transport throws, since the other wrote it', () => {
    const failing = transport({
      format: winston.format(() => {
        throw new Error('format')
      })(),
    })
    const log = logger({ transports: [transport(), failing] })
    const span = spanOf(() => expect(() => log.info('line')).toThrow('format'))
    expect(span.events.map(({ name }) => name)).toEqual(['line'])
  })
})

describe('the exception of a winston line', () => {
  const error = new TypeError('card refused')

  it.each<[string, LoggerOptions, (log: Logger) => void, string]>([
    ['an error', { format: combine(errors({ stack: true }), json()) }, (log) => log.error(error), 'card refused'],
    ['an error behind a message', {}, (log) => log.error('failed:', error), 'failed: card refused'],
    [
      'an error for the message',
      { format: combine(errors({ stack: true }), json()) },
      (log) => log.log('error', { message: error } as never),
      'card refused',
    ],
    ['an error in a child', {}, (log) => log.child({}).error(error), 'card refused'],
    [
      'an error that is written as a field',
      {},
      (log) => log.error('failed', { err: { name: 'TypeError', message: 'card refused', stack: error.stack } }),
      'failed',
    ],
    [
      'an error whose stack stands in text',
      {
        format: combine(
          errors({ stack: true }),
          printf((info) => `${String(info.message)}\n${String(info.stack)}`),
        ),
      },
      (log) => log.error(error),
      'card refused',
    ],
  ])('is that of %s', (_, options, call, name) => {
    const log = logger(options)
    const span = spanOf(() => call(log))
    expect(span.events.map((event) => event.name)).toEqual([name, 'exception'])
    expect(span.events[0]?.attributes).not.toHaveProperty('stack')
    expect(span.events[1]?.attributes).toEqual({
      'exception.type': 'TypeError',
      'exception.message': 'card refused',
      'exception.stacktrace': error.stack,
    })
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: name })
  })

  it.each<[string, LoggerOptions]>([
    ['by a format', { format: combine(errors({ stack: true }), mask('stack'), json()) }],
    [
      'by the layout',
      {
        format: combine(
          errors({ stack: true }),
          simple(),
          printf((info) => String(info.message)),
        ),
      },
    ],
    ['by one of two transports', { transports: [transport(), transport({ format: combine(mask('stack'), json()) })] }],
  ])('has no stack that was left out %s', (_, options) => {
    const log = logger(options)
    const span = spanOf(() => log.error('failed', error))
    expect(JSON.stringify(span.events)).not.toContain('winston-mirror.test')
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
  })

  it('comes from an exception handler and a rejection handler too', () => {
    const lines: string[] = []
    const options = { exceptionHandlers: [transport({}, lines)], rejectionHandlers: [transport({}, lines)], exitOnError: false }
    const log = logger(options)
    const span = spanOf(() => {
      log.log(log.exceptions.getAllInfo(error) as never)
      log.log(log.rejections.getAllInfo(error) as never)
    })
    log.close()
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line.split('"trace_id":')).toHaveLength(2)
    const exceptions = span.events.filter(({ name }) => name === 'exception')
    expect(exceptions.map(({ attributes }) => attributes?.['exception.type'])).toEqual(['TypeError', 'TypeError'])
  })
})

describe('the severity of a winston level', () => {
  const numbers = (...names: string[]) => Object.fromEntries(names.map((name, i) => [name, i]))

  it.each<[string, string, Record<string, number>, number]>([
    ['of a known name is that of the name', 'warn', numbers('warn', 'error'), 13],
    ['of syslog too', 'crit', winston.config.syslog.levels, 18],
    ["of one's own is that of the next less severe level", 'audit', numbers('error', 'audit', 'warn', 'info'), 13],
    ['skips names that nobody knows', 'audit', numbers('error', 'audit', 'chat', 'info'), 9],
    ['is that of the next more severe one at the end', 'chat', numbers('error', 'info', 'chat'), 9],
    ['goes by the numbers, not by the order', 'audit', { info: 2, audit: 1, error: 0 }, 9],
    ['counts down from error where no name is known', 'b', numbers('a', 'b', 'c'), 13],
    ['ends at debug there', 'f', numbers('a', 'b', 'c', 'd', 'e', 'f'), 5],
    ['of an unknown level is never above error', 'nobody', numbers('a', 'b'), 17],
  ])('%s', (_, name, levels, expected) => {
    expect(severityOfLevel(name, levels)).toBe(expected)
  })
})
