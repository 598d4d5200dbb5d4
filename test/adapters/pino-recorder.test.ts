import { setTimeout as sleep } from 'node:timers/promises'
import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import plain10, { type DestinationStream, type Logger, type LoggerOptions, multistream as multistream10, stdSerializers } from 'pino'
import installed9 from 'pino9'
import { bindTrace, configure, runWithTrace, spanlogStats, withSpan, writeKeptLines } from 'spanlog'
import { tracePino } from 'spanlog/instrument'
import { FlightRecorderSpanProcessor } from 'spanlog/tracing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// Their types differ in what no test uses.
const plain9 = installed9 as unknown as typeof plain10
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

beforeEach(() => configure({ flightRecorder: { level: 'debug', trigger: 'error', bytesPerTrace: 65_536, bytes: 1 << 24, traces: 1_000 } }))
afterEach(() => {
  vi.restoreAllMocks()
  configure({ flightRecorder: false, mirror: { level: 'info' } })
  trace.disable()
  context.disable()
})

describe.each([
  ['pino 10', plain10],
  ['pino 9', plain9],
])('the flight recorder of %s', (_, pino) => {
  function recorded(options: LoggerOptions<string> = {}, destination?: (lines: string[]) => DestinationStream) {
    const lines: string[] = []
    const stream = destination?.(lines) ?? { write: (line: string) => lines.push(line) }
    const log = tracePino(pino({ base: null, timestamp: false, ...options }, stream)) as Logger<string>
    return { log, lines, messages: () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg) }
  }

  /** A request whose end the test decides. */
  function request() {
    let settle: { resolve: () => void; reject: (error: Error) => void } | undefined
    let run: (fn: () => unknown) => unknown = () => undefined
    const done = withSpan('request', { parent: null }, () => {
      run = bindTrace((fn: () => unknown) => fn())
      return new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
    })
    return {
      run,
      end: async (failure?: Error) => {
        if (failure === undefined) settle?.resolve()
        else settle?.reject(failure)
        await done.catch(() => undefined)
      },
    }
  }

  it.each<[string, (log: Logger<string>, span: Span) => unknown, string[]]>([
    ['an error line writes them before it', (log) => log.error('failed'), ['a', 'b', 'failed']],
    ['a fatal line writes them before it', (log) => log.fatal('failed'), ['a', 'b', 'failed']],
    ['a warning does not', (log) => log.warn('odd'), ['odd']],
    ['writeKeptLines writes them', () => expect(writeKeptLines()).toBe(2), ['a', 'b']],
    ['writeKeptLines writes them once', () => [writeKeptLines(), expect(writeKeptLines()).toBe(0)], ['a', 'b']],
    ['an error status of the span writes them', (_log, span) => span.setStatus({ code: SpanStatusCode.ERROR }), ['a', 'b']],
    ['an ok status of the span does not', (_log, span) => span.setStatus({ code: SpanStatusCode.OK }), []],
    ['a span inside that fails writes them', () => swallow(() => withSpan('inner', fail)), ['a', 'b']],
    ['a span inside that ends well does not', () => withSpan('inner', () => undefined), []],
    [
      'lines after the failure pass',
      (log) => [log.error('failed'), log.debug('c'), log.child({}).debug('d')],
      ['a', 'b', 'failed', 'c', 'd'],
    ],
  ])('keeps the lines below the level; %s', (_name, act, expected) => {
    for (const sdk of [false, true]) {
      if (sdk) startSdk()
      const { log, messages } = recorded()
      const before = spanlogStats().flightRecorder
      withSpan('request', (span) => {
        log.debug('a')
        log.trace('not kept')
        log.child({ part: 'db' }).debug('b')
        expect(messages()).toEqual([])
        act(log, span)
      })
      expect(messages()).toEqual(expected)
      log.debug('outside')
      expect(messages()).toEqual(expected)
      expect(spanlogStats().flightRecorder).toMatchObject({ keptBytes: 0, keptLines: 0, traces: 0 })
      expect(spanlogStats().flightRecorder.written - before.written).toBe(expected.includes('a') ? 2 : 0)
    }
  })

  it('writes them when the root itself fails, by a throw or a rejection', async () => {
    const { log, messages } = recorded()
    swallow(() => withSpan('request', (span) => [span.setStatus({ code: SpanStatusCode.OK }), log.debug('a'), fail()]))
    await withSpan('request', () => {
      log.debug('b')
      return Promise.reject(new Error('failed'))
    }).catch(() => undefined)
    expect(messages()).toEqual(['a', 'b'])
  })

  it('writes them when what continues a trace fails, and drops them when it ends well', async () => {
    const { log, messages } = recorded()
    const other = traceparent.replace('0af', '1af')
    runWithTrace({ traceparent: other }, () => log.debug('well'))
    swallow(() => runWithTrace({ traceparent }, () => [log.debug('a'), fail()]))
    const rejecting = runWithTrace({ traceparent: other }, async () => {
      log.debug('b')
      await sleep(1)
      throw new Error('failed')
    })
    await expect(rejecting).rejects.toThrow('failed')
    expect(messages()).toEqual(['a', 'b'])
  })

  it('drops them when the root has ended well, not before', async () => {
    const { log, messages } = recorded()
    const one = request()
    one.run(() => log.debug('a'))
    one.run(() => withSpan('inner', () => log.debug('b')))
    expect(spanlogStats().flightRecorder.keptLines).toBe(2)
    await one.end()
    expect(spanlogStats().flightRecorder.keptLines).toBe(0)
    expect(messages()).toEqual([])
  })

  it('writes them for a span that others made, where their provider has our processor', () => {
    const provider = new NodeTracerProvider({ spanProcessors: [new FlightRecorderSpanProcessor()] })
    provider.register()
    const { log, messages } = recorded()
    const tracer = provider.getTracer('others')
    for (const code of [SpanStatusCode.UNSET, SpanStatusCode.ERROR]) {
      tracer.startActiveSpan('request', (root) => {
        tracer.startActiveSpan('query', (span) => {
          log.debug(`with status ${code}`)
          span.setStatus({ code })
          span.end()
        })
        root.end()
      })
    }
    expect(messages()).toEqual(['with status 2'])
    expect(spanlogStats().flightRecorder.keptLines).toBe(0)
  })

  it('says of the level what the logger says, and follows later changes of it', () => {
    const { log, messages } = recorded({ level: 'warn', customLevels: { audit: 35 } })
    const silent = log.child({}, { level: 'silent' })
    withSpan('request', () => {
      expect([log.level, log.isLevelEnabled('debug'), log.isLevelEnabled('audit'), silent.level]).toEqual(['warn', false, false, 'silent'])
      log.debug('a')
      ;(log as unknown as Record<string, (text: string) => void>)['audit']?.('b')
      silent.debug('never')
      silent.error('never')
      log.level = 'debug'
      log.debug('written')
      log.level = 'error'
      log.debug('c')
      log.child({}, { level: 'fatal' }).error('below its level: no failure')
      log.error('failed')
      expect(log.levelVal).toBe(50)
    })
    expect(messages()).toEqual(['written', 'a', 'b', 'c', 'below its level: no failure', 'failed'])
  })

  it('tells listeners of level changes what they were told, and nothing more', () => {
    const changed = vi.fn<(...args: unknown[]) => void>()
    const plain = pino({ level: 'info' }, { write: () => undefined })
    plain.on('level-change', changed)
    const log = tracePino(plain)
    withSpan('request', () => log.debug('a'))
    log.level = 'warn'
    expect(changed.mock.calls.map(([level, value, before, was]) => [level, value, before, was])).toEqual([['warn', 40, 'info', 30]])
  })

  it('calls nothing for a line outside a trace, or while it is off', () => {
    const mixin = vi.fn<() => object>(() => ({}))
    const { log, lines } = recorded({ mixin })
    log.debug('outside')
    configure({ flightRecorder: false })
    withSpan('request', () => [log.debug('off'), log.error('failed')])
    expect(mixin).toHaveBeenCalledTimes(1)
    expect(lines).toHaveLength(1)
  })

  it('covers loggers made before and after it was turned on', () => {
    configure({ flightRecorder: false })
    const { log, messages } = recorded()
    const child = log.child({ made: 'before' })
    configure({ flightRecorder: true })
    withSpan('request', () => [log.debug('a'), child.debug('b'), log.child({}, { level: 'warn' }).info('c'), log.error('failed')])
    expect(messages()).toEqual(['a', 'b', 'c', 'failed'])
  })

  it('keeps what was logged, whatever becomes of the object later', () => {
    const { log, lines } = recorded()
    const order = { id: 7, items: ['book'] }
    withSpan('request', () => {
      log.debug(order, 'a')
      order.id = 8
      order.items.push('pen')
      log.error('failed')
    })
    expect(JSON.parse(lines[0] as string)).toMatchObject({ id: 7, items: ['book'] })
  })

  it('never throws for a line that the host did not ask for', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const { log, messages } = recorded({ mixin: (object) => ('bad' in object ? fail() : {}) })
    withSpan('request', () => [log.debug({ bad: true }, 'never'), log.debug('a'), log.error('failed'), log.debug({ bad: true }, 'never')])
    expect(messages()).toEqual(['a', 'failed'])
  })

  it('tells how many lines had to go, in their trace and at their level', () => {
    configure({ flightRecorder: { bytesPerTrace: 200 } })
    const { log, lines } = recorded()
    const { traceId } = withSpan('request', (span) => {
      for (let i = 0; i < 10; i++) log.debug(String(i))
      span.setStatus({ code: SpanStatusCode.ERROR })
      return span.spanContext()
    })
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 20,
      trace_id: traceId,
      lost_lines: 9,
      msg: 'flight recorder: 9 earlier lines of this trace had to go',
    })
    expect(lines.slice(1).map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['9'])
  })

  it('writes them to the streams of a multistream that take the lines of the logger’s level', () => {
    const errors: string[] = []
    const verbose: string[] = []
    const { log, messages } = recorded({}, (lines) =>
      multistream10([
        { stream: { write: (line: string) => lines.push(line) } },
        { level: 'debug', stream: { write: (line: string) => verbose.push(line) } },
        { level: 'error', stream: { write: (line: string) => errors.push(line) } },
      ]),
    )
    withSpan('request', () => [log.debug('a'), log.error('failed')])
    expect(messages()).toEqual(['a', 'failed'])
    expect(verbose).toHaveLength(2)
    expect(errors).toHaveLength(1)
  })

  it('tells a destination that asks what the line was', () => {
    const told: unknown[] = []
    const object = { id: 7 }
    const { log } = recorded({ timestamp: () => ',"time":5' }, () => ({
      [Symbol.for('pino.metadata')]: true,
      write(this: Record<string, unknown>) {
        told.push([
          this['lastLevel'],
          this['lastMsg'],
          this['lastTime'],
          (this['lastObj'] as { id?: number }).id,
          this['lastLogger'] === log,
        ])
      },
    }))
    withSpan('request', () => {
      log.debug(object, 'a')
      object.id = 8
      log.error('failed')
    })
    expect(told).toEqual([
      [20, 'a', '5', 7, true],
      [50, 'failed', '5', undefined, true],
    ])
  })

  it('lets a hook write lines of other levels meanwhile', () => {
    const { log, messages } = recorded({
      hooks: {
        logMethod(args, method, level) {
          if (level === 20) (this as Logger).warn(`about to keep ${String(args[0])}`)
          method.apply(this, args)
        },
      },
    })
    withSpan('request', () => [log.debug('a'), expect(messages()).toEqual(['about to keep a']), log.error('failed')])
    expect(messages()).toEqual(['about to keep a', 'a', 'failed'])
  })

  it('mirrors kept lines once they are written, if their span records by then', () => {
    const exporter = startSdk()
    configure({ mirror: { level: 'debug' } })
    const { log } = recorded()
    withSpan('well', () => log.debug('dropped'))
    withSpan('bad', () => [log.debug({ id: 7 }, 'a'), log.error('failed')])
    swallow(() => withSpan('request', () => [withSpan('inner', () => log.debug('too late')), fail()]))
    const events = exporter.getFinishedSpans().map(({ name, events: own }) => [name, own.map((event) => event.name)])
    expect(events).toEqual([
      ['well', []],
      ['bad', ['a', 'failed']],
      ['inner', []],
      ['request', ['exception']],
    ])
    expect(exporter.getFinishedSpans()[1]?.events[0]?.attributes).toMatchObject({ id: 7 })
  })

  it('never mixes concurrent traces, however they interleave and end', async () => {
    const operation = fc.record({
      request: fc.nat(3),
      act: fc.constantFrom<Act[]>('debug', 'debug', 'info', 'error', 'child', 'fail', 'end'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
        const { log, messages } = recorded()
        const requests = Array.from({ length: 4 }, () => ({ ...request(), kept: [] as string[], failed: false }))
        const expected: string[] = []
        for (const [i, { request: at, act }] of operations.entries()) {
          const one = requests[at] as (typeof requests)[number]
          const text = `${at} ${act} ${i}`
          if (act === 'fail' || act === 'end') {
            await one.end(act === 'fail' ? new Error('failed') : undefined)
            if (act === 'fail') expected.push(...one.kept)
            requests[at] = { ...request(), kept: [], failed: false }
            continue
          }
          if (act === 'child') one.run(() => withSpan('inner', () => log.child({ at }).debug(text)))
          else one.run(() => log[act](text))
          if (act === 'error') expected.push(...one.kept.splice(0))
          one.failed ||= act === 'error'
          if (act === 'info' || act === 'error' || one.failed) expected.push(text)
          else one.kept.push(text)
        }
        for (const one of requests) await one.end()
        expect(messages()).toEqual(expected)
        expect(spanlogStats().flightRecorder.keptLines).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('writes byte for byte what the logger would have written with the lower level', () => {
    fc.assert(
      fc.property(options, fc.array(call, { maxLength: 6 }), (chosen, calls) => {
        const lower = play(pino, { ...chosen, level: 'trace' }, calls)
        const kept = play(pino, chosen, calls)
        if (typeof lower === 'string' || typeof kept === 'string') {
          expect(kept).toBe(lower)
          return
        }
        const below = ({ call: i }: Written): boolean => ['trace', 'debug', 'audit'].includes((calls[i] as Call).level)
        const lines = lower.filter(({ line }) => !line.startsWith('threw '))
        const expected = [...lines.filter((one) => !below(one)), ...lines.filter(below)].map(({ line }) => line)
        expect(kept.filter(({ line }) => !line.startsWith('threw ')).map(({ line }) => line)).toEqual(expected)
      }),
      { numRuns: Number(process.env.SPANLOG_FIDELITY_RUNS ?? 300) },
    )
  })
})

type Act = 'debug' | 'info' | 'error' | 'child' | 'fail' | 'end'

function startSdk(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter()
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
  return exporter
}

function fail(): never {
  throw new Error('failed')
}

function swallow(fn: () => unknown): void {
  expect(fn).toThrow('failed')
}

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }).map((message) => new RangeError(message)),
  fc.constant(undefined),
)
const object = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'password', 'err', 'msg', 'level', 'trace_id', 'x"y'), value), { maxLength: 3 })
  .map((entries) => Object.fromEntries(entries))

const options: fc.Arbitrary<LoggerOptions<string>> = fc
  .record(
    {
      name: fc.string(),
      nestedKey: fc.constantFrom('payload', 'a'),
      messageKey: fc.constantFrom('message', 'a'),
      errorKey: fc.constantFrom('error', 'a'),
      msgPrefix: fc.constantFrom('[db] '),
      crlf: fc.boolean(),
      redact: fc.constantFrom<LoggerOptions['redact'][]>(['password'], ['*'], { paths: ['a', 'b'], remove: true }),
      serializers: fc.constantFrom<LoggerOptions['serializers'][]>({
        a: (given: unknown) => typeof given,
        err: stdSerializers.errWithCause,
      }),
      formatters: fc.record(
        {
          level: fc.constant((label: string) => ({ severity: label })),
          bindings: fc.constant((bindings: object) => ({ ...bindings, bound: 1 })),
          log: fc.constant((fields: object): Record<string, unknown> => ({ ...fields, formatted: true })),
        },
        { requiredKeys: [] },
      ),
      mixin: fc.constantFrom<((object: object, level: number) => object)[]>(
        (_, level) => ({ mixed: level }),
        (given) => {
          if ('b' in given) throw new Error('mixin')
          return {}
        },
      ),
      customLevels: fc.constant({ audit: 25 }),
      hooks: fc.constantFrom<LoggerOptions<string>['hooks'][]>(
        {
          logMethod(args, method, level) {
            method.apply(this, level === 20 ? (['hooked'] as typeof args) : args)
          },
        },
        { streamWrite: (line) => line.replace('password', 'PASSWORD') },
      ),
    },
    { requiredKeys: [] },
  )
  .map((chosen) => chosen as LoggerOptions<string>)

const call = fc.record({
  children: fc.array(fc.tuple(object, fc.constantFrom(undefined, { msgPrefix: 'child ' }, { redact: ['b'] })), { maxLength: 2 }),
  level: fc.constantFrom('trace', 'debug', 'audit', 'info', 'warn', 'error'),
  args: fc.oneof(
    fc.tuple(fc.constantFrom('%s and %d', '%j', 'line'), value),
    fc.tuple(object, fc.string({ unit: 'binary' })),
    fc.tuple(fc.string().map((text) => new TypeError(text))),
    fc.tuple(value),
  ),
})
type Call = typeof call extends fc.Arbitrary<infer C> ? C : never

interface Written {
  line: string
  /** Which call wrote it. */
  call: number
}

/** What the calls wrote in one trace, those below the level at its end; or why there is no such logger. */
function play(pino: typeof plain10, chosen: LoggerOptions<string>, calls: readonly Call[]): Written[] | string {
  const written: Written[] = []
  let at = -1
  let clock = 0
  // Forgets that the trace has failed.
  configure({ flightRecorder: false })
  configure({ flightRecorder: { level: 'trace', trigger: 'fatal' } })
  // A clock that tells whether each line was made when it was logged.
  const timestamp = (): string => `,"time":${at}.${clock++}`
  let log: Logger<string>
  try {
    log = tracePino(pino({ timestamp, ...chosen }, { write: (line: string) => written.push({ line, call: at }) }))
  } catch (error) {
    return String(error)
  }
  clock = 0
  return runWithTrace({ traceparent }, () => {
    for (const [i, { children, level, args }] of calls.entries()) {
      at = i
      clock = 0
      try {
        let logger = log
        for (const [bindings, childOptions] of children) logger = logger.child(bindings, childOptions as never)
        ;(logger as unknown as Record<string, ((...given: unknown[]) => void) | undefined>)[level]?.(...args)
      } catch (error) {
        written.push({ line: `threw ${String(error)}`, call: i })
      }
    }
    writeKeptLines()
    return written
  })
}
