import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { SpanKindName, TraceSpan } from '../types.js'
import type { EndedSpan } from './ended-span.js'

/** A finished span of the SDK in the shape in which trace sources give spans. */
export function toTraceSpan(span: EndedSpan): TraceSpan {
  const { traceId, spanId } = span.spanContext()
  const { code, message } = span.status
  const resource = { ...span.resource.attributes }
  return {
    traceId,
    spanId,
    ...(span.parentSpanContext && { parentSpanId: span.parentSpanContext.spanId }),
    name: span.name,
    service: String(resource['service.name'] ?? 'unknown_service'),
    kind: SpanKind[span.kind].toLowerCase() as SpanKindName,
    startUnixNano: nanoseconds(span.startTime),
    endUnixNano: nanoseconds(span.endTime),
    status: { code: SpanStatusCode[code].toLowerCase() as TraceSpan['status']['code'], ...(message !== undefined && { message }) },
    attributes: { ...span.attributes },
    resource,
    events: span.events.map((event) => ({
      timeUnixNano: nanoseconds(event.time),
      name: event.name,
      attributes: { ...event.attributes },
    })),
    links: span.links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: { ...attributes },
    })),
  }
}

function nanoseconds([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}
