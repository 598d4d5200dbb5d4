import { isTraceId } from '../ids.js'
import { SAMPLED } from '../traceparent.js'
import { type HeaderFormat, single } from './format.js'

const high = /(?:^|,)_dd\.p\.tid=([0-9a-f]{16})(?=,|$)/

/**
 * Datadog: decimal IDs of 64 bits, the upper half of the trace ID in a tag. Priorities from 1 on mean that the trace is kept.
 *
 * @see https://docs.datadoghq.com/tracing/trace_collection/trace_context_propagation/
 */
export const datadog: HeaderFormat = {
  fields: ['x-datadog-trace-id', 'x-datadog-parent-id', 'x-datadog-sampling-priority', 'x-datadog-tags'],
  read(valuesOf) {
    const [low, parent, priority, tags] = this.fields.map((name) => single(valuesOf(name)))
    const [traceHalf, spanId] = [hexOf(low), hexOf(parent)]
    if (traceHalf === undefined || spanId === undefined || priority === null || tags === null) return undefined
    if (priority !== undefined && !/^-?\d{1,3}$/.test(priority)) return undefined
    // A tag of another form is no half of an ID, and not a reason to lose the trace.
    const traceId = (high.exec(tags ?? '')?.[1] ?? '').padStart(16, '0') + traceHalf
    return isTraceId(traceId) ? { traceId, spanId, traceFlags: Number(priority ?? 0) > 0 ? SAMPLED : 0 } : undefined
  },
  write: ({ traceId, spanId, traceFlags }) => ({
    'x-datadog-trace-id': String(BigInt(`0x${traceId.slice(16)}`)),
    'x-datadog-parent-id': String(BigInt(`0x${spanId}`)),
    'x-datadog-sampling-priority': String(traceFlags & SAMPLED),
    'x-datadog-tags': /^0{16}/.test(traceId) ? undefined : `_dd.p.tid=${traceId.slice(0, 16)}`,
  }),
}

/** 16 hex digits of a decimal from 1 to 2^64 - 1. */
function hexOf(decimal: string | null | undefined): string | undefined {
  if (!decimal || !/^\d{1,20}$/.test(decimal)) return undefined
  const number = BigInt(decimal)
  return number === 0n || number > 0xffff_ffff_ffff_ffffn ? undefined : number.toString(16).padStart(16, '0')
}
