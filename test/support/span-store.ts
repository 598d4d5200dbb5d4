import type { TraceSpan } from '../../src/traces/types.js'
import type { Attribute, StoredSpan } from './tempo-double/store.js'
import { type Otlp, TempoStore } from './tempo-double/store.js'

/** A span as the doubles of Jaeger and Zipkin look at it: as it was sent, with its attributes read. */
export interface SentSpan {
  raw: StoredSpan
  service: string
  name: string
  kind: TraceSpan['kind']
  status: TraceSpan['status']
  /** Whole nanoseconds. */
  start: bigint
  end: bigint
  attributes: [string, unknown][]
  resource: [string, unknown][]
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const
const codes = ['unset', 'ok', 'error'] as const

/** What was pushed as OTLP, by trace. */
export class SpanStore {
  readonly #store = new TempoStore()

  push(data: Otlp): void {
    this.#store.push(data)
  }

  trace(traceId: string): SentSpan[] {
    return this.#store.spans(traceId).map(sent)
  }

  /** Of those that began in the window, the newest that hold, up to the limit. */
  find(isWanted: (spans: SentSpan[]) => boolean, { from, to, limit }: { from: bigint; to: bigint; limit: number }): SentSpan[][] {
    const beginOf = (spans: SentSpan[]): bigint => spans.map(({ start }) => start).reduce((a, b) => (b < a ? b : a))
    return this.#store
      .traceIds()
      .map((traceId) => this.trace(traceId))
      .filter((spans) => beginOf(spans) >= from && beginOf(spans) <= to && isWanted(spans))
      .toSorted((a, b) => Number(beginOf(b) - beginOf(a)))
      .slice(0, limit)
  }
}

function sent(raw: StoredSpan): SentSpan {
  const { span } = raw
  const { code = 0, message } = (span['status'] ?? {}) as { code?: number; message?: string }
  return {
    raw,
    service: (valuesOf(raw.resource).find(([key]) => key === 'service.name')?.[1] ?? '') as string,
    name: span['name'] as string,
    kind: kinds[span.kind ?? 0]!,
    status: { code: codes[code]!, ...(message && { message }) },
    start: BigInt(span.startTimeUnixNano),
    end: BigInt(span['endTimeUnixNano'] as string),
    attributes: valuesOf((span['attributes'] ?? []) as Attribute[]),
    resource: valuesOf(raw.resource),
  }
}

export function valuesOf(attributes: readonly Attribute[]): [string, unknown][] {
  return attributes.map(({ key, value }) => [key, plain(value)])
}

function plain(value: Attribute['value'] & { arrayValue?: { values: Attribute['value'][] } }): unknown {
  if (value.intValue !== undefined) return Number.isSafeInteger(Number(value.intValue)) ? Number(value.intValue) : BigInt(value.intValue)
  return value.arrayValue?.values.map(plain) ?? value.stringValue ?? value.doubleValue ?? value.boolValue
}
