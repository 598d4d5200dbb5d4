import { SpanlogError } from '../errors.js'
import { type ReadSpans, SpanCollector } from './collector.js'
import { readJaeger } from './jaeger/ui-json.js'
import { fromJson } from './json.js'
import { readSpans } from './otlp.js'
import { readZipkin } from './zipkin/json.js'

/** A JSON document that holds spans in a form that some store or exporter writes. */
export interface SpanDocument {
  /** @param wanted - the trace's ID; without it the spans of all traces are read */
  read(wanted?: string): ReadSpans
  /** Why it is not the whole of what its store was asked for, by its own word. */
  partial?: SpanlogError
}

/**
 * Which of the known forms a document has: OTLP (one `TracesData`), an answer of Tempo's or Jaeger's, first version or later, a list of
 * Zipkin's, or what `toJson` and `spanlog trace --json` write; `undefined` where it has none of them.
 */
export function spanDocument(json: unknown): SpanDocument | undefined {
  if (Array.isArray(json)) return isZipkin(json) ? { read: (wanted) => readZipkin(json, wanted) } : undefined
  if (!isObject(json)) return undefined
  if ('resourceSpans' in json || 'batches' in json) return { read: (wanted) => readSpans(json, wanted) }
  if (isOwn(json)) return { read: (wanted) => readOwn(json, wanted) }
  const traces = Array.isArray(json['data']) ? json['data'] : [json]
  if (traces.length > 0 && traces.every(isJaeger)) {
    const warning = traces.map(truncationOf).find((text) => text !== undefined)
    return { read: (wanted) => readJaeger(traces, wanted), ...(warning !== undefined && { partial: jaegerPartial(warning) }) }
  }
  if (isObject(json['result'])) return spanDocument(json['result'])
  if (!isObject(json['trace'])) return undefined
  const document = spanDocument(json['trace'])
  const isPartial = json['status'] === 'PARTIAL' || json['status'] === 1
  return document === undefined || !isPartial ? document : { ...document, partial: tempoPartial(json['message']) }
}

function isOwn(json: Record<string, unknown>): boolean {
  const { traceId, spans } = json
  return typeof traceId === 'string' && Array.isArray(spans) && spans.every((span) => isObject(span) && 'startUnixNano' in span)
}

/** What `toJson` wrote. */
function readOwn(json: unknown, wanted: string | undefined): ReadSpans {
  const collector = new SpanCollector()
  collector.attempt(() => {
    const { traceId, spans } = fromJson(json)
    // Not by spreading: there may be more spans than a call may have arguments.
    if (wanted === undefined || wanted === traceId) for (const span of spans) collector.spans.push(span)
  })
  return collector
}

/** @param message - Tempo's own */
export function tempoPartial(message: unknown): SpanlogError {
  const why = typeof message === 'string' && message !== '' ? message : 'a partial trace'
  return new SpanlogError('TEMPO_PARTIAL', `Tempo returned a part of the trace only (${why})`)
}

function jaegerPartial(warning: string): SpanlogError {
  return new SpanlogError('JAEGER_PARTIAL', `Jaeger returned a part of the trace only (${warning})`)
}

function isJaeger(value: unknown): value is Record<string, unknown> {
  return isObject(value) && Array.isArray(value['spans']) && (isObject(value['processes']) || typeof value['traceID'] === 'string')
}

/** Jaeger marks a trace that it cut to its `max_trace_size` by a warning, on the trace or its first span. */
function truncationOf(trace: Record<string, unknown>): string | undefined {
  const spans = trace['spans'] as unknown[]
  return [trace, ...spans]
    .flatMap((item) => (isObject(item) && Array.isArray(item['warnings']) ? (item['warnings'] as unknown[]) : []))
    .find((warning): warning is string => typeof warning === 'string' && /showing first \d+ spans only/.test(warning))
}

function isZipkin(list: readonly unknown[]): boolean {
  const first = list.flat()[0]
  return isObject(first) && typeof first['traceId'] === 'string' && typeof first['id'] === 'string'
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
