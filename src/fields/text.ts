import type { SpanContext } from '@opentelemetry/api'

/** What a line says of its trace, under OpenTelemetry's names for logs that are not OTLP. */
export interface TraceFields {
  trace_id: string
  span_id: string
  /** Two hex digits. */
  trace_flags: string
}

const fieldNames = ['trace_id', 'span_id', 'trace_flags'] as const

/** The name of one of the trace's fields. */
export type TraceFieldName = (typeof fieldNames)[number]

/** @see https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ */
export function traceFields({ traceId, spanId, traceFlags }: SpanContext): TraceFields {
  const flags = traceFlags & 0xff
  return { trace_id: traceId, span_id: spanId, trace_flags: flags < 16 ? `0${flags.toString(16)}` : flags.toString(16) }
}

/**
 * The fields as they stand in a JSON line, without braces.
 *
 * @param trace - valid: its IDs go in as they are
 * @param without - fields that the line has of its user's own, and that therefore are left out
 */
export function fieldsText(trace: SpanContext, without: readonly TraceFieldName[] = []): string {
  const fields = traceFields(trace)
  // Put together by hand, since a span rarely writes enough lines to pay for JSON.stringify, or for a cache.
  if (without.length === 0) return `"trace_id":"${fields.trace_id}","span_id":"${fields.span_id}","trace_flags":"${fields.trace_flags}"`
  return fieldNames
    .filter((name) => !without.includes(name))
    .map((name) => `"${name}":"${fields[name]}"`)
    .join(',')
}

/** Whether a piece of JSON has one of the names as a key at any depth: quick, and true once too often rather than too seldom. */
export function mentionsFields(json: string): boolean {
  return json.includes('"trace_id":') || json.includes('"span_id":') || json.includes('"trace_flags":')
}

/** Whether an object has one of the names: quick, and true once too often rather than too seldom. */
export function hasFields(object: object): boolean {
  return 'trace_id' in object || 'span_id' in object || 'trace_flags' in object
}

/** Those of the names that are keys at the top of a JSON object. Of text that cannot be parsed, those that it mentions. */
export function ownFields(json: string): readonly TraceFieldName[] {
  const mentioned = fieldNames.filter((name) => json.includes(`"${name}":`))
  if (mentioned.length === 0) return mentioned
  try {
    const top = JSON.parse(json) as object
    return mentioned.filter((name) => Object.hasOwn(top, name))
  } catch {
    return mentioned
  }
}

export function isFieldName(name: unknown): name is TraceFieldName {
  return (fieldNames as readonly unknown[]).includes(name)
}
