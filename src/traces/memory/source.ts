import { refuseUnknownOptions, SpanlogError, unexpected } from '../../errors.js'
import { answerTo } from '../answer.js'
import { fits, handOut, isWithin, parseTraceSearch } from '../search.js'
import { Summaries } from '../summaries.js'
import type { TraceSource, TraceSpan } from '../types.js'
import type { EndedSpan } from './ended-span.js'
import { toTraceSpan } from './span.js'

/** What `memoryTraces` takes. */
export interface MemoryTracesOptions {
  /** Spans to hold; past that the trace whose spans came in longest ago is let go, whole. @defaultValue 10_000 */
  maxSpans?: number
}

/** A store of traces in this process's memory, and the exporter that fills it. */
export interface MemoryTraces extends TraceSource {
  /** Called by the SDK's span processors, of either of its lines. */
  export(spans: readonly EndedSpan[], done: (result: { code: 0 }) => void): void
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
  /** Forgets all. */
  reset(): void
  /** Spans that are held, and those that were let go. */
  readonly stats: { spans: number; forgotten: number }
}

/**
 * The latest traces of this process, in memory: an exporter for `startTracing({ exporters })`, or for any provider of the SDK, that is at
 * the same time a source of traces, such as for a page of diagnostics. An answer is complete only for a trace of which nothing was let go;
 * of what other processes did it knows nothing. Spans are seen once they were exported, which takes up to the batch's delay.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const recent = memoryTraces({ maxSpans: 5_000 })
 * startTracing({ serviceName: 'orders', exporters: ['otlp', recent] })
 * const { trace } = await recent.trace(traceId)
 * ```
 */
export function memoryTraces(options: MemoryTracesOptions = {}): MemoryTraces {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('memoryTraces', options, ['maxSpans'])
  const { maxSpans = 10_000 } = options
  if (!Number.isSafeInteger(maxSpans) || maxSpans < 1) throw unexpected('maxSpans', 'a positive integer', maxSpans)
  // The trace that got a span longest ago first.
  const traces = new Map<string, TraceSpan[]>()
  // Only as many as could be asked for with some hope: an older one is not told from one that never was.
  const letGo = new Set<string>()
  let held = 0
  let forgotten = 0

  return {
    export(spans, done) {
      for (const span of spans) add(toTraceSpan(span))
      done({ code: 0 })
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
    reset() {
      traces.clear()
      letGo.clear()
      held = 0
      forgotten = 0
    },
    get stats() {
      return { spans: held, forgotten }
    },
    trace: (given, query) =>
      answerTo(given, query, async ({ traceId, signal }, answer) => {
        if (signal?.aborted) throw new SpanlogError('ABORTED', 'the signal of the query was aborted')
        answer.add({ spans: traces.get(traceId) ?? [], skipped: 0 })
        if (letGo.has(traceId))
          answer.incomplete(new SpanlogError('MEMORY_FULL', 'spans of the trace were let go, to hold no more than maxSpans'))
      }),
    search(query) {
      const request = parseTraceSearch(query, { name: 'memory', links: true })
      return handOut(request.limit, async () => {
        if (request.signal?.aborted) throw new SpanlogError('ABORTED', 'the signal of the query was aborted')
        const summaries = new Summaries()
        for (const spans of traces.values()) for (const span of spans) summaries.add(span, fits(span, request.conditions))
        return { summaries: summaries.found().filter((summary) => isWithin(summary, request)), reasons: [] }
      })
    },
  }

  function add(span: TraceSpan): void {
    const spans = traces.get(span.traceId) ?? []
    spans.push(span)
    held++
    traces.delete(span.traceId)
    traces.set(span.traceId, spans)
    while (held > maxSpans) forgetOldest()
  }

  function forgetOldest(): void {
    const [oldest] = traces
    if (oldest === undefined) return
    const [traceId, spans] = oldest
    traces.delete(traceId)
    held -= spans.length
    forgotten += spans.length
    letGo.delete(traceId)
    letGo.add(traceId)
    const [first] = letGo
    if (letGo.size > maxSpans && first !== undefined) letGo.delete(first)
  }
}
