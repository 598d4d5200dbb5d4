import { isSpanId, isTraceId } from '../../context/ids.js'
import { type ReadSpans, SpanCollector } from '../collector.js'
import { type Json, list, malformed, microseconds, object, paddedId, serviceOf, text } from '../otlp-values.js'
import type { SpanKindName, TraceEvent, TraceSpan } from '../types.js'

/**
 * Reads Zipkin's second JSON: a list of spans, or of such lists. Times are in microseconds; tags and annotations are text, whatever
 * they were, and hold the resource too. A client and its server may share one ID, and keep it here, told apart by their kind. A span
 * without a duration, which Zipkin takes for unfinished, ends where it begins.
 *
 * @param wanted - as in `readSpans` of OTLP
 * @see https://zipkin.io/zipkin-api/zipkin2-api.yaml
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
 */
export function readZipkin(document: readonly unknown[], wanted?: string): ReadSpans {
  const result = new SpanCollector()
  for (const item of document.flat()) {
    result.attempt(() => {
      const span = object('span', item)
      const traceId = paddedId('traceId', span['traceId'], 32)
      if (wanted !== undefined && traceId !== wanted) return
      if (!isTraceId(traceId)) throw malformed('traceId', '32 hex digits, not all zero', span['traceId'])
      result.spans.push(readSpan(span, traceId))
    })
  }
  return result
}

const kinds: Readonly<Record<string, SpanKindName>> = { SERVER: 'server', CLIENT: 'client', PRODUCER: 'producer', CONSUMER: 'consumer' }

function readSpan(span: Json, traceId: string): TraceSpan {
  const spanId = paddedId('id', span['id'], 16)
  if (!isSpanId(spanId)) throw malformed('id', '16 hex digits, not all zero', span['id'])
  const parentSpanId = paddedId('parentId', span['parentId'], 16)
  const startUnixNano = microseconds('timestamp', span['timestamp'])
  if (startUnixNano === 0n) throw malformed('timestamp', 'a time', span['timestamp'])
  const service = serviceOf(object('localEndpoint', span['localEndpoint'] ?? {})['serviceName'])
  const { error, 'otel.status_code': code, 'otel.status_description': description, ...tags } = object('tags', span['tags'] ?? {})
  return {
    traceId,
    spanId,
    // A root that is its own parent is an old habit of some tracers.
    ...(isSpanId(parentSpanId) && parentSpanId !== spanId && { parentSpanId }),
    name: text('name', span['name']),
    service,
    kind: kinds[text('kind', span['kind'])] ?? 'internal',
    startUnixNano,
    endUnixNano: startUnixNano + microseconds('duration', span['duration'] ?? 0),
    status: statusOf(error, code, description),
    attributes: { ...tags, ...peerOf(object('remoteEndpoint', span['remoteEndpoint'] ?? {}), tags) },
    resource: { 'service.name': service },
    events: list('annotations', span['annotations']).map(readEvent),
    links: [],
  }
}

/** Any `error` tag marks a failure; its text is the message, where it says more than that there was one. */
function statusOf(error: unknown, code: unknown, description: unknown): TraceSpan['status'] {
  if (error === undefined && code !== 'ERROR') return { code: code === 'OK' ? 'ok' : 'unset' }
  const message = [description, error].find((given) => typeof given === 'string' && !['', 'true', 'ERROR'].includes(given))
  return typeof message === 'string' ? { code: 'error', message } : { code: 'error' }
}

/** Under the names of OpenTelemetry, where the tags do not have them. */
function peerOf({ serviceName, ipv4, ipv6, port }: Json, tags: Json): Json {
  const address = ipv4 ?? ipv6
  return {
    ...(typeof serviceName === 'string' && serviceName !== '' && !('peer.service' in tags) && { 'peer.service': serviceName }),
    ...(typeof address === 'string' && !('network.peer.address' in tags) && { 'network.peer.address': address }),
    ...(typeof port === 'number' && !('network.peer.port' in tags) && { 'network.peer.port': port }),
  }
}

function readEvent(value: unknown): TraceEvent {
  const annotation = object('annotation', value)
  return {
    timeUnixNano: microseconds('annotation.timestamp', annotation['timestamp']),
    name: text('annotation.value', annotation['value']),
    attributes: {},
  }
}
