/** A store of traces. `test/contract/trace-source.ts` holds its duties. */
export interface TraceSource {
  /**
   * One trace, whole if the store has it whole. An unknown trace is no error: `trace` is absent and `complete` true.
   *
   * @throws SpanlogError INVALID_TRACE_ID, INVALID_OPTION at the call. A store that fails rejects nothing: `complete` is false and
   * `reasons` says why, beside the spans that were read until then.
   */
  trace(traceId: string, options?: TraceQueryOptions): Promise<TraceResult>
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
