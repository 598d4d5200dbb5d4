import type { TraceSpan } from '../../src/traces/types.js'
import type { Answer } from './faults.js'
import { type HttpDouble, ok, startHttpDouble } from './http-double.js'
import { micro } from './jaeger-double.js'
import { type SentSpan, SpanStore } from './span-store.js'
import type { Otlp } from './tempo-double/store.js'

export interface ZipkinDouble extends HttpDouble {
  push(data: Otlp): void
}

/**
 * A Zipkin in this process, by its documents and its source (`ZipkinQueryApiV2`, `QueryRequest`), since no real one was at hand: not
 * held to a recording.
 */
export async function startZipkinDouble(): Promise<ZipkinDouble> {
  const store = new SpanStore()

  function answer(path: string, params: URLSearchParams): Answer {
    if (path === '/api/v2/services') return ok([])
    const [, id] = /^\/api\/v2\/trace\/([0-9a-f]{16}|[0-9a-f]{32})$/.exec(path) ?? []
    if (id !== undefined) {
      const spans = store.trace(id.padStart(32, '0'))
      return spans.length > 0 ? ok(spans.map(zipkinSpan)) : { status: 404, type: 'text/plain', body: `${id} not found` }
    }
    return path === '/api/v2/traces' ? ok(search(params)) : { status: 404, type: 'text/plain', body: '' }
  }

  function search(params: URLSearchParams): object[][] {
    const [end, lookback] = [BigInt(params.get('endTs')!), BigInt(params.get('lookback')!)]
    const service = params.get('serviceName')
    const queries = (params.get('annotationQuery')?.split(' and ') ?? []).map((query) => query.split(/=(.*)/s, 2))
    const min = BigInt(params.get('minDuration') ?? 0)
    // Each condition of any span of the service, not all of one: so says QueryRequest.test.
    const isWanted = (spans: SentSpan[]): boolean => {
      const own = spans.filter((span) => service === null || span.service.toLowerCase() === service)
      const name = params.get('spanName')
      return (
        own.length > 0 &&
        (name === null || own.some((span) => span.name.toLowerCase() === name)) &&
        own.some((span) => (span.end - span.start) / 1000n >= min) &&
        queries.every(([key, value]) =>
          own.some((span) => Object.entries(tagsOf(span)).some(([k, v]) => k === key && (value === undefined || v === value.trim()))),
        )
      )
    }
    return store
      .find(isWanted, { from: (end - lookback) * 1_000_000n, to: end * 1_000_000n, limit: Number(params.get('limit')) })
      .map((spans) => spans.map(zipkinSpan))
  }

  return { ...(await startHttpDouble(({ path, params }) => answer(path, params))), push: (data) => store.push(data) }
}

/** As OpenTelemetry's exporters write it and Zipkin's store lower-cases it. */
export function zipkinSpan(sent: SentSpan): object {
  const { raw, name, kind, service, start, end } = sent
  const { span } = raw
  const events = (span['events'] ?? []) as { timeUnixNano: string; name: string }[]
  return {
    traceId: span.traceId.replace(/^0{16}/, ''),
    id: span.spanId,
    ...(span['parentSpanId'] ? { parentId: span['parentSpanId'] } : {}),
    ...(kind !== 'internal' && { kind: kind.toUpperCase() }),
    name: name.toLowerCase(),
    timestamp: Number(start / 1000n),
    ...(end - start >= 1000n && { duration: Number((end - start) / 1000n) }),
    localEndpoint: { serviceName: service.toLowerCase() },
    annotations: events.map((event) => ({ timestamp: Number(BigInt(event.timeUnixNano) / 1000n), value: event.name })),
    tags: tagsOf(sent),
  }
}

function tagsOf({ attributes, status }: SentSpan): Record<string, string> {
  return {
    ...Object.fromEntries(attributes.map(([key, value]) => [key, text(value)])),
    ...(status.code !== 'unset' && { 'otel.status_code': status.code.toUpperCase() }),
    ...(status.code === 'error' && { error: status.message ?? '' }),
  }
}

function text(value: unknown): string {
  return Array.isArray(value) ? JSON.stringify(value) : String(value)
}

/** What of a span it keeps: microseconds, names in lower case, all attributes as text, of the resource the service, no links. */
export function keptByZipkin(span: TraceSpan): TraceSpan {
  const startUnixNano = micro(span.startUnixNano)
  const service = span.service.toLowerCase()
  return {
    ...span,
    name: span.name.toLowerCase(),
    service,
    startUnixNano,
    endUnixNano: startUnixNano + micro(span.endUnixNano - span.startUnixNano),
    attributes: Object.fromEntries(Object.entries(span.attributes).map(([key, value]) => [key, text(value)])),
    resource: { 'service.name': service },
    events: span.events.map((event) => ({ timeUnixNano: micro(event.timeUnixNano), name: event.name, attributes: {} })),
    links: [],
  }
}
