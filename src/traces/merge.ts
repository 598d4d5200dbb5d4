import { unexpected } from '../errors.js'
import { parseTraceRequest } from './answer.js'
import { assemble } from './assemble.js'
import { missingSpans } from './missing.js'
import { defaultLimit, gather, handOut } from './search.js'
import type { TraceResult, TraceSource, TraceSummary } from './types.js'

/**
 * One trace from the parts that several sources hold of it; a span that two of them hold comes once. What is missing is judged anew:
 * a parent that one source lacks may be in another.
 */
export function mergeTraces(traceId: string, results: readonly TraceResult[]): TraceResult {
  const trace = assemble(
    traceId,
    results.flatMap((result) => result.trace?.spans ?? []),
  )
  const missing = trace === undefined ? undefined : missingSpans(trace)
  const others = results.flatMap(({ reasons }) => reasons).filter(({ code }) => code !== 'SPANS_MISSING')
  return {
    ...(trace !== undefined && { trace }),
    complete: missing === undefined && others.length === 0 && results.every(gaveAll),
    reasons: missing === undefined ? others : [...others, missing],
  }
}

function gaveAll({ complete, reasons }: TraceResult): boolean {
  return complete || reasons.some(({ code }) => code === 'SPANS_MISSING')
}

/**
 * Several sources as one, for traces that are split over them: services of one company write to Tempo, those of another to Jaeger. Each
 * is asked at the same time; a trace is complete if each source gave all it has and no span misses its parent in the whole.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const everywhere = anyTraces([tempoTraces({ url: 'http://localhost:3200' }), fileTraces({ paths: 'traces/' })])
 * const { trace, complete } = await everywhere.trace('0af7651916cd43dd8448eb211c80319c')
 * ```
 */
export function anyTraces(sources: readonly TraceSource[]): TraceSource {
  if (!Array.isArray(sources) || sources.length === 0) throw unexpected('sources', 'a list of sources, not empty', sources)
  const all = [...sources]
  return {
    async trace(given, options) {
      const { traceId } = parseTraceRequest(given, options)
      return mergeTraces(traceId, await Promise.all(all.map(async (source) => source.trace(traceId, options))))
    },
    search(query) {
      // Each checks the query, at once.
      const searches = all.map((source) => source.search(query))
      return handOut(query.limit ?? defaultLimit, async () => {
        const found = await Promise.all(searches.map(gather))
        return { summaries: mergeSummaries(found.flatMap(({ summaries }) => summaries)), reasons: found.flatMap(({ reasons }) => reasons) }
      })
    },
  }
}

/** One summary for each trace. How many spans the parts have in common is not known, so a trace of several parts has no counts. */
function mergeSummaries(summaries: readonly TraceSummary[]): TraceSummary[] {
  const byTrace = new Map<string, TraceSummary>()
  for (const summary of summaries) {
    const known = byTrace.get(summary.traceId)
    byTrace.set(summary.traceId, known === undefined ? summary : mergeTwo(known, summary))
  }
  return [...byTrace.values()]
}

function mergeTwo(a: TraceSummary, b: TraceSummary): TraceSummary {
  const [first, second] = a.startUnixNano <= b.startUnixNano ? [a, b] : [b, a]
  const between = Number(second.startUnixNano - first.startUnixNano) / 1e6
  const { spans: _spans, errors: _errors, ...rest } = { ...second, ...first }
  return {
    ...rest,
    durationMs: Math.max(first.durationMs, between + second.durationMs),
    services: [...new Set([...(first.services ?? []), ...(second.services ?? [])])],
  }
}
