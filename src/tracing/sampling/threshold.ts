import type { TraceState } from '@opentelemetry/api'

/** One more than the greatest randomness: the threshold that nothing reaches. */
const never = 1n << 56n
const digits = 14

/**
 * Which trace IDs are kept at a probability: those whose randomness is at least the threshold, so that services which keep different
 * shares keep the same traces among them.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export interface Threshold {
  value: bigint
  /** As it stands in the tracestate: hex, without trailing zeros. */
  text: string
}

/**
 * @param probability - above 0, at most 1
 * @param precision - significant hex digits behind leading `f`s, as the specification has it
 */
export function thresholdOf(probability: number, precision = 4): Threshold {
  // Exact: a double times a power of two.
  const exact = never - BigInt(Math.round(probability * 2 ** 56))
  const kept = Math.min(digits, leadingFs(exact) + precision)
  const unit = 1n << BigInt(4 * (digits - kept))
  const rounded = ((exact + unit / 2n) / unit) * unit
  // Rounding must not turn a small share into none.
  const value = rounded >= never ? exact : rounded
  const text = value.toString(16).padStart(digits, '0').replace(/0+$/, '')
  return { value, text: text === '' ? '0' : text }
}

function leadingFs(threshold: bigint): number {
  return /^f*/.exec(threshold.toString(16).padStart(digits, '0'))?.[0].length ?? 0
}

/** The randomness of a trace: what its tracestate says explicitly, else the last 56 bits of its ID. */
export function randomnessOf(traceId: string, traceState: TraceState | undefined): bigint {
  const explicit = /(?:^|;)rv:([\da-f]{14})(?:;|$)/.exec(traceState?.get('ot') ?? '')?.[1]
  return BigInt(`0x${explicit ?? traceId.slice(-digits)}`)
}

/** The member `ot` with a threshold in the place of any that it had, or without one; the rest of it stays. */
export function withThreshold(member: string | undefined, threshold: Threshold | undefined): string {
  const others = (member ?? '').split(';').filter((part) => part !== '' && !part.startsWith('th:'))
  return [...(threshold === undefined ? [] : [`th:${threshold.text}`]), ...others].join(';')
}
