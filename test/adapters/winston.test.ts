import { Writable } from 'node:stream'
import type { SpanContext } from '@opentelemetry/api'
import { currentTrace, SpanlogError, withSpan } from 'spanlog'
import { traceWinston } from 'spanlog/instrument'
import dropIn from 'spanlog/winston'
import { describe, expect, it } from 'vitest'
import plain, { type Logform, type Logger, type LoggerOptions } from 'winston'
import { type ContractLogger, describeLoggerAdapter, type MakeLogger } from '../contract/logger-adapter.js'

const { combine, errors, json, printf, splat } = plain.format
const LEVEL = Symbol.for('level')

describeLoggerAdapter(
  'spanlog/winston',
  maker(dropIn, (logger) => logger),
)
describeLoggerAdapter('traceWinston', maker(plain, traceWinston))
describeLoggerAdapter(
  'traceWinston done twice, and of the drop-in',
  maker(dropIn, (logger) => traceWinston(traceWinston(logger))),
)

function maker(traced: typeof plain, wrap: (logger: Logger) => Logger): MakeLogger {
  return (write, isTraced) => {
    const options = { level: 'debug', format: combine(errors({ stack: true }), hide(), json()), transports: linesTo(write) }
    return contractLogger(isTraced ? wrap(traced.createLogger(options)) : plain.createLogger(options))
  }
}

function contractLogger(logger: Logger): ContractLogger {
  return {
    log: (level, message, fields) => void (fields === undefined ? logger[level](message) : logger[level](message, fields)),
    // Given the error itself, winston sets level and default metadata on it.
    logError: (error) => void logger.error({ message: error }),
    child: (fields) => contractLogger(logger.child(fields)),
  }
}

function hide(): Logform.Format {
  return plain.format((info) => {
    if (info.password !== undefined) info.password = '[hidden]'
    if (typeof info.user === 'object' && info.user !== null) info.user = (info.user as { id: unknown }).id
    return info
  })()
}

function linesTo(write: (line: string) => void, options: object = {}): InstanceType<typeof plain.transports.Stream> {
  const stream = new Writable({
    decodeStrings: false,
    write(line: string, _, done) {
      write(line)
      done()
    },
  })
  return new plain.transports.Stream({ stream, eol: '', ...options })
}

function tracedLogger(options: LoggerOptions = {}): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const logger = traceWinston(plain.createLogger({ transports: linesTo((line) => lines.push(line)), ...options }))
  return { logger, lines }
}

/** Runs `log` in a trace and returns its IDs. */
function inTrace(log: () => void): { trace_id: string; span_id: string; trace_flags: string } {
  return withSpan('charge card', () => {
    log()
    const { traceId, spanId } = currentTrace() as SpanContext
    return { trace_id: traceId, span_id: spanId, trace_flags: '02' }
  })
}

class Refusal extends Error {
  #reason: string
  constructor(reason: string) {
    super('refused')
    this.#reason = reason
  }

  get reason(): string {
    return this.#reason
  }
}

describe('a traced winston logger', () => {
  it.each<[string, (logger: Logger) => unknown, object]>([
    ['a message', (log) => log.info('line'), { message: 'line' }],
    ['an empty call', (log) => log.info(''), { message: '' }],
    ['a message and metadata', (log) => log.info('line', { a: 1 }), { message: 'line', a: 1 }],
    ['an info object', (log) => log.info({ message: 'line', a: 1 }), { message: 'line', a: 1 }],
    ['an object that is no info', (log) => log.info({ a: 1 }), { message: { a: 1 } }],
    ['a number', (log) => log.info(7), { message: 7 }],
    ['log and a message', (log) => log.log('info', 'line'), { message: 'line' }],
    ['log, a message and metadata', (log) => log.log('info', 'line', { a: 1 }), { message: 'line', a: 1 }],
    ['log and an info object', (log) => log.log({ level: 'info', message: 'line', a: 1 }), { message: 'line', a: 1 }],
    ['log and an object for the message', (log) => log.log('info', { message: 'line', a: 1 }), { message: 'line', a: 1 }],
    ['placeholders and metadata', (log) => log.info('%s of %d', 'one', 2, { a: 1 }), { message: 'one of 2', a: 1 }],
    ['several metadata', (log) => log.info('line', { a: 1 }, { b: 2 }), { message: 'line', a: 1, b: 2 }],
    ['an error', (log) => log.info(new TypeError('no card')), { message: 'no card' }],
    ['an error behind a message', (log) => log.info('failed:', new TypeError('no card')), { message: 'failed: no card' }],
    ['an error for the message', (log) => log.log('info', new TypeError('no card')), { message: 'no card' }],
    ['an error that has private fields', (log) => log.info(new Refusal('limit')), { message: 'refused' }],
    ['an aborted request', (log) => log.info(new DOMException('aborted', 'AbortError')), { message: 'aborted' }],
    ['a map, of which winston writes the own properties', (log) => log.log('info', Object.assign(new Map(), { a: 1 })), { a: 1 }],
    ['bytes', (log) => log.log('info', new Uint8Array([7])), { 0: 7 }],
    ['an object without prototype', (log) => log.info(Object.assign(Object.create(null), { message: 'line' })), { message: 'line' }],
    ['write', (log) => log.write({ level: 'info', message: 'line' }), { message: 'line' }],
    ['a child', (log) => log.child({ part: 'db' }).info('line', { a: 1 }), { message: 'line', part: 'db', a: 1 }],
    ['a child of a child, given an error', (log) => log.child({ a: 1 }).child({ b: 2 }).info(new Error('no card')), { a: 1, b: 2 }],
    ['a timer', (log) => log.startTimer().done({ message: 'timed' }), { message: 'timed' }],
    ['an unbound method', (log) => Reflect.apply(log.info, undefined, ['line']), { message: 'line' }],
  ])('puts the fields into the line of %s, at the top', (_, call, expected) => {
    const { logger, lines } = tracedLogger({ format: combine(errors(), splat(), json()) })
    const fields = inTrace(() => call(logger))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 'info', ...expected, ...fields })
  })

  it('shows a layout of text the fields', () => {
    const { logger, lines } = tracedLogger({
      format: printf((info) => `[${String(info.trace_id)}:${String(info.span_id)}] ${info.level.toUpperCase()} ${String(info.message)}`),
    })
    const { trace_id, span_id } = inTrace(() => logger.warn('card charged'))
    logger.warn('outside')
    expect(lines).toEqual([`[${trace_id}:${span_id}] WARN card charged`, '[undefined:undefined] WARN outside'])
  })

  it('shows a layout the message of an error whose prototype default metadata took', () => {
    const defaultMeta = JSON.parse('{ "__proto__": null }') as object
    const { logger, lines } = tracedLogger({
      defaultMeta,
      format: printf((info) => `${info.trace_id as string} ${info.message as string}`),
    })
    const { trace_id } = inTrace(() => logger.log('info', new TypeError('no card')))
    expect(lines).toEqual([`${trace_id} no card`])
  })

  it('gives each transport the fields, through its own format and from its own level on', () => {
    const texts: string[] = []
    const alarms: string[] = []
    const { logger, lines } = tracedLogger()
    logger.add(linesTo((line) => texts.push(line), { format: printf((info) => `${String(info.trace_id)} ${String(info.message)}`) }))
    logger.add(linesTo((line) => alarms.push(line), { level: 'error' }))
    const { trace_id } = inTrace(() => {
      logger.info('one')
      logger.error('two')
    })
    expect(lines).toHaveLength(2)
    expect(texts).toEqual([`${trace_id} one`, `${trace_id} two`])
    expect(alarms.map((line) => JSON.parse(line) as unknown)).toEqual([expect.objectContaining({ message: 'two', trace_id })])
  })

  it.each<[string, LoggerOptions, (logger: Logger) => unknown]>([
    ['metadata', {}, (log) => log.info('line', { trace_id: 'mine' })],
    ['metadata that splat merges later', { format: combine(splat(), json()) }, (log) => log.info('a %s', 'line', { trace_id: 'mine' })],
    ['an info object', {}, (log) => log.info({ message: 'line', trace_id: 'mine' })],
    ['the default metadata', { defaultMeta: { trace_id: 'mine' } }, (log) => log.info('line')],
    ['a child', {}, (log) => log.child({ trace_id: 'mine' }).info('line')],
    ['an error', { format: combine(errors(), json()) }, (log) => log.error(Object.assign(new Error('x'), { trace_id: 'mine' }))],
    ['a format', { format: combine(plain.format((info) => ({ ...info, trace_id: 'mine' }))(), json()) }, (log) => log.info('line')],
  ])("keeps the user's own trace_id from %s, once", (_, options, call) => {
    const { logger, lines } = tracedLogger(options)
    const { span_id } = inTrace(() => call(logger))
    expect(JSON.parse(lines[0] as string)).toMatchObject({ trace_id: 'mine', span_id })
    expect(lines[0]?.split('"trace_id":')).toHaveLength(2)
  })

  it("adds nothing to the user's objects: infos, errors, metadata, default metadata and those of children", () => {
    const defaultMeta = { service: 'shop' }
    const { logger } = tracedLogger({ defaultMeta, format: combine(errors({ stack: true }), splat(), json()) })
    const info = { level: 'info', message: 'an info', list: [1] }
    const error = new Refusal('limit')
    const meta = { a: 1 }
    const childMeta = { part: 'db' }
    inTrace(() => {
      logger.log(info)
      logger.write(info)
      logger.info('line', meta)
      logger.info('%s', 'line', meta)
      logger.error(error)
      logger.error('failed', error)
      logger.child(childMeta).info('line')
    })
    // What winston itself sets on what it is given: the level and the default metadata, but not what the formats made.
    expect(info).toEqual({ level: 'info', message: 'an info', list: [1], service: 'shop', [LEVEL]: 'info' })
    expect(new Set(Reflect.ownKeys(error))).toEqual(new Set(['message', 'stack', 'level', 'service', LEVEL]))
    expect({ defaultMeta, meta, childMeta }).toEqual({ defaultMeta: { service: 'shop' }, meta: { a: 1 }, childMeta: { part: 'db' } })
  })

  it('logs an object that was logged in another trace without that one', () => {
    const { logger, lines } = tracedLogger({ format: combine(errors(), json()) })
    const error = new Error('no card')
    const first = inTrace(() => logger.error(error))
    const second = inTrace(() => logger.error(error))
    logger.error(error)
    const ids = lines.map((line) => (JSON.parse(line) as { trace_id?: string }).trace_id)
    expect(ids).toEqual([first.trace_id, second.trace_id, undefined])
  })

  it('shows formats the error that it was given, getters and class and all', () => {
    const seen: unknown[] = []
    const look = plain.format((info) => {
      const error = info as unknown as Refusal
      seen.push([error instanceof Refusal, error.reason, error.message, error.stack, Object.keys(error), String(error)])
      return info
    })
    const { logger } = tracedLogger({ format: combine(look(), json()) })
    const error = new Refusal('limit')
    inTrace(() => logger.error(error))
    expect(seen).toEqual([[true, 'limit', 'refused', error.stack, ['level', 'trace_id', 'span_id', 'trace_flags'], 'Error: refused']])
  })

  it("shows no layout what a format has deleted from an error's copy", () => {
    const forget = plain.format((info) => {
      delete info.password
      return info
    })
    const { logger, lines } = tracedLogger({
      format: combine(
        forget(),
        printf((info) => `${String(info.message)} ${String(info.password)}`),
      ),
    })
    inTrace(() => logger.error(Object.assign(new Error('no card'), { password: 'secret' })))
    expect(lines).toEqual(['no card undefined'])
  })

  it('puts the fields into what an error says itself that it is in JSON', () => {
    class HttpError extends Error {
      status = 502
      toJSON(): object {
        return { message: this.message, status: this.status }
      }
    }
    const { logger, lines } = tracedLogger()
    const fields = inTrace(() => logger.error(new HttpError('bad gateway')))
    expect(JSON.parse(lines[0] as string)).toEqual({ message: 'bad gateway', status: 502, ...fields })
  })

  it('writes what a format hides neither from an instance that says in JSON what it is, nor if that takes private fields', () => {
    class Order {
      #paid = true
      message = 'order'
      constructor(public card: string) {}
      toJSON(): object {
        return { message: this.message, card: this.card, paid: this.#paid }
      }
    }
    const hideCard = plain.format((info) => Object.assign(info, { card: '***' }))
    const { logger, lines } = tracedLogger({ format: combine(hideCard(), json()) })
    const fields = inTrace(() => logger.info(new Order('4711')))
    expect(JSON.parse(lines[0] as string)).toEqual({ level: 'info', message: 'order', card: '***', ...fields })
  })

  it.each<[string, () => unknown]>([
    ['an array', () => ['a']],
    ['a date', () => new Date(0)],
    ['a boxed text', () => new Object('text')],
  ])('writes %s that is logged as an info as winston does', (_, make) => {
    const { logger, lines } = tracedLogger()
    inTrace(() => logger.log('info', make()))
    const expected: string[] = []
    plain.createLogger({ transports: linesTo((line) => expected.push(line)) }).log('info', make())
    expect(lines).toEqual(expected)
    expect(lines).toHaveLength(1)
  })

  it('works with custom levels, with transports added later and after it is configured anew', () => {
    const lines: string[] = []
    const logger = traceWinston(plain.createLogger({ levels: { boom: 0, audit: 1, chat: 2 }, level: 'audit' })) as unknown as Logger &
      Record<'boom' | 'audit' | 'chat', (message: string) => void>
    logger.add(linesTo((line) => lines.push(line)))
    const { trace_id } = inTrace(() => {
      logger.audit('one')
      logger.chat('below the level')
    })
    logger.configure({ level: 'chat', transports: linesTo((line) => lines.push(line)) })
    const again = inTrace(() => logger.chat('two'))
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'audit', trace_id }),
      expect.objectContaining({ level: 'chat', message: 'two', trace_id: again.trace_id }),
    ])
  })

  it('writes nothing while silent', () => {
    const { logger, lines } = tracedLogger({ silent: true })
    inTrace(() => logger.error('line'))
    expect(lines).toEqual([])
  })

  it('stays what it was: class, methods, options and own properties', () => {
    const options = { format: json(), defaultMeta: { a: 1 }, level: 'warn' }
    const logger = plain.createLogger({ ...options })
    const keys = Reflect.ownKeys(logger)
    const { constructor } = logger
    expect(traceWinston(logger)).toBe(logger)
    expect(Reflect.ownKeys(logger)).toEqual(keys)
    expect(logger).toBeInstanceOf(plain.Logger)
    expect(logger.constructor).toBe(constructor)
    expect(logger).toMatchObject(options)
    expect(logger.format).toBe(options.format)
    expect([logger.log.length, logger.write.length, logger.info.name]).toEqual([2, 3, ''])
    expect([logger.isLevelEnabled('warn'), logger.isInfoEnabled()]).toEqual([true, false])
  })

  it('takes up a write that somebody has put on the logger itself', () => {
    const { logger, lines } = tracedLogger()
    const own = plain.createLogger({ transports: linesTo((line) => lines.push(line)) })
    const seen: unknown[] = []
    const write = own.write.bind(own)
    own.write = (info: { trace_id?: string }) => {
      seen.push(info.trace_id)
      return write(info)
    }
    const { trace_id } = inTrace(() => {
      traceWinston(own).info('line')
      logger.info('line')
    })
    expect(seen).toEqual([trace_id])
    expect(lines).toHaveLength(2)
  })

  it('is the whole logger if a child is given', () => {
    const lines: string[] = []
    const root = plain.createLogger({ transports: linesTo((line) => lines.push(line)) })
    const child = root.child({ part: 'db' })
    expect(traceWinston(child)).toBe(child)
    inTrace(() => {
      child.info('child')
      root.info('root')
    })
    for (const line of lines) expect(line.split('"trace_id":')).toHaveLength(2)
    expect(lines).toHaveLength(2)
  })

  it('leaves loggers alone that nobody gave it', () => {
    tracedLogger()
    const lines: string[] = []
    const other = plain.createLogger({ transports: linesTo((line) => lines.push(line)) })
    inTrace(() => other.info('line'))
    expect(lines).toEqual(['{"level":"info","message":"line"}'])
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'winston'],
    ['an object', {}],
    ['a stream', new Writable()],
    ['some other logger', { info() {}, log() {}, write() {} }],
    ['the module', () => plain],
  ])('is nothing else: %s is refused', (_, given) => {
    const wrong = () => traceWinston((typeof given === 'function' ? (given as () => unknown)() : given) as object)
    expect(wrong).toThrow(SpanlogError)
    expect(wrong).toThrow(/Expected `logger` to be a logger of winston 3/)
  })
})
