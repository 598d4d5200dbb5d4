import { createTraceState, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import type { EndedSpan } from '../../../src/tracing/processors/types.js'

export interface Made {
  traceId?: string
  /** Absent for a root; `remote` for a local root that was called from elsewhere, `sampled` for one whose caller is sampled. */
  parent?: 'local' | 'remote' | 'sampled'
  name?: string
  error?: boolean
  ms?: number
  attributes?: EndedSpan['attributes']
  flags?: number
  tracestate?: string
}

let made = 0

/** A span that has ended, as a processor is given it. */
export function span({
  traceId,
  parent,
  name = 'work',
  error = false,
  ms = 1,
  attributes = {},
  flags = 0,
  tracestate,
}: Made = {}): EndedSpan {
  const spanId = (++made).toString(16).padStart(16, '0')
  const id = traceId ?? traceIdOf(made)
  const context = { traceId: id, spanId, traceFlags: flags, ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }) }
  const parentFlags = parent === 'sampled' ? TraceFlags.SAMPLED : flags
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => context,
    ...(parent !== undefined && {
      parentSpanContext: { traceId: id, spanId: 'f'.repeat(16), traceFlags: parentFlags, isRemote: parent !== 'local' },
    }),
    startTime: [0, 0],
    endTime: [0, ms * 1e6],
    duration: [Math.floor(ms / 1000), (ms % 1000) * 1e6],
    status: { code: error ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes,
    events: [],
    links: [],
    resource: { attributes: {} },
  }
}

/** IDs whose last 56 bits spread evenly. */
export function traceIdOf(i: number): string {
  const random = ((i * 0.618033988749895) % 1) * 2 ** 52
  return i.toString(16).padStart(18, '0') + `${Math.floor(random).toString(16).padStart(13, '0')}0`
}
