import type { SpanKindName, TraceSpan } from '../traces/types.js'

/** Names a span in a result: enough to find it and to print it, and JSON as it stands. */
export interface SpanRef {
  traceId: string
  /** Spans of one ID but of different kinds are two spans: look up by both. */
  spanId: string
  service: string
  name: string
  kind: SpanKindName
}

export function refOf({ traceId, spanId, service, name, kind }: TraceSpan): SpanRef {
  return { traceId, spanId, service, name, kind }
}

/** A result about a span: its name tag and what was found. */
export function about<T extends object>(span: TraceSpan, found: T): SpanRef & T {
  return Object.assign(refOf(span), found)
}

/** A key of strings that cannot run into one another, whatever they hold. */
export function keyOf(...parts: string[]): string {
  return JSON.stringify(parts)
}

/** What a span does, whoever called it: its service, name and kind. */
export function operationKey(span: Pick<TraceSpan, 'service' | 'name' | 'kind'>): string {
  return keyOf(span.service, span.name, span.kind)
}
