import type { SpanContext } from '@opentelemetry/api'

/** What a line says of its trace, under OpenTelemetry's names for logs that are not OTLP. */
export interface TraceFields {
  trace_id: string
  span_id: string
  /** Two hex digits. */
  trace_flags: string
}

/** @see https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ */
export function traceFields({ traceId, spanId, traceFlags }: SpanContext): TraceFields {
  return { trace_id: traceId, span_id: spanId, trace_flags: (traceFlags & 0xff).toString(16).padStart(2, '0') }
}

const texts = new WeakMap<SpanContext, string>()

/** The fields as they stand in a JSON line, without braces, made once per span. */
export function fieldsText(trace: SpanContext): string {
  let text = texts.get(trace)
  if (text === undefined) {
    text = JSON.stringify(traceFields(trace)).slice(1, -1)
    texts.set(trace, text)
  }
  return text
}
