import { isSpanId, isTraceId } from '../context/ids.js'
import { type ReadSpans, SpanCollector } from './collector.js'
import { attributes, enumValue, hexId, type Json, list, malformed, object, serviceOf, text, unixNano } from './otlp-values.js'
import type { SpanKindName, TraceEvent, TraceLink, TraceSpan } from './types.js'

/**
 * Reads what OTLP calls `TracesData`: `{ resourceSpans }`, or `{ batches }` as Tempo's first API and Grafana's download have it.
 *
 * @param wanted - the trace's ID: spans of others are passed over; without it the spans of all traces are read
 */
export function readSpans(document: unknown, wanted?: string): ReadSpans {
  const result = new SpanCollector()
  result.attempt(() => {
    const data = object('the document', document)
    const resourceSpans = data['resourceSpans'] ?? data['batches']
    for (const [i, group] of list('resourceSpans', resourceSpans).entries())
      result.attempt(() => readResource(`resourceSpans[${i}]`, group))
  })
  return result

  function readResource(name: string, value: unknown): void {
    const group = object(name, value)
    let resource: Json | undefined
    // Before 2022 scopes were called instrumentation libraries; old stores still hold them.
    for (const scope of list(`${name}.scopeSpans`, group['scopeSpans'] ?? group['instrumentationLibrarySpans'])) {
      result.attempt(() => {
        for (const item of list(`${name}.spans`, object(`${name}.scopeSpans`, scope)['spans'])) {
          result.attempt(() => {
            const span = object('span', item)
            const traceId = hexId('traceId', span['traceId'], 32)
            if (wanted !== undefined && traceId !== wanted) return
            if (!isTraceId(traceId)) throw malformed('traceId', '32 hex digits, not all zero', span['traceId'])
            resource ??= readResourceAttributes(group['resource'])
            result.spans.push(readSpan(span, traceId, resource))
          })
        }
      })
    }
  }
}

function readResourceAttributes(resource: unknown): Json {
  return attributes('resource.attributes', object('resource', resource ?? {})['attributes'])
}

// Index = the number in OTLP. Unspecified means internal, as the specification allows.
const kinds: readonly (readonly [string, SpanKindName])[] = [
  ['UNSPECIFIED', 'internal'],
  ['INTERNAL', 'internal'],
  ['SERVER', 'server'],
  ['CLIENT', 'client'],
  ['PRODUCER', 'producer'],
  ['CONSUMER', 'consumer'],
]
const statuses: readonly (readonly [string, TraceSpan['status']['code']])[] = [
  ['UNSET', 'unset'],
  ['OK', 'ok'],
  ['ERROR', 'error'],
]

function readSpan(span: Json, traceId: string, resource: Json): TraceSpan {
  const spanId = hexId('spanId', span['spanId'], 16)
  if (!isSpanId(spanId)) throw malformed('spanId', '16 hex digits, not all zero', span['spanId'])
  const parentSpanId = hexId('parentSpanId', span['parentSpanId'], 16)
  const startUnixNano = unixNano('startTimeUnixNano', span['startTimeUnixNano'])
  const endUnixNano = unixNano('endTimeUnixNano', span['endTimeUnixNano'])
  if (startUnixNano === 0n) throw malformed('startTimeUnixNano', 'a time', span['startTimeUnixNano'])
  if (endUnixNano === 0n) throw malformed('endTimeUnixNano', 'a time', span['endTimeUnixNano'])
  return {
    traceId,
    spanId,
    ...(isSpanId(parentSpanId) && { parentSpanId }),
    name: text('name', span['name']),
    service: serviceOf(resource['service.name']),
    kind: enumValue('kind', span['kind'], 'SPAN_KIND_', kinds),
    startUnixNano,
    endUnixNano,
    status: readStatus(span['status']),
    attributes: attributes('attributes', span['attributes']),
    resource,
    events: list('events', span['events']).map(readEvent),
    links: list('links', span['links']).map(readLink),
  }
}

function readStatus(value: unknown): TraceSpan['status'] {
  const status = object('status', value ?? {})
  const code = enumValue('status.code', status['code'], 'STATUS_CODE_', statuses)
  const message = text('status.message', status['message'])
  return message === '' ? { code } : { code, message }
}

function readEvent(value: unknown): TraceEvent {
  const event = object('event', value)
  return {
    timeUnixNano: unixNano('event.timeUnixNano', event['timeUnixNano']),
    name: text('event.name', event['name']),
    attributes: attributes('event.attributes', event['attributes']),
  }
}

function readLink(value: unknown): TraceLink {
  const link = object('link', value)
  return {
    // The specification lets a link point nowhere for the sake of its attributes.
    traceId: hexId('link.traceId', link['traceId'], 32).padStart(32, '0'),
    spanId: hexId('link.spanId', link['spanId'], 16).padStart(16, '0'),
    attributes: attributes('link.attributes', link['attributes']),
  }
}
