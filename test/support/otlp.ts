import { randomBytes } from 'node:crypto'
import type { TraceSpan } from '../../src/traces/types.js'
import type { Otlp, OtlpSpan } from './tempo-double/store.js'

export function randomId(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}

/** A value as OTLP/JSON writes it. */
export function otlpValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValue) } }
  return { kvlistValue: { values: otlpAttributes(value as object) } }
}

export function otlpAttributes(record: object): object[] {
  return Object.entries(record).map(([key, value]) => ({ key, value: otlpValue(value) }))
}

const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer']
const codes = ['unset', 'ok', 'error']

/** The span in OTLP/JSON, written independently of the code that reads it. */
export function otlpSpan(given: TraceSpan): OtlpSpan {
  return {
    traceId: given.traceId,
    spanId: given.spanId,
    ...(given.parentSpanId !== undefined && { parentSpanId: given.parentSpanId }),
    name: given.name,
    kind: kinds.indexOf(given.kind),
    startTimeUnixNano: String(given.startUnixNano),
    endTimeUnixNano: String(given.endUnixNano),
    attributes: otlpAttributes(given.attributes),
    events: given.events.map((event) => ({
      timeUnixNano: String(event.timeUnixNano),
      name: event.name,
      attributes: otlpAttributes(event.attributes),
    })),
    links: given.links.map((link) => ({ ...link, attributes: otlpAttributes(link.attributes) })),
    status: {
      ...(given.status.code !== 'unset' && { code: codes.indexOf(given.status.code) }),
      ...(given.status.message && { message: given.status.message }),
    },
  }
}

/** One batch for each span, as services that know nothing of each other send them. */
export function otlp(...spans: TraceSpan[]): Otlp {
  return {
    resourceSpans: spans.map((one) => ({
      resource: { attributes: otlpAttributes(one.resource) },
      scopeSpans: [{ scope: { name: 'test' }, spans: [otlpSpan(one)] }],
    })),
  }
}

/** A plain span; give what matters. Recent, since stores refuse what is old. */
export function span(traceId: string, given: Partial<TraceSpan> = {}): TraceSpan {
  const service = given.service ?? 'orders'
  const startUnixNano = given.startUnixNano ?? BigInt(Date.now()) * 1_000_000n
  return {
    traceId,
    spanId: randomId(8),
    name: 'GET /orders',
    service,
    kind: 'server',
    startUnixNano,
    endUnixNano: startUnixNano + 1_000_000n,
    status: { code: 'unset' },
    attributes: {},
    resource: { 'service.name': service },
    events: [],
    links: [],
    ...given,
  }
}
