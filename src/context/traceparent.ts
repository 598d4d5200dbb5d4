import type { SpanContext } from '@opentelemetry/api'
import { isSpanId, isTraceId } from './ids.js'

/** The flags that level 2 defines; all others are unknown and must go out as zero. */
export const SAMPLED = 0x01
export const RANDOM = 0x02

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Parses a traceparent header strictly: lower case, exact lengths, no all-zero ID, no version `ff`; a future version may
 * carry more after its flags, version `00` may not.
 *
 * @returns `undefined` where it is malformed
 * @see https://www.w3.org/TR/trace-context-2/#traceparent-header
 */
export function parseTraceparent(text: string): Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'> | undefined {
  const [, version, traceId = '', spanId = '', flags = '', rest] = pattern.exec(text) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (!isTraceId(traceId) || !isSpanId(spanId)) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & (SAMPLED | RANDOM) }
}

/** Formats a traceparent header of version `00`. */
export function formatTraceparent(trace: Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'>): string {
  return `00-${trace.traceId}-${trace.spanId}-0${trace.traceFlags & (SAMPLED | RANDOM)}`
}
