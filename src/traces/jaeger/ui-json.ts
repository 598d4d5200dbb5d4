import { isSpanId, isTraceId } from '../../context/ids.js'
import { type ReadSpans, SpanCollector } from '../collector.js'
import { double, integer, type Json, list, malformed, microseconds, object, paddedId, serviceOf, text } from '../otlp-values.js'
import type { SpanKindName, TraceEvent, TraceLink, TraceSpan } from '../types.js'

/**
 * Reads traces in the JSON of Jaeger's first API and of its page's download: `{ data: [{ traceID, spans, processes }] }`. Times are in
 * microseconds. What OpenTelemetry's exporters wrote into tags (kind, status, scope, tracestate) is taken out of them again; lists and
 * maps among the attributes, and a link's own attributes, have no place in that form: the first are JSON text, the second are gone.
 *
 * @param wanted - as in `readSpans` of OTLP
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/
 */
export function readJaeger(traces: readonly unknown[], wanted?: string): ReadSpans {
  const result = new SpanCollector()
  for (const [i, item] of traces.entries()) {
    result.attempt(() => {
      const trace = object(`data[${i}]`, item)
      const processes = object('processes', trace['processes'] ?? {})
      for (const value of list('spans', trace['spans'])) {
        result.attempt(() => {
          const span = object('span', value)
          const traceId = paddedId('traceID', span['traceID'], 32)
          if (wanted !== undefined && traceId !== wanted) return
          if (!isTraceId(traceId)) throw malformed('traceID', '32 hex digits, not all zero', span['traceID'])
          result.spans.push(readSpan(span, traceId, object('process', span['process'] ?? processes[text('processID', span['processID'])])))
        })
      }
    })
  }
  return result
}

const kinds: Readonly<Record<string, SpanKindName>> = {
  server: 'server',
  client: 'client',
  producer: 'producer',
  consumer: 'consumer',
  internal: 'internal',
}
/** Tags that say what stands elsewhere in a span, or of what wrote it. */
const takenOut = new Set([
  'span.kind',
  'otel.status_code',
  'otel.status_description',
  'w3c.tracestate',
  'otel.scope.name',
  'otel.scope.version',
  'otel.library.name',
  'otel.library.version',
])

function readSpan(span: Json, traceId: string, process: Json): TraceSpan {
  const spanId = paddedId('spanID', span['spanID'], 16)
  if (!isSpanId(spanId)) throw malformed('spanID', '16 hex digits, not all zero', span['spanID'])
  const tags = tagsOf('tags', span['tags'])
  const startUnixNano = microseconds('startTime', span['startTime'])
  if (startUnixNano === 0n) throw malformed('startTime', 'a time', span['startTime'])
  const references = list('references', span['references']).map((item) => object('reference', item))
  const parent = parentOf(references, span, traceId)
  const service = serviceOf(process['serviceName'])
  return {
    traceId,
    spanId,
    ...(parent !== undefined && { parentSpanId: parent.spanId }),
    name: text('operationName', span['operationName']),
    service,
    kind: kinds[String(tags['span.kind'])] ?? 'internal',
    startUnixNano,
    endUnixNano: startUnixNano + microseconds('duration', span['duration'] ?? 0),
    status: statusOf(tags),
    attributes: Object.fromEntries(
      Object.entries(tags).filter(([key, value]) => !takenOut.has(key) && !(key === 'error' && value === true)),
    ),
    resource: { 'service.name': service, ...tagsOf('process.tags', process['tags']) },
    events: list('logs', span['logs']).map(readEvent),
    links: references.filter((reference) => reference !== parent?.reference).map(readLink),
  }
}

/** As Jaeger chooses it: the first CHILD_OF of the same trace, else the first reference of another kind to it. */
function parentOf(references: readonly Json[], span: Json, traceId: string): { spanId: string; reference?: Json } | undefined {
  const own = references.filter((reference) => paddedId('reference.traceID', reference['traceID'], 32) === traceId)
  const reference = own.find(({ refType }) => refType === 'CHILD_OF') ?? own[0]
  // Before references a span had one parent, of its own.
  const spanId = paddedId('parentSpanID', reference?.['spanID'] ?? span['parentSpanID'], 16)
  return isSpanId(spanId) ? { spanId, ...(reference !== undefined && { reference }) } : undefined
}

function readLink(reference: Json): TraceLink {
  return {
    traceId: paddedId('reference.traceID', reference['traceID'], 32).padStart(32, '0'),
    spanId: paddedId('reference.spanID', reference['spanID'], 16).padStart(16, '0'),
    attributes: {},
  }
}

function statusOf(tags: Json): TraceSpan['status'] {
  const message = tags['otel.status_description']
  const isError = tags['otel.status_code'] === 'ERROR' || tags['error'] === true || tags['error'] === 'true'
  const code = isError ? 'error' : tags['otel.status_code'] === 'OK' ? 'ok' : 'unset'
  return typeof message === 'string' && message !== '' ? { code, message } : { code }
}

function readEvent(value: unknown): TraceEvent {
  const log = object('log', value)
  const { event, ...fields } = tagsOf('log.fields', log['fields'])
  const isName = typeof event === 'string'
  return {
    timeUnixNano: microseconds('log.timestamp', log['timestamp']),
    name: isName ? event : '',
    attributes: isName || event === undefined ? fields : { event, ...fields },
  }
}

function tagsOf(name: string, value: unknown): Json {
  return Object.fromEntries(
    list(name, value).map((item) => {
      const tag = object(name, item)
      return [text(`${name}.key`, tag['key']), tagValue(name, tag)]
    }),
  )
}

function tagValue(name: string, { type, value }: Json): unknown {
  if (type === 'int64') return integer(name, value)
  if (type === 'float64') return double(name, value)
  if (type === 'bool' && typeof value === 'string') return value === 'true'
  return value ?? null
}
