import { mergeTraces } from './merge.js'
import { gather } from './search.js'
import type { Trace, TraceReading, TraceResult, TraceSearch, TraceSource } from './types.js'

/** How many traces a store is asked for at a time. */
const AT_ONCE = 8

/**
 * Whole traces that a search finds, for analyses over many: from files in one pass, from stores one by one, eight at a time. A trace that
 * several sources hold parts of comes once, whole.
 *
 * @param search - as `TraceSource.search` takes it; the limit is for each source
 * @returns newest first of each source; `complete` is false where there are more, or where a trace is not whole
 * @throws SpanlogError INVALID_TIME, INVALID_OPTION
 * @example
 * ```ts
 * const { traces, complete } = await readTraces([tempoTraces({ url: 'http://localhost:3200' })], { from: '1h', limit: 1000 })
 * console.log(latencies(traces), complete)
 * ```
 */
export async function readTraces(sources: readonly TraceSource[], search: TraceSearch = {}): Promise<TraceReading> {
  const readings = await Promise.all(sources.map(async (source) => source.read?.(search) ?? readOneByOne(source, search)))
  const parts = new Map<string, TraceResult[]>()
  for (const trace of readings.flatMap(({ traces }) => traces)) {
    const known = parts.get(trace.traceId)
    const part = { trace, complete: true, reasons: [] }
    if (known === undefined) parts.set(trace.traceId, [part])
    else known.push(part)
  }
  // What is missing is judged in the whole.
  const whole = [...parts].map(([traceId, results]) => mergeTraces(traceId, results))
  const others = readings.flatMap(({ reasons }) => reasons).filter(({ code }) => code !== 'SPANS_MISSING')
  const reasons = [...others, ...countedReasons(whole)]
  return { traces: whole.flatMap(({ trace }) => trace ?? []), complete: reasons.length === 0, reasons }
}

async function readOneByOne(source: TraceSource, search: TraceSearch): Promise<TraceReading> {
  const { summaries, reasons } = await gather(source.search(search))
  // One of our own: several readings at once would hang more listeners on the caller's than Node takes for sound.
  const signal = search.signal && AbortSignal.any([search.signal])
  const results = await mapLimited(summaries, AT_ONCE, async ({ traceId }) => source.trace(traceId, signal === undefined ? {} : { signal }))
  const traces = results.flatMap(({ trace }): Trace[] => (trace === undefined ? [] : [trace]))
  const all = [...reasons, ...countedReasons(results)]
  return { traces, complete: all.length === 0, reasons: all }
}

/** What keeps traces from being whole, each code once, with how many it concerns. */
function countedReasons(results: readonly TraceResult[]): TraceReading['reasons'] {
  const first = new Map<string, { message: string; more: number }>()
  for (const { code, message } of results.flatMap(({ reasons }) => reasons)) {
    const known = first.get(code)
    if (known === undefined) first.set(code, { message, more: 0 })
    else known.more++
  }
  return [...first].map(([code, { message, more }]) => ({
    code,
    message: more === 0 ? message : `${message}; and so in ${more} more traces`,
  }))
}

/** The results in the order of the items, at most so many of them under way at a time. */
async function mapLimited<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}
