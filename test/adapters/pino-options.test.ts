import { channel } from 'node:diagnostics_channel'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { context, INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import plain10, { type DestinationStream, type Logger, type LoggerOptions } from 'pino'
import pretty from 'pino-pretty'
import installed9 from 'pino9'
import { configure, currentTrace, withSpan } from 'spanlog'
import { tracePino } from 'spanlog/instrument'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

// Their types differ in what no test uses.
const plain9 = installed9 as unknown as typeof plain10

const exporter = new InMemorySpanExporter()
beforeAll(() => {
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
})
beforeEach(() => exporter.reset())
afterAll(() => {
  trace.disable()
  context.disable()
})

describe.each([
  ['pino 10', plain10],
  ['pino 9', plain9],
])('a traced logger of %s', (_, pino) => {
  /** Logs inside one span. */
  function inSpan(
    options: LoggerOptions<string>,
    log: (logger: Logger<string>) => void,
  ): { lines: string[]; line: Record<string, unknown>; trace: string } {
    const lines: string[] = []
    const logger = tracePino(pino(options, { write: (line) => lines.push(line) }))
    const id = withSpan('charge card', (span) => {
      log(logger)
      return span.spanContext().traceId
    })
    return {
      lines,
      get line() {
        return JSON.parse(lines[0] ?? '{}') as Record<string, unknown>
      },
      trace: id,
    }
  }

  /** The first event of that span. */
  function event(): { name: string; attributes?: object } {
    const found = exporter.getFinishedSpans()[0]?.events[0]
    if (found === undefined) throw new Error('no event was recorded')
    return found
  }

  function eventNames(): string[] {
    return exporter.getFinishedSpans().flatMap((span) => span.events.map(({ name }) => name))
  }

  it('has the IDs at the top under nestedKey', () => {
    const { line, trace: id } = inSpan({ nestedKey: 'payload' }, (log) => log.info({ trace_id: 'of the payload', a: 1 }, 'line'))
    expect(line).toMatchObject({ trace_id: id, payload: { trace_id: 'of the payload', a: 1 } })
  })

  it("shows them uncensored under redact: ['*']", () => {
    const { line, trace: id } = inSpan({ redact: ['*'] }, (log) => log.info({ password: 'secret' }, 'line'))
    expect(line).toMatchObject({ trace_id: id, password: '[Redacted]' })
  })

  it('has them beside a mixin, whose object stays as it was', () => {
    const shared = { host: 'a' }
    const { line, trace: id } = inSpan({ mixin: () => ({ ...shared }) }, (log) => log.info({ a: 1 }, 'line'))
    expect(line).toMatchObject({ host: 'a', a: 1, trace_id: id })
    expect(shared).toEqual({ host: 'a' })
  })

  it.each<[string, LoggerOptions<string>, Record<string, unknown>]>([
    ['a mixin', { mixin: () => ({ trace_id: 'mine' }) }, { trace_id: 'mine' }],
    ['formatters.log', { formatters: { log: (object) => ({ ...object, span_id: 'mine' }) } }, { span_id: 'mine' }],
    ['formatters.bindings', { formatters: { bindings: () => ({ trace_flags: 'mine' }) } }, { trace_flags: 'mine' }],
    ['formatters.level', { formatters: { level: (label) => ({ level: label, trace_id: 'mine' }) } }, { trace_id: 'mine' }],
    ['base', { base: { trace_id: 'mine' } }, { trace_id: 'mine' }],
    ['timestamp', { timestamp: () => ',"time":1,"span_id":"mine"' }, { span_id: 'mine' }],
    ['messageKey', { messageKey: 'trace_id' }, { trace_id: 'line' }],
    ['nestedKey', { nestedKey: 'span_id' }, { span_id: { a: 1 } }],
    ['a serializer', { serializers: { trace_id: () => 'mine' }, mixin: () => ({ trace_id: 1 }) }, { trace_id: 'mine' }],
  ])("leaves a field of the trace's name that comes from %s, and adds the others", (__, options, own) => {
    const { lines, line } = inSpan(options, (log) => log.info({ a: 1 }, 'line'))
    expect(line).toMatchObject(own)
    for (const key of ['trace_id', 'span_id', 'trace_flags']) {
      expect(lines[0]?.split(`"${key}":`)).toHaveLength(2)
    }
  })

  it('has its own where a serializer takes the user’s away', () => {
    const { line, trace: id } = inSpan({ serializers: { trace_id: () => undefined } }, (log) => log.info({ trace_id: 'mine' }, 'line'))
    expect(line).toMatchObject({ trace_id: id })
  })

  it('has them after setBindings, in the old bindings’ place', () => {
    const { lines, trace: id } = inSpan({}, (log) => {
      log.info('one')
      log.setBindings({ part: 'db' })
      log.info('two')
      log.setBindings({ trace_id: 'mine' })
      log.info('three')
    })
    const [one, two, three] = lines.map((line) => JSON.parse(line) as object)
    expect(one).not.toHaveProperty('part')
    expect(two).toMatchObject({ part: 'db', trace_id: id })
    expect(three).toMatchObject({ part: 'db', trace_id: 'mine' })
    expect(lines[2]?.split('"trace_id"')).toHaveLength(2)
  })

  it('never bakes them into bindings, of a child or its own', () => {
    inSpan({}, (log) => {
      log.info('line')
      expect(log.child({ part: 'db' }).bindings()).toEqual({ part: 'db' })
      expect(log.bindings()).toEqual({})
    })
  })

  it('has them with custom levels, of a child too', () => {
    const options = { customLevels: { audit: 35 } }
    const { lines, trace: id } = inSpan(options, (log) => {
      log.audit?.('one')
      log.child({}, { customLevels: { secret: 45 } }).secret?.('two')
    })
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: 35, trace_id: id }),
      expect.objectContaining({ level: 45, trace_id: id }),
    ])
  })

  it('has the IDs of each line where a serializer logs in another trace', () => {
    const ids: unknown[] = []
    const { lines } = inSpan({}, (log) => {
      const nosy = {
        toJSON() {
          withSpan('inner', { parent: null }, () => {
            ids.push(currentTrace()?.traceId)
            log.info('inner')
          })
          return 'serialized'
        },
      }
      ids.push(currentTrace()?.traceId)
      log.info({ nosy }, 'outer')
    })
    const [inner, outer] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect([outer?.trace_id, inner?.trace_id]).toEqual(ids)
    expect(outer).toMatchObject({ nosy: 'serialized', msg: 'outer' })
  })

  it('leaves the stream its metadata: object, message, level, time and the logger itself', () => {
    const seen: unknown[] = []
    const stream = {
      [Symbol.for('pino.metadata')]: true as const,
      write() {
        const { lastObj, lastMsg, lastLevel, lastTime, lastLogger } = stream as unknown as Record<string, unknown>
        seen.push([lastObj, lastMsg, lastLevel, lastTime, lastLogger])
      },
    }
    const logger = tracePino(pino({ timestamp: () => ',"time":17' }, stream as unknown as DestinationStream))
    const child = logger.child({})
    const object = { a: 1 }
    withSpan('charge card', () => child.warn(object, 'line'))
    expect(seen).toEqual([[object, 'line', 40, '17', child]])
    expect((seen[0] as unknown[])[0]).toBe(object)
    expect((seen[0] as unknown[])[4]).toBe(child)
  })

  it('can be laid out as [trace_id:span_id] LEVEL message by pino-pretty', async () => {
    const written: string[] = []
    const stream = pretty({
      colorize: false,
      messageFormat: '[{trace_id}:{span_id}] {levelLabel} {msg}',
      ignore: 'pid,hostname,time,level,trace_id,span_id,trace_flags',
      destination: new Writable({
        write(chunk, __, done) {
          written.push(String(chunk))
          done()
        },
      }),
    })
    const { traceId, spanId } = withSpan('charge card', (span) => {
      tracePino(pino({}, stream)).info('line')
      return span.spanContext()
    })
    stream.end()
    await finished(stream)
    expect(written.join('').trim()).toBe(`[${traceId}:${spanId}] INFO line`)
  })

  it('reaches each stream of a multistream', () => {
    const lines: string[] = []
    const errors: string[] = []
    const streams = pino.multistream([
      { stream: { write: (line) => lines.push(line) } },
      { level: 'error', stream: { write: (line) => errors.push(line) } },
    ])
    const logger = tracePino(pino({}, streams))
    withSpan('charge card', () => {
      logger.info('line')
      logger.error('bad')
    })
    expect([lines.length, errors.length]).toEqual([2, 1])
    expect(errors[0]).toContain('"trace_id":"')
  })

  it('shows itself on the diagnostics channel, and outside a trace its arguments and its line', () => {
    const seen: { instance: unknown; arguments: ArrayLike<unknown>; result?: unknown }[] = []
    const listener = (message: unknown): number => seen.push(message as never)
    const end = channel('tracing:pino_asJson:end')
    end.subscribe(listener)
    const lines: string[] = []
    const logger = tracePino(pino({}, { write: (line) => lines.push(line) }))
    const object = { a: 1 }
    logger.info(object, 'line')
    end.unsubscribe(listener)
    expect(seen).toHaveLength(1)
    expect(seen[0]?.instance).toBe(logger)
    expect(Array.from(seen[0]?.arguments ?? []).slice(0, 3)).toEqual([object, 'line', 30])
    expect(seen[0]?.result).toBe(lines[0])
  })

  it('shows no more than before to who lists its properties', () => {
    const logger = pino({ base: null }, { write: () => undefined })
    const before = Reflect.ownKeys({ ...logger })
    tracePino(logger)
    withSpan('charge card', () => logger.info('line'))
    expect(Reflect.ownKeys({ ...logger })).toEqual(before)
  })

  it('writes as pino does where the active span has no valid IDs, or cannot be asked', () => {
    const write = (log: (logger: Logger) => void): string[] => {
      const lines: string[] = []
      const logger = pino({ timestamp: false }, { write: (line) => lines.push(line) })
      logger.info('line')
      log(tracePino(logger))
      return lines
    }
    const broken = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
    const invalid = write((logger) => context.with(trace.setSpan(context.active(), broken), () => logger.info('line')))
    expect(invalid[1]).toBe(invalid[0])

    const throwing = Object.assign(trace.wrapSpanContext(INVALID_SPAN_CONTEXT), {
      spanContext() {
        throw new Error('no context')
      },
    })
    const asked = write((logger) => context.with(trace.setSpan(context.active(), throwing), () => logger.info('line')))
    expect(asked[1]).toBe(asked[0])
  })

  it('leaves a line as it is that somebody else’s asJson begins in its own way', () => {
    const asJsonKey = pino.symbols.asJsonSym
    const lines: string[] = []
    const logger = pino({ formatters: { log: (object) => object } }, { write: (line) => lines.push(line) })
    Object.assign(logger, { [asJsonKey]: (object: object, message: string) => `custom ${message} ${JSON.stringify(object)}\n` })
    tracePino(logger)
    withSpan('charge card', () => logger.info({ a: 1 }, 'line'))
    expect(lines).toEqual(['custom line {"a":1}\n'])
    expect(eventNames()).toEqual([])
  })

  describe('mirrors', () => {
    it('bindings and fields, but nothing of level, time and the default base', () => {
      inSpan({ name: 'shop' }, (log) => log.child({ part: 'db' }).info({ rows: 3 }, 'line'))
      expect(event().name).toBe('line')
      expect(event().attributes).toEqual({ name: 'shop', part: 'db', rows: 3, 'log.severity_number': 9, 'log.severity_text': 'info' })
    })

    it("the user's own fields of those names", () => {
      inSpan({ base: { pid: 1, hostname: 'pod-7' } }, (log) => log.info({ level: 'high', time: 'noon', trace_id: 'theirs' }, 'line'))
      expect(event().attributes).toMatchObject({ pid: 1, hostname: 'pod-7', level: 'high', time: 'noon', trace_id: 'theirs' })
    })

    it('the message and the error under keys of one’s own, and what else the error holds', () => {
      inSpan({ messageKey: 'message', errorKey: 'problem' }, (log) =>
        log.warn(Object.assign(new RangeError('too far'), { code: 'E_FAR' }), 'line'),
      )
      const [line, exception] = exporter.getFinishedSpans()[0]?.events ?? []
      expect(line?.name).toBe('line')
      expect(line?.attributes).toMatchObject({ 'problem.code': 'E_FAR', 'log.severity_text': 'warn' })
      expect(line?.attributes).not.toHaveProperty('problem.stack')
      expect(exception?.attributes).toMatchObject({ 'exception.type': 'RangeError', 'exception.message': 'too far' })
    })

    it('an error under nestedKey', () => {
      inSpan({ nestedKey: 'payload' }, (log) => log.error({ a: 1, err: new RangeError('too far') }, 'line'))
      expect(eventNames()).toEqual(['line', 'exception'])
      expect(event().attributes).toMatchObject({ 'payload.a': 1 })
    })

    it('an error as it was written, its stack redacted', () => {
      inSpan({ redact: ['err.stack'] }, (log) => log.error(new RangeError('too far')))
      const exception = exporter.getFinishedSpans()[0]?.events[1]
      expect(exception?.attributes).toEqual({
        'exception.type': 'RangeError',
        'exception.message': 'too far',
        'exception.stacktrace': '[Redacted]',
      })
    })

    it('what hooks.streamWrite made of the line', () => {
      const hooks = Object.freeze({ streamWrite: (line: string) => line.replaceAll('4111-1111', '****') })
      const { lines } = inSpan({ hooks }, (log) => log.info({ card: '4111-1111' }, 'charged 4111-1111'))
      const isHooked = lines[0]?.includes('4111') === false
      expect(isHooked).toBe(true)
      expect(event()).toMatchObject({ name: 'charged ****', attributes: { card: '****' } })
    })

    it('what hooks.streamWrite made of its beginning too', () => {
      const streamWrite = (line: string): string => line.replace('{"level":30', '{"v":1,"level":30').replace('"trace_flags"', '"flags"')
      inSpan({ hooks: { streamWrite }, timestamp: false }, (log) => log.info({ a: 1 }, 'line'))
      expect(event()).toMatchObject({ name: 'line', attributes: { v: 1, a: 1 } })
      expect(Object.keys(event().attributes ?? {})).not.toEqual(expect.arrayContaining(['trace_id']))
      expect(Object.keys(event().attributes ?? {})).not.toEqual(expect.arrayContaining(['level']))
    })

    it('nothing of a line that hooks.streamWrite turned into no JSON', () => {
      const { lines } = inSpan({ hooks: { streamWrite: () => 'secret=hidden\n' } }, (log) => log.info({ secret: 'plain' }, 'line'))
      expect(lines).toEqual(['secret=hidden\n'])
      expect(eventNames()).toEqual([])
    })

    it('severities by the name of the level first, then by its number', () => {
      const customLevels = { emerg: 7, notice: 2, audit: 45 }
      inSpan({ customLevels, useOnlyCustomLevels: true, level: 'notice' }, (log) => {
        log.emerg?.('one')
        log.notice?.('two')
        log.audit?.('three')
      })
      expect(exporter.getFinishedSpans()[0]?.events.map(({ attributes }) => attributes?.['log.severity_number'])).toEqual([22, 10, 13])
    })

    it('lines that carry an ID of the user’s own', () => {
      inSpan({ formatters: { log: (object) => ({ ...object, formatted: true }) } }, (log) => log.info({ span_id: 'mine' }, 'line'))
      expect(event().attributes).toMatchObject({ span_id: 'mine', formatted: true })
      expect(event().attributes).not.toHaveProperty('trace_id')
    })

    it('nothing below the level, nor in a span that records nothing', () => {
      configure({ mirror: { level: 'error' } })
      inSpan({}, (log) => log.info('line'))
      configure({ mirror: { level: 'info' } })
      expect(eventNames()).toEqual([])
    })
  })
})

it.each([
  ['nothing', undefined],
  ['no logger', { info: () => undefined }],
  ['the module', plain10],
])('tracePino refuses %s', (_, value) => {
  expect(() => tracePino(value as unknown as Logger)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }) as Error)
})
