import type { TraceSpan, TraceSummary } from './types.js'

/** What is known of a trace while its spans come in, in any order. */
interface Sketch {
  startUnixNano: bigint
  endUnixNano: bigint
  root: TraceSpan | undefined
  /** Told apart as `assemble` does. */
  spans: Set<string>
  errors: number
  services: Set<string>
  fits: boolean
}

/**
 * Traces in outline, from their spans. Holds the newest traces only, up to a number of spans: whoever searches wants those.
 */
export class Summaries {
  readonly #traces = new Map<string, Sketch>()
  readonly #maxSpans: number
  #spans = 0
  /** Traces that began before it were let go. */
  #oldest: bigint | undefined

  constructor(maxSpans = Number.POSITIVE_INFINITY) {
    this.#maxSpans = maxSpans
  }

  /** Whether traces were let go, so that some may be missing, or have fewer spans than there are. */
  get overflowed(): boolean {
    return this.#oldest !== undefined
  }

  /** Whether the trace is still held. */
  has(traceId: string): boolean {
    return this.#traces.has(traceId)
  }

  /** How many traces, whether a span of them fitted or not. */
  get size(): number {
    return this.#traces.size
  }

  /** @param isFitting - whether the span is one that the search asks for */
  add(span: TraceSpan, isFitting: boolean): void {
    const { traceId, startUnixNano, endUnixNano, service } = span
    let sketch = this.#traces.get(traceId)
    if (sketch === undefined) {
      if (this.#oldest !== undefined && startUnixNano < this.#oldest) return
      sketch = { startUnixNano, endUnixNano, root: undefined, spans: new Set(), errors: 0, services: new Set(), fits: false }
      this.#traces.set(traceId, sketch)
    }
    if (startUnixNano < sketch.startUnixNano) sketch.startUnixNano = startUnixNano
    if (endUnixNano > sketch.endUnixNano) sketch.endUnixNano = endUnixNano
    sketch.fits ||= isFitting
    const key = `${span.spanId} ${span.kind}`
    if (sketch.spans.has(key)) return
    sketch.spans.add(key)
    sketch.services.add(service)
    if (span.status.code === 'error') sketch.errors++
    if (span.parentSpanId === undefined && (sketch.root === undefined || startUnixNano < sketch.root.startUnixNano)) sketch.root = span
    if (++this.#spans > this.#maxSpans) this.#letGo()
  }

  /** Those that a span fitted. */
  found(): TraceSummary[] {
    return [...this.#traces].filter(([, { fits }]) => fits).map(([traceId, sketch]) => summaryOf(traceId, sketch))
  }

  /** The older half, so that it happens seldom. */
  #letGo(): void {
    const byAge = [...this.#traces].toSorted(([, a], [, b]) => (a.startUnixNano < b.startUnixNano ? -1 : 1))
    for (const [traceId, { spans, startUnixNano }] of byAge) {
      if (this.#spans <= this.#maxSpans / 2) break
      this.#traces.delete(traceId)
      this.#spans -= spans.size
      this.#oldest = startUnixNano + 1n
    }
  }
}

function summaryOf(traceId: string, { startUnixNano, endUnixNano, root, spans, errors, services }: Sketch): TraceSummary {
  return {
    traceId,
    ...(root !== undefined && { rootService: root.service, rootName: root.name }),
    startUnixNano,
    durationMs: Number(endUnixNano - startUnixNano) / 1e6,
    spans: spans.size,
    errors,
    services: [...services],
  }
}
