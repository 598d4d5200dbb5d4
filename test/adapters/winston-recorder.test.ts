import { setTimeout as sleep } from 'node:timers/promises'
import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import { configure, runWithTrace, spanlogStats, withSpan, writeKeptLines } from 'spanlog'
import { traceWinston } from 'spanlog/instrument'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import winston, { type Logger, type LoggerOptions } from 'winston'
import { eventually } from '../support/http.js'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const messageKey = Symbol.for('message')

interface TransportOptions {
  level?: string
  format?: object
  silent?: boolean
  handleExceptions?: boolean
  highWaterMark?: number
}

// winston's types leave it out.
const { Transport } = winston as unknown as { Transport: new (options?: TransportOptions) => winston.transport }

interface Info extends Record<string | symbol, unknown> {
  level: string
  message: string
}

beforeEach(() => configure({ flightRecorder: { level: 'debug', trigger: 'error', bytesPerTrace: 65_536, bytes: 1 << 24, traces: 1_000 } }))
afterEach(() => {
  vi.restoreAllMocks()
  configure({ flightRecorder: false, mirror: { level: 'info' } })
  trace.disable()
  context.disable()
})

/** A transport that writes at once, or, with `slow`, each line some time after the one before. */
class Memory extends Transport {
  readonly written: Info[] = []

  constructor(
    options: TransportOptions = {},
    private readonly slow = false,
  ) {
    super(options)
  }

  override log(info: Info, next: () => void): void {
    this.written.push(info)
    if (this.slow) setTimeout(next, 1)
    else next()
  }

  get messages(): string[] {
    return this.written.map(({ message }) => message)
  }

  get lines(): unknown[] {
    return this.written.map((info) => info[messageKey])
  }
}

function recorded(options: LoggerOptions = {}, memory = new Memory()) {
  return { log: traceWinston(winston.createLogger({ transports: [memory], ...options })), memory }
}

describe('the flight recorder of winston', () => {
  it.each<[string, (log: Logger, span: Span) => unknown, string[]]>([
    ['an error line writes them before it', (log) => log.error('failed'), ['a', 'b', 'failed']],
    ['a warning does not', (log) => log.warn('odd'), ['odd']],
    ['writeKeptLines writes them', () => expect(writeKeptLines()).toBe(2), ['a', 'b']],
    ['an error status of the span writes them', (_, span) => span.setStatus({ code: SpanStatusCode.ERROR }), ['a', 'b']],
    ['a span inside that ends well does not', () => withSpan('inner', () => undefined), []],
    [
      'lines after the failure pass',
      (log) => [log.error('failed'), log.debug('c'), log.child({}).debug('d')],
      ['a', 'b', 'failed', 'c', 'd'],
    ],
  ])('keeps the lines below the level; %s', (_name, act, expected) => {
    for (const sdk of [false, true]) {
      if (sdk) new NodeTracerProvider().register()
      const { log, memory } = recorded()
      withSpan('request', (span) => {
        log.debug('a')
        log.silly('not kept')
        log.child({ part: 'db' }).log('debug', 'b')
        expect(memory.messages).toEqual([])
        act(log, span)
      })
      expect(memory.messages).toEqual(expected)
      log.debug('outside')
      expect(memory.messages).toEqual(expected)
      expect(spanlogStats().flightRecorder).toMatchObject({ keptBytes: 0, keptLines: 0, traces: 0 })
    }
  })

  it('gives each of several transports what it would not have got, once', () => {
    const [all, some, few] = [new Memory({ level: 'debug' }), new Memory(), new Memory({ level: 'error' })]
    const { log } = recorded({ transports: [all, some, few] })
    withSpan('request', () => [log.debug('a'), log.info('b'), log.error('failed'), log.debug('c')])
    expect(all.messages).toEqual(['a', 'b', 'failed', 'c'])
    expect(some.messages).toEqual(['b', 'a', 'failed', 'c'])
    expect(few.messages).toEqual(['a', 'b', 'failed', 'c'])
  })

  it('keeps what each transport’s own format makes of a line, when it is logged', () => {
    let clock = 0
    const format = winston.format((info) => ({ ...info, at: ++clock }))()
    const memory = new Memory({ format: winston.format.combine(format, winston.format.json()) })
    const { log } = recorded({ transports: [memory], format: winston.format.splat() })
    withSpan('request', () => {
      log.debug('a %s', 'one')
      log.info('b')
      log.debug('c')
      log.error('failed')
    })
    expect(memory.lines.map((line) => JSON.parse(String(line)) as Info).map(({ at, message }) => [at, message])).toEqual([
      [2, 'b'],
      [1, 'a one'],
      [3, 'c'],
      [4, 'failed'],
    ])
  })

  it('keeps what was logged, whatever becomes of the object later', () => {
    const { log, memory } = recorded()
    const order = { id: 7 }
    withSpan('request', () => {
      log.debug('a', { order })
      order.id = 8
      log.error('failed')
    })
    expect(memory.written[0]).toMatchObject({ order: { id: 7 } })
    expect(memory.lines[0]).toContain('"id":7')
  })

  it('says of levels what the logger says', () => {
    const { log } = recorded()
    withSpan('request', () => {
      log.debug('a')
      expect([log.level, log.isLevelEnabled('debug'), log.isDebugEnabled(), log.transports[0]?.level]).toEqual([
        'info',
        false,
        false,
        undefined,
      ])
      log.error('failed')
      expect([log.level, log.isLevelEnabled('debug'), log.isDebugEnabled(), log.transports[0]?.level]).toEqual([
        'info',
        false,
        false,
        undefined,
      ])
    })
  })

  it('heeds levels of one’s own', () => {
    const memory = new Memory()
    const levels = { fatal: 0, error: 1, notice: 2, detail: 3, debug: 4 }
    const { log } = recorded({ levels, level: 'notice', transports: [memory] })
    withSpan('request', () => [log.log('detail', 'a'), log.log('debug', 'b'), log.log('fatal', 'failed')])
    expect(memory.messages).toEqual(['a', 'b', 'failed'])
  })

  it.each<[string, LoggerOptions, Memory]>([
    ['a silent logger', { silent: true }, new Memory()],
    ['a silent transport', {}, new Memory({ silent: true })],
  ])('asks nothing of %s', (_, options, memory) => {
    const { log } = recorded({ transports: [memory], ...options })
    withSpan('request', () => [log.debug('a'), log.error('failed'), log.debug('b')])
    expect(memory.messages).toEqual([])
    expect(spanlogStats().flightRecorder.keptLines).toBe(0)
  })

  it('leaves the lines of crashes to their handlers', () => {
    const [memory, crashes] = [new Memory(), new Memory({ handleExceptions: true })]
    const { log } = recorded({ transports: [memory, crashes] })
    withSpan('request', () => [log.debug('a'), log.log({ level: 'error', message: 'crash', exception: true })])
    expect(memory.messages).toEqual([])
    expect(crashes.messages).toEqual(['crash'])
    log.exceptions.unhandle()
  })

  it('leaves out what a format leaves out, and what it fails for', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const format = winston.format((info) => {
      if (info.message === 'bad') throw new Error('format')
      return info.message === 'secret' ? false : info
    })()
    const memory = new Memory({ format })
    const { log } = recorded({ transports: [memory] })
    withSpan('request', () => [log.debug('bad'), log.debug('secret'), log.debug('a'), log.error('failed')])
    expect(memory.messages).toEqual(['a', 'failed'])
  })

  it('writes nothing to a transport that was removed or has ended', () => {
    const [removed, ended, memory] = [new Memory(), new Memory(), new Memory()]
    const { log } = recorded({ transports: [removed, ended, memory] })
    withSpan('request', () => {
      log.debug('a')
      log.remove(removed)
      log.remove(ended)
      ended.end()
      log.error('failed')
    })
    expect([removed.messages, ended.messages, memory.messages]).toEqual([[], [], ['a', 'failed']])
  })

  it('tells how many lines had to go, in their trace and at their level', () => {
    configure({ flightRecorder: { bytesPerTrace: 200 } })
    const { log, memory } = recorded()
    const { traceId } = withSpan('request', (span) => {
      for (let i = 0; i < 10; i++) log.debug(String(i))
      span.setStatus({ code: SpanStatusCode.ERROR })
      return span.spanContext()
    })
    expect(JSON.parse(String(memory.lines[0]))).toMatchObject({
      level: 'debug',
      message: 'flight recorder: 9 earlier lines of this trace had to go',
      lost_lines: 9,
      trace_id: traceId,
    })
    expect(memory.messages.slice(1)).toEqual(['9'])
  })

  it('never mixes concurrent traces, also where a slow transport holds lines back', async () => {
    const memory = new Memory({ highWaterMark: 2 }, true)
    const { log } = recorded({ transports: [memory] })
    const ids = await Promise.all(
      Array.from({ length: 8 }, (_, request) =>
        withSpan('request', { parent: null }, async (span) => {
          for (let i = 0; i < 4; i++) {
            log.debug(`debug ${request} ${i}`)
            log.info(`info ${request} ${i}`)
            await sleep((request * 3 + i) % 4)
          }
          if (request % 2 === 1) log.error(`error ${request}`)
          return span.spanContext().traceId
        }),
      ),
    )
    await eventually(() => memory.written.length === 8 * 4 + 4 * 5)
    const expected = ids.map((_, request) => {
      const own = Array.from({ length: 4 }, (_unused, i) => i)
      const infos = own.map((i) => `info ${request} ${i}`)
      return request % 2 === 1 ? [...infos, ...own.map((i) => `debug ${request} ${i}`), `error ${request}`] : infos
    })
    for (const [request, id] of ids.entries()) {
      const lines = memory.written.filter((info) => info['trace_id'] === id).map(({ message }) => message)
      expect(lines.toSorted()).toEqual(expected[request]?.toSorted())
      const debugs = lines.filter((message) => message.startsWith('debug'))
      expect(debugs).toEqual(debugs.toSorted())
    }
  })

  it('mirrors kept lines once they are written, if their span records by then and no transport wrote them before', () => {
    const exporter = new InMemorySpanExporter()
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
    configure({ mirror: { level: 'debug' } })
    const hiding = winston.format.combine(winston.format((info) => ({ ...info, password: '[hidden]' }))(), winston.format.json())
    const { log } = recorded({ transports: [new Memory({ format: hiding })] })
    const twice = recorded({ transports: [new Memory(), new Memory({ level: 'debug' })] }).log
    withSpan('well', () => log.debug('dropped'))
    withSpan('bad', () => [log.debug('a', { id: 7, password: 'secret' }), log.error('failed')])
    withSpan('twice', () => [twice.debug('a'), twice.error('failed')])
    withSpan('request', (span) => [withSpan('inner', () => log.debug('too late')), span.setStatus({ code: SpanStatusCode.ERROR })])
    const spans = exporter.getFinishedSpans()
    expect(spans.map(({ name, events }) => [name, events.map((event) => event.name)])).toEqual([
      ['well', []],
      ['bad', ['a', 'failed']],
      ['twice', ['a', 'failed']],
      ['inner', []],
      ['request', []],
    ])
    expect(spans[1]?.events[0]?.attributes).toMatchObject({ id: 7, password: '[hidden]' })
  })

  it('writes byte for byte what the transports would have written with a lower level', () => {
    fc.assert(
      fc.property(options, fc.array(call, { maxLength: 6 }), (chosen, calls) => {
        const lower = play({ ...chosen, transports: chosen.transports.map((one) => ({ ...one, level: 'silly' })) }, calls)
        const kept = play(chosen, calls)
        for (const [i, { level = chosen.level }] of chosen.transports.entries()) {
          const below = ({ call: at }: Written): boolean => ranks[(calls[at] as Call).level] > ranks[level]
          const expected = [...(lower[i] ?? []).filter((one) => !below(one)), ...(lower[i] ?? []).filter(below)]
          expect(kept[i]).toEqual(expected)
        }
      }),
      { numRuns: Number(process.env.SPANLOG_FIDELITY_RUNS ?? 300) },
    )
  })
})

const ranks = { error: 0, warn: 1, info: 2, http: 3, verbose: 4, debug: 5, silly: 6 } as const
type Level = keyof typeof ranks
const level = fc.constantFrom<Level[]>('error', 'warn', 'info', 'verbose', 'debug', 'silly')

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }).map((message) => new RangeError(message)),
  fc.constant(undefined),
)
const meta = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'password', 'message', 'stack', 'trace_id'), value), { maxLength: 3 })
  .map((entries) => Object.fromEntries(entries))

const { combine, json, simple, splat, errors, prettyPrint, printf, label } = winston.format
const format = fc.constantFrom(
  json(),
  simple(),
  combine(splat(), json()),
  combine(errors({ stack: true }), json()),
  combine(label({ label: 'db' }), prettyPrint()),
  printf(({ level: name, message }) => `${name}: ${String(message)}`),
  winston.format((info) => (info.level === 'verbose' ? false : { ...info, seen: true }))(),
)
const options = fc.record({
  level,
  format: fc.oneof(fc.constant(json()), format),
  defaultMeta: fc.oneof(fc.constant(undefined), meta),
  transports: fc.array(fc.record({ level: fc.oneof(fc.constant(undefined), level), format: fc.option(format, { nil: undefined }) }), {
    minLength: 1,
    maxLength: 3,
  }),
})
type Options = typeof options extends fc.Arbitrary<infer O> ? O : never

const call = fc.record({
  child: fc.option(meta, { nil: undefined }),
  level,
  args: fc.oneof(
    fc.tuple(fc.string({ unit: 'binary' })),
    fc.tuple(fc.constantFrom('%s and %d', 'line'), value),
    fc.tuple(fc.string(), meta),
    fc.tuple(fc.string().map((text) => new TypeError(text))),
  ),
})
type Call = typeof call extends fc.Arbitrary<infer C> ? C : never

interface Written {
  text: unknown
  /** Which call wrote it. */
  call: number
}

/** What each transport wrote of the calls in one trace, what was kept at its end. */
function play({ level: own, format: ownFormat, defaultMeta, transports }: Options, calls: readonly Call[]): Written[][] {
  // Forgets that the trace has failed.
  configure({ flightRecorder: false })
  configure({ flightRecorder: { level: 'trace', trigger: 'fatal' } })
  let at = -1
  const tag = winston.format((info) => Object.assign(info, { call: at }))()
  const memories = transports.map(
    (one) => new Memory({ ...(one.level && { level: one.level }), ...(one.format && { format: one.format }) }),
  )
  const log = traceWinston(
    winston.createLogger({
      level: own,
      format: combine(tag, ownFormat),
      transports: memories,
      ...(defaultMeta && { defaultMeta: structuredClone(defaultMeta) }),
    }),
  )
  runWithTrace({ traceparent }, () => {
    for (const [i, { child, level: name, args }] of calls.entries()) {
      at = i
      try {
        ;((child === undefined ? log : log.child(structuredClone(child)))[name as 'info'] as (...given: unknown[]) => void)(
          ...structuredClone(args),
        )
      } catch {
        // A format that fails: it fails with the lower level as well, if a transport is reached.
      }
    }
    writeKeptLines()
  })
  return memories.map(({ written }) => written.map((info) => ({ text: info[messageKey], call: info['call'] as number })))
}
