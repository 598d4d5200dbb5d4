import { isSpanId, isTraceId } from '../context/ids.js'
import { type Json, list, malformed, object, text, unixNano } from './otlp-values.js'
import type { Trace, TraceEvent, TraceLink, TraceSpan } from './types.js'

/** A trace as JSON can hold it: times are decimal strings, all else is as in `Trace`. */
export interface TraceJson {
  traceId: string
  spans: TraceSpanJson[]
}

/** A span as JSON can hold it. */
export interface TraceSpanJson extends Omit<TraceSpan, 'startUnixNano' | 'endUnixNano' | 'events'> {
  startUnixNano: string
  endUnixNano: string
  events: TraceEventJson[]
}

/** An event as JSON can hold it. */
export interface TraceEventJson extends Omit<TraceEvent, 'timeUnixNano'> {
  timeUnixNano: string
}

/**
 * A trace in the form that `JSON.stringify` takes and `fromJson` reads back.
 *
 * @example
 * ```ts
 * console.log(JSON.stringify(toJson(trace)))
 * ```
 */
export function toJson(trace: Trace): TraceJson {
  return {
    traceId: trace.traceId,
    spans: trace.spans.map((span) => ({
      ...span,
      startUnixNano: String(span.startUnixNano),
      endUnixNano: String(span.endUnixNano),
      events: span.events.map((event) => ({ ...event, timeUnixNano: String(event.timeUnixNano) })),
    })),
  }
}

const kinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const
const codes = ['unset', 'ok', 'error'] as const

/**
 * The trace that `toJson` wrote. What else the JSON holds is left out.
 *
 * @param json - parsed: `fromJson(JSON.parse(text))`
 * @throws SpanlogError SPAN_MALFORMED if it is no trace of that form
 */
export function fromJson(json: unknown): Trace {
  const trace = object('trace', json)
  return {
    traceId: id('traceId', trace['traceId'], isTraceId),
    spans: list('spans', trace['spans']).map((item, i) => readSpan(object(`spans[${i}]`, item))),
  }
}

function readSpan(span: Json): TraceSpan {
  const status = object('status', span['status'])
  const message = text('status.message', status['message'])
  const code = oneOf('status.code', status['code'], codes)
  const parent = span['parentSpanId']
  return {
    traceId: id('traceId', span['traceId'], isTraceId),
    spanId: id('spanId', span['spanId'], isSpanId),
    ...(parent !== undefined && { parentSpanId: id('parentSpanId', parent, isSpanId) }),
    name: text('name', span['name']),
    service: text('service', span['service']),
    kind: oneOf('kind', span['kind'], kinds),
    startUnixNano: time('startUnixNano', span['startUnixNano']),
    endUnixNano: time('endUnixNano', span['endUnixNano']),
    status: status['message'] === undefined ? { code } : { code, message },
    attributes: object('attributes', span['attributes']),
    resource: object('resource', span['resource']),
    events: list('events', span['events']).map(readEvent),
    links: list('links', span['links']).map(readLink),
  }
}

function readEvent(value: unknown): TraceEvent {
  const event = object('event', value)
  return {
    timeUnixNano: time('event.timeUnixNano', event['timeUnixNano']),
    name: text('event.name', event['name']),
    attributes: object('event.attributes', event['attributes']),
  }
}

function readLink(value: unknown): TraceLink {
  const link = object('link', value)
  return {
    traceId: id('link.traceId', link['traceId'], (given) => /^[0-9a-f]{32}$/.test(given)),
    spanId: id('link.spanId', link['spanId'], (given) => /^[0-9a-f]{16}$/.test(given)),
    attributes: object('link.attributes', link['attributes']),
  }
}

function time(name: string, value: unknown): bigint {
  if (typeof value !== 'string') throw malformed(name, 'a string of digits', value)
  return unixNano(name, value)
}

function oneOf<T extends string>(name: string, value: unknown, values: readonly T[]): T {
  const found = values.find((known) => known === value)
  if (found === undefined) throw malformed(name, `one of ${values.join(', ')}`, value)
  return found
}

function id(name: string, value: unknown, isId: (text: string) => boolean): string {
  if (typeof value !== 'string' || !isId(value)) throw malformed(name, 'an ID of lower-case hex digits', value)
  return value
}
