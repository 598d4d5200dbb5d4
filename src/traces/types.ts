/** A store of traces. `test/contract/trace-source.ts` holds its duties. */
export interface TraceSource {
  /**
   * One trace, whole if the store has it whole. An unknown trace is no error: `trace` is absent and `complete` true. A trace in which
   * spans miss their parents is not complete, by SPANS_MISSING, but for a caller above the whole trace, which is often not traced.
   *
   * @throws SpanlogError INVALID_TRACE_ID, INVALID_OPTION at the call. A store that fails rejects nothing: `complete` is false and
   * `reasons` says why, beside the spans that were read until then.
   */
  trace(traceId: string, options?: TraceQueryOptions): Promise<TraceResult>
  /**
   * Traces that fit, newest first. Where the store cut its answer, or failed, the last summary is followed by a `TraceSearchCut` for
   * each reason.
   *
   * @throws SpanlogError INVALID_TIME, INVALID_OPTION at the call
   */
  search(query: TraceSearch): AsyncIterable<TraceSummary | TraceSearchCut>
  /**
   * What `search` finds, as whole traces: where that is cheaper than asking for one after another. `readTraces` calls it.
   *
   * @throws SpanlogError INVALID_TIME, INVALID_OPTION at the call
   */
  read?(query: TraceSearch): Promise<TraceReading>
}

/** Many traces, whole, and whether they are all there are. */
export interface TraceReading {
  traces: Trace[]
  complete: boolean
  reasons: { code: string; message: string }[]
}

/** What traces `search` is to find; all that is given must hold, of one and the same span. */
export interface TraceSearch {
  service?: string
  /** The span's name. */
  operation?: string
  status?: 'ok' | 'error' | 'unset'
  minDurationMs?: number
  /** Attributes of the span or its resource that equal these: in Tempo by type, elsewhere as text. */
  attributes?: Record<string, string | number | boolean>
  /** A trace that the span has a link to, by its ID: what the trace caused. Tempo, files and memory know; Jaeger and Zipkin refuse. */
  linkedTo?: string
  /**
   * Start of the window, in which a trace was under way (in Jaeger and Zipkin: in which it began): nanoseconds since the epoch, ISO
   * 8601, or a span before now such as `2h`.
   *
   * @defaultValue 1 hour before the end; no start in files
   */
  from?: bigint | string | Date
  /** Exclusive. @defaultValue now; no end in files */
  to?: bigint | string | Date
  /** @defaultValue 100 */
  limit?: number
  /** A query in the store's own language, such as TraceQL, in place of all but the window and the limit; refused where there is none. */
  query?: string
  signal?: AbortSignal
}

export interface TraceSummary {
  /** 32 lower-case hex digits. */
  traceId: string
  /** Of the root, where the store has it. */
  rootService?: string
  rootName?: string
  startUnixNano: bigint
  durationMs: number
  /** Absent where the store does not tell, as are those below. */
  spans?: number
  errors?: number
  services?: string[]
}

/** The end of a search that is not known to have found everything. */
export interface TraceSearchCut {
  cut: true
  /** `LIMIT_REACHED`, `STORE_LIMIT`, or the code of the error that ended it. */
  code: string
  message: string
}

export interface TraceQueryOptions {
  /** Cancels; the answer is then incomplete with the reason ABORTED. */
  signal?: AbortSignal
}

export interface TraceResult {
  trace?: Trace
  complete: boolean
  reasons: { code: string; message: string }[]
}

export interface Trace {
  /** 32 lower-case hex digits. */
  traceId: string
  /**
   * By start, then span ID; a span that a store returns twice stands here once. Two spans of one ID but of different kinds are two
   * spans: Zipkin's clients and servers share theirs.
   */
  spans: TraceSpan[]
}

export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

export interface TraceSpan {
  traceId: string
  /** 16 lower-case hex digits. */
  spanId: string
  /** Absent on a root. */
  parentSpanId?: string
  name: string
  /** The resource's `service.name`; `unknown_service` where it has none. */
  service: string
  kind: SpanKindName
  startUnixNano: bigint
  /** As it was written: before the start, where a clock was set back. */
  endUnixNano: bigint
  status: { code: 'unset' | 'ok' | 'error'; message?: string }
  /**
   * JSON values, here as in resource, events and links. What JSON's numbers cannot hold is the string that OTLP/JSON has: integers
   * past 2^53, `NaN` and the infinities; bytes are base64.
   */
  attributes: Record<string, unknown>
  resource: Record<string, unknown>
  /** In the order in which they were recorded. */
  events: TraceEvent[]
  links: TraceLink[]
}

export interface TraceEvent {
  timeUnixNano: bigint
  name: string
  attributes: Record<string, unknown>
}

export interface TraceLink {
  /** 32 lower-case hex digits; all zero where the link points nowhere. */
  traceId: string
  /** 16 lower-case hex digits; likewise. */
  spanId: string
  attributes: Record<string, unknown>
}
