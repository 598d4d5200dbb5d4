import { context, createTraceState, ROOT_CONTEXT, type SpanContext, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { isTracingSuppressed } from '@opentelemetry/core'
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { configure, withSpan } from 'spanlog'
import pino from 'spanlog/pino'
import { FlightRecorderSpanProcessor, startTracing, type TailExportOptions, type TailSamplingOptions, tailSampling } from 'spanlog/tracing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newSpanId, newTraceId } from '../../../src/context/ids.js'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function start(options: Partial<TailSamplingOptions & TailExportOptions> = {}) {
  const exporter = new InMemorySpanExporter()
  const tail = tailSampling({ exporters: [exporter], keep: ['errors'], ...options })
  const provider = new BasicTracerProvider({
    sampler: tail.sampler,
    spanProcessors: [new FlightRecorderSpanProcessor(), tail.processor] as never,
  })
  const tracer = provider.getTracer('test')
  const names = () => exporter.getFinishedSpans().map((span) => span.name)
  const begin = (name: string, parent?: SpanContext) =>
    tracer.startSpan(name, {}, parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent))
  // The exporter answers by a timer.
  const flush = async () => {
    const flushed = provider.forceFlush()
    if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(1)
    await flushed
  }
  return { exporter, tail, provider, names, begin, flush }
}
const remote = (traceFlags: number, tracestate?: string): SpanContext => ({
  traceId: newTraceId(),
  spanId: newSpanId(),
  traceFlags,
  isRemote: true,
  ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
})

describe('when a trace is decided on', () => {
  it('its local root has ended, and the grace is over', async () => {
    const { begin, names, tail } = start()
    const root = begin('root')
    root.setStatus({ code: SpanStatusCode.ERROR })
    root.end()
    await vi.advanceTimersByTimeAsync(900)
    const child = begin('outlives the root', root.spanContext())
    child.end()
    expect(tail.stats).toMatchObject({ waitingTraces: 1, waitingSpans: 2, keptTraces: 0 })
    await vi.advanceTimersByTimeAsync(1_500)
    expect(names()).toEqual(['root', 'outlives the root'])
    begin('late', root.spanContext()).end()
    await vi.advanceTimersByTimeAsync(1_500)
    expect(names()).toEqual(['root', 'outlives the root', 'late'])
    expect(tail.stats).toMatchObject({ waitingTraces: 0, waitingBytes: 0, keptTraces: 1, lateKeptSpans: 1, queuedSpans: 0 })
  })

  it('its time is over, though its local root has not ended', async () => {
    const { begin, names, tail } = start({ timeoutMs: 5_000, keep: [{ slowerThanMs: 4_000 }] })
    const root = begin('root')
    begin('child', root.spanContext()).end()
    await vi.advanceTimersByTimeAsync(7_000)
    expect(names()).toEqual(['child'])
    root.end()
    await vi.advanceTimersByTimeAsync(7_000)
    expect(names()).toEqual(['child', 'root'])
    expect(tail.stats).toMatchObject({ timedOutTraces: 1, keptTraces: 1, waitingTraces: 0 })
  })

  it('a flush: what has ended is decided on, what goes on and has failed is kept, the rest waits', async () => {
    const { begin, names, tail, flush } = start()
    const [ended, failed, open] = ['ended', 'failed', 'open'].map((name) => begin(name))
    ended?.setStatus({ code: SpanStatusCode.ERROR }).end()
    begin('child', failed?.spanContext()).setStatus({ code: SpanStatusCode.ERROR }).end()
    begin('child of open', open?.spanContext()).end()
    await flush()
    expect(names()).toEqual(['ended', 'child'])
    open?.setStatus({ code: SpanStatusCode.ERROR }).end()
    failed?.end()
    await flush()
    expect(names()).toEqual(['ended', 'child', 'failed', 'child of open', 'open'])
    expect(tail.stats.keptTraces).toBe(3)
  })

  it('a shutdown: all are, and nothing is taken after it', async () => {
    const { begin, tail, provider, exporter } = start({ keep: [{ probability: 1 }] })
    const exported = vi.spyOn(exporter, 'export')
    const root = begin('root')
    begin('child', root.spanContext()).end()
    const ended = provider.shutdown()
    await vi.advanceTimersByTimeAsync(1)
    await ended
    expect(exported.mock.calls.flatMap(([spans]) => spans.map((span) => span.name))).toEqual(['child'])
    root.end()
    expect(tail.stats).toMatchObject({ waitingTraces: 0, keptTraces: 1, lateKeptSpans: 0 })
  })
})

describe('what other services are told', () => {
  it.each<[propagate: 'unsampled' | 'sampled', flags: number]>([
    ['unsampled', TraceFlags.NONE],
    ['sampled', TraceFlags.SAMPLED],
  ])('%s while nothing is decided; what is kept is exported as sampled', async (propagate, flags) => {
    const { begin, exporter, flush } = start({ propagate })
    const root = begin('root')
    const child = begin('child', root.spanContext())
    expect([root, child].map((span) => [span.isRecording(), span.spanContext().traceFlags])).toEqual([
      [true, flags],
      [true, flags],
    ])
    child.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('a', 1).addEvent('e').end()
    root.end()
    begin('dropped').end()
    await flush()
    const spans = exporter.getFinishedSpans()
    expect(spans.map((span) => [span.name, span.spanContext().traceFlags])).toEqual([
      ['child', TraceFlags.SAMPLED],
      ['root', TraceFlags.SAMPLED],
    ])
    const [kept] = spans
    for (const key of [
      'attributes',
      'events',
      'links',
      'resource',
      'instrumentationScope',
      'startTime',
      'endTime',
      'duration',
      'ended',
      'kind',
      'parentSpanContext',
      'droppedEventsCount',
    ] as const)
      expect(kept?.[key]).toEqual((child as unknown as ReadableSpan)[key])
    expect(child.spanContext().traceFlags).toBe(flags)
  })

  it.each<['unsampled' | 'sampled']>([['unsampled'], ['sampled']])('a sampled caller means keep (%s)', async (propagate) => {
    const { begin, names, flush } = start({ propagate, keep: [], drop: [{ rootName: 'of a sampled caller' }] })
    const root = begin('of a sampled caller', remote(TraceFlags.SAMPLED))
    const child = begin('child', root.spanContext())
    expect(child.spanContext().traceFlags).toBe(TraceFlags.SAMPLED)
    child.end()
    root.end()
    begin('of an unsampled caller', remote(TraceFlags.NONE)).end()
    await flush()
    expect(names()).toEqual(['child', 'of a sampled caller'])
  })
})

describe('the threshold in the tracestate of a kept span', () => {
  it.each<[what: string, keep: TailSamplingOptions['keep'], parent: SpanContext | undefined, tracestate: string | undefined]>([
    ['is there if chance kept it', [{ probability: 0.999 }, 'errors'], undefined, 'ot=th:0042'],
    ['is not if its sort did', [{ probability: 1 }, { slowerThanMs: 1e-9 }], undefined, undefined],
    ['stands beside what others wrote', [{ probability: 1 }], remote(0, 'a=b'), 'ot=th:0,a=b'],
    [
      'of the caller stays if the caller kept it',
      [{ probability: 0.5 }],
      remote(1, 'ot=th:4;rv:80000000000000'),
      'ot=th:4;rv:80000000000000',
    ],
    ['of the caller goes if it is kept for what it is', [{ slowerThanMs: 1e-9 }], remote(0, 'ot=th:8'), ''],
  ])('%s', async (_what, keep, parent, tracestate) => {
    vi.useRealTimers()
    const { begin, exporter, flush } = start({ keep })
    const root = begin('root', parent)
    await new Promise((resolve) => setTimeout(resolve, 2))
    root.end()
    await flush()
    expect(exporter.getFinishedSpans().map((span) => span.spanContext().traceState?.serialize())).toEqual([tracestate])
  })
})

describe('a trace of more spans than are kept of one', () => {
  it('keeps the first of them and the local root, which says how many are missing; an error among those is seen', async () => {
    const { begin, exporter, tail, flush } = start({ maxSpansPerTrace: 3 })
    const root = begin('root')
    for (const name of ['first', 'second', 'third', 'fourth']) begin(name, root.spanContext()).end()
    begin('failed', root.spanContext()).setStatus({ code: SpanStatusCode.ERROR }).end()
    root.end()
    await flush()
    const spans = exporter.getFinishedSpans()
    expect(spans.map((span) => span.name)).toEqual(['first', 'second', 'root'])
    expect(spans.at(-1)?.attributes).toEqual({ 'spanlog.dropped_spans': 3 })
    expect(tail.stats.cutSpans).toBe(3)
  })
})

describe('with an exporter', () => {
  it('a batch follows the one before, spans of the export itself are not traced', async () => {
    const batches: number[] = []
    const suppressed: boolean[] = []
    let underWay = 0
    const slow: SpanExporter = {
      export(spans, done) {
        underWay++
        batches.push(underWay)
        suppressed.push(isTracingSuppressed(context.active()))
        setTimeout(() => {
          underWay--
          done({ code: 0 })
        }, 100)
        expect(spans.length).toBeLessThanOrEqual(10)
      },
      shutdown: () => Promise.resolve(),
    }
    const { begin, provider } = start({ exporters: [slow], keep: [{ probability: 1 }], graceMs: 0, batch: { maxExportBatchSize: 10 } })
    for (let i = 0; i < 35; i++) begin('root').end()
    const flushed = provider.forceFlush()
    await vi.advanceTimersByTimeAsync(1_000)
    await flushed
    expect(batches).toEqual([1, 1, 1, 1])
    // Without a context manager the API has no active context to suppress in.
    expect(suppressed).toHaveLength(4)
  })

  it('that throws, or never finishes, the others get theirs, and what failed is counted', async () => {
    const throwing: SpanExporter = {
      export() {
        throw new Error('broken')
      },
      shutdown: () => Promise.resolve(),
    }
    const stuck: SpanExporter = { export() {}, shutdown: () => Promise.resolve() }
    const good = new InMemorySpanExporter()
    const { begin, tail } = start({ exporters: [throwing, stuck, good], keep: [{ probability: 1 }], batch: { exportTimeoutMs: 2_000 } })
    begin('root').end()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(good.getFinishedSpans().map((span) => span.name)).toEqual(['root'])
    expect(tail.stats).toMatchObject({ failedSpans: 2, queuedSpans: 0, lostSpans: 0 })
  })

  it('that is too slow, what has no room is lost and counted', async () => {
    const stuck: SpanExporter = { export() {}, shutdown: () => Promise.resolve() }
    const { begin, tail } = start({ exporters: [stuck], keep: [{ probability: 1 }], maxBytes: 20_000, graceMs: 0 })
    for (let i = 0; i < 100; i++) begin('root').end()
    const { queuedSpans, lostSpans } = tail.stats
    expect(lostSpans).toBeGreaterThan(50)
    expect(queuedSpans + lostSpans).toBe(100)
  })
})

describe('with the flight recorder', () => {
  afterEach(() => configure({ flightRecorder: false }))

  it('a trace that is kept for an error brings its debug lines, a dropped one neither lines nor events', async () => {
    configure({ flightRecorder: true })
    const lines: string[] = []
    const log = pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) })
    const { tail, provider, exporter, flush } = start()
    expect(trace.setGlobalTracerProvider(provider)).toBe(true)
    for (const name of ['fine', 'failed by a line', 'failed by its status']) {
      const span = trace.getTracer('t').startSpan(name)
      withSpan(name, { parent: null }, (own) => {
        log.debug(`detail of ${name}`)
        log.info(`told of ${name}`)
        if (name === 'failed by a line') log.error('went wrong')
        if (name === 'failed by its status') own.setStatus({ code: SpanStatusCode.ERROR })
      })
      span.end()
    }
    await flush()
    trace.disable()
    expect(lines).toEqual([
      'told of fine',
      'told of failed by a line',
      'detail of failed by a line',
      'went wrong',
      'told of failed by its status',
      'detail of failed by its status',
    ])
    expect(exporter.getFinishedSpans().map((span) => [span.name, span.events.map((event) => event.name)])).toEqual([
      ['failed by a line', ['told of failed by a line', 'went wrong']],
      ['failed by its status', ['told of failed by its status']],
    ])
    expect(tail.stats).toMatchObject({ keptTraces: 2, droppedTraces: 4 })
  })

  it('a trace whose lines were written is kept, though no span of it failed', async () => {
    configure({ flightRecorder: true, mirror: false })
    const log = pino({}, { write: () => undefined })
    const { provider, names, flush } = start()
    trace.setGlobalTracerProvider(provider)
    withSpan('root', {}, () => log.error('went wrong'))
    await flush()
    trace.disable()
    configure({ mirror: true })
    expect(names()).toEqual(['root'])
  })
})

describe('in startTracing', () => {
  const run = async (
    options: Parameters<typeof startTracing>[0],
    work: (begin: (name: string) => ReturnType<ReturnType<typeof start>['begin']>) => void,
  ) => {
    vi.useRealTimers()
    const exporter = new InMemorySpanExporter()
    const exported = vi.spyOn(exporter, 'export')
    const tracing = startTracing({ ...options, exporters: [exporter], instrumentations: [] })
    work((name) => trace.getTracer('t').startSpan(name))
    await tracing.forceFlush()
    const spans = exported.mock.calls.flatMap(([batch]) => batch)
    const counts = tracing.tailSampling
    await tracing.shutdown()
    return { spans, counts }
  }

  it('`sampling: critical` keeps each error, and 1 % of the others', async () => {
    const { spans, counts } = await run({ sampling: 'critical' }, (begin) => {
      for (let i = 0; i < 2_000; i++) begin('fine').end()
      for (let i = 0; i < 50; i++) begin('failed').setStatus({ code: SpanStatusCode.ERROR }).end()
    })
    const fine = spans.filter((span) => span.name === 'fine').length
    expect(spans.length - fine).toBe(50)
    // Five standard deviations above 20.
    expect(fine).toBeLessThan(43)
    expect(counts).toMatchObject({ keptTraces: spans.length, droppedTraces: 2_050 - spans.length })
  })

  it('`tailSampling` sees what stages left, and redaction what it kept', async () => {
    const { spans } = await run(
      { tailSampling: { keep: [{ attribute: 'card', equals: '4111' }] }, redact: { keys: ['card'] } },
      (begin) => {
        begin('paid').setAttribute('card', '4111').end()
        begin('free').end()
      },
    )
    expect(spans.map((span) => span.name)).toEqual(['paid'])
    expect(JSON.stringify(spans[0]?.attributes)).not.toContain('4111')
    expect(spans[0]?.spanContext().traceFlags).toBe(1)
  })

  it.each<[beside: object]>([
    [{ ratio: 0 }],
    [{ sampling: 'staging' }],
    [{ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) }],
  ])('stands beside no other choice: %j', (beside) => {
    expect(() => startTracing({ tailSampling: { keep: ['errors'] }, ...beside })).toThrow(/tailSampling.*left out beside/)
  })
})

describe('a wrong option is refused:', () => {
  it.each<[what: string, options: object, message: RegExp]>([
    ['no exporters', { keep: [] }, /exporters.*array/],
    ['what exports nothing', { keep: [], exporters: [{}] }, /exporters.*span exporters/],
    ['no policies', { exporters: [] }, /keep.*array/],
    ['a misspelt option', { exporters: [], keep: [], drops: [] }, /drops/],
    ['another propagation', { exporters: [], keep: [], propagate: 'always' }, /propagate.*unsampled/],
    ['a negative grace', { exporters: [], keep: [], graceMs: -1 }, /graceMs.*0 or more/],
    ['no room', { exporters: [], keep: [], maxBytes: 0 }, /maxBytes.*positive/],
    ['a half decision', { exporters: [], keep: [], maxDecisions: { kept: 0.5 } }, /maxDecisions\.kept/],
    ['a queue in spans', { exporters: [], keep: [], batch: { maxQueueSize: 5 } }, /batch.*maxQueueSize/],
  ])('%s', (_what, options, message) => {
    expect(() => tailSampling(options as never)).toThrow(message)
  })
})
