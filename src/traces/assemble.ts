import type { Trace, TraceSpan } from './types.js'

/** Puts the spans of one trace in order, each once. No spans, no trace. */
export function assemble(traceId: string, spans: Iterable<TraceSpan>): Trace | undefined {
  const bySpan = new Map<string, TraceSpan>()
  for (const span of spans) {
    // The kind belongs to the identity, as it does for Tempo: in Zipkin's model a client and its server share one ID.
    const key = `${span.spanId} ${span.kind}`
    const known = bySpan.get(key)
    // Of two versions the later end is the finished one, whichever came first.
    if (known === undefined || span.endUnixNano > known.endUnixNano) bySpan.set(key, span)
  }
  if (bySpan.size === 0) return undefined
  return { traceId, spans: [...bySpan.values()].toSorted(bySpanOrder) }
}

function bySpanOrder(a: TraceSpan, b: TraceSpan): number {
  return compare(a.startUnixNano, b.startUnixNano) || compare(a.spanId, b.spanId) || compare(a.kind, b.kind)
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
