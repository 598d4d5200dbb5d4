import type { TraceSpan } from '../../src/traces/types.js'
import type { Answer } from './faults.js'
import { type HttpDouble, ok, startHttpDouble } from './http-double.js'
import { type SentSpan, SpanStore, valuesOf } from './span-store.js'
import type { Attribute, Otlp } from './tempo-double/store.js'

export interface JaegerDouble extends HttpDouble {
  push(data: Otlp): void
}

/**
 * The query service of a Jaeger in this process: the third API as `test/recorded/jaeger.json` shows it, or, of old, the first alone,
 * with the search that it had before.
 */
export async function startJaegerDouble({ old = false }: { old?: boolean } = {}): Promise<JaegerDouble> {
  const store = new SpanStore()

  function answer(path: string, params: URLSearchParams): Answer {
    const [, v3, id] = /^\/api\/(v3\/)?traces(?:\/([0-9a-f]+))?$/.exec(path) ?? []
    const isThird = v3 !== undefined
    if (!/^\/api\/(?:v3\/)?traces/.test(path) || (old && isThird) || (!old && !isThird && id === undefined)) return notFound()
    const traces = id === undefined ? search(params, isThird) : [store.trace(id.padStart(32, '0'))].filter(({ length }) => length > 0)
    if (isThird) {
      if (traces.length === 0) return refusal({ error: { httpCode: 404, message: 'No traces found' } })
      return ok({ result: { resourceSpans: traces.flat().map(resourceSpans) } })
    }
    if (id !== undefined && traces.length === 0) {
      return refusal({ data: null, total: 0, limit: 0, offset: 0, errors: [{ code: 404, msg: 'trace not found' }] })
    }
    return ok({ data: traces.map(jaegerTrace), total: 0, limit: 0, offset: 0, errors: null })
  }

  function search(params: URLSearchParams, isThird: boolean): SentSpan[][] {
    const get = (third: string, first: string): string | undefined => params.get(isThird ? `query.${third}` : first) ?? undefined
    const time = (value: string): bigint => {
      if (!isThird) return BigInt(value) * 1000n
      const [, whole = '', fraction = '0'] = /^(.{19})\.(\d{9})Z$/.exec(value) ?? []
      return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction)
    }
    const tags = Object.entries(JSON.parse(get('attributes', 'tags') ?? '{}') as Record<string, string>)
    const service = get('service_name', 'service')
    const operation = get('operation_name', 'operation')
    const min = BigInt((get('duration_min', 'minDuration') ?? '0ns').replace('ns', ''))
    // All of one span, as Jaeger's store in memory has it.
    const isWanted = (span: SentSpan): boolean =>
      (service === undefined || span.service === service) &&
      (operation === undefined || span.name === operation) &&
      span.end - span.start >= min &&
      tags.every(([key, value]) =>
        key === 'error'
          ? span.status.code === 'error'
          : [...span.attributes, ...span.resource].some(([k, v]) => k === key && String(v) === value),
      )
    const window = { from: time(get('start_time_min', 'start')!), to: time(get('start_time_max', 'end')!) }
    return store.find((spans) => spans.some(isWanted), { ...window, limit: Number(get('num_traces', 'limit')) })
  }

  return { ...(await startHttpDouble(({ path, params }) => answer(path, params))), push: (data) => store.push(data) }
}

function resourceSpans({ raw }: SentSpan): object {
  return { resource: { attributes: raw.resource }, scopeSpans: [{ scope: { name: 'test' }, spans: [raw.span] }] }
}

/** The JSON of the first API, as the recording of a real server has it. */
export function jaegerTrace(spans: readonly SentSpan[]): object {
  const idOf = (id: unknown): string => String(id).replace(/^0{16}(?=.{16})/, '')
  const traceID = idOf(spans[0]!.raw.span.traceId)
  const processes = Object.fromEntries(
    spans.map(({ service, resource }, i) => [
      `p${i}`,
      { serviceName: service, tags: resource.filter(([key]) => key !== 'service.name').map(([key, value]) => tag(key, value)) },
    ]),
  )
  return { traceID, spans: spans.map((span, i) => ({ ...jaegerSpan(span, idOf), processID: `p${i}` })), processes, warnings: null }
}

function jaegerSpan({ raw: { span }, name, kind, status, start, end, attributes }: SentSpan, idOf: (id: unknown) => string): object {
  const traceID = idOf(span.traceId)
  const links = (span['links'] ?? []) as { traceId: string; spanId: string }[]
  const events = (span['events'] ?? []) as { timeUnixNano: string; name: string; attributes: Attribute[] }[]
  return {
    traceID,
    spanID: span.spanId,
    operationName: name,
    references: [
      ...(span['parentSpanId'] ? [{ refType: 'CHILD_OF', traceID, spanID: span['parentSpanId'] }] : []),
      ...links.map(({ traceId, spanId }) => ({ refType: 'FOLLOWS_FROM', traceID: idOf(traceId), spanID: spanId })),
    ],
    startTime: Number(start / 1000n),
    duration: Number((end - start) / 1000n),
    tags: [
      tag('otel.scope.name', 'test'),
      ...attributes.map(([key, value]) => tag(key, value)),
      ...(kind === 'internal' ? [] : [tag('span.kind', kind)]),
      ...(status.code === 'unset' ? [] : [tag('otel.status_code', status.code.toUpperCase())]),
      ...(status.code === 'error' ? [tag('error', true)] : []),
      ...(status.message === undefined ? [] : [tag('otel.status_description', status.message)]),
    ],
    logs: events.map((event) => ({
      timestamp: Number(BigInt(event.timeUnixNano) / 1000n),
      fields: [tag('event', event.name), ...valuesOf(event.attributes).map(([key, value]) => tag(key, value))],
    })),
    warnings: null,
  }
}

function tag(key: string, value: unknown): object {
  if (typeof value === 'bigint') return { key, type: 'int64', value: String(value) }
  if (typeof value === 'boolean') return { key, type: 'bool', value }
  if (typeof value === 'number') return { key, type: Number.isInteger(value) ? 'int64' : 'float64', value }
  return { key, type: 'string', value: typeof value === 'string' ? value : JSON.stringify(value) }
}

/** What of a span the first API keeps: microseconds, lists as JSON text, links without attributes. */
export function keptByJaeger(span: TraceSpan): TraceSpan {
  const startUnixNano = micro(span.startUnixNano)
  const texts = (record: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, Array.isArray(value) ? JSON.stringify(value) : value]))
  return {
    ...span,
    startUnixNano,
    endUnixNano: startUnixNano + micro(span.endUnixNano - span.startUnixNano),
    attributes: texts(span.attributes),
    events: span.events.map((event) => ({ ...event, timeUnixNano: micro(event.timeUnixNano) })),
    links: span.links.map((link) => ({ ...link, attributes: {} })),
  }
}

export function micro(nano: bigint): bigint {
  return (nano / 1000n) * 1000n
}

function refusal(value: object): Answer {
  return { status: 404, type: 'text/plain; charset=utf-8', body: `${JSON.stringify(value)}\n` }
}

function notFound(): Answer {
  return { status: 404, type: 'text/plain; charset=utf-8', body: '404 page not found\n' }
}
