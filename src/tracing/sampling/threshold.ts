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
  /** As it stands in the tracestate: hex, without trailing zeros. It compares as a text with the 14 digits of a randomness. */
  readonly text: string
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
  // Rounding must not turn a small share into none; nor is there a share below 2^-56.
  const value = rounded < never ? rounded : exact < never ? exact : never - 1n
  const text = hex(value).replace(/0+$/, '')
  return { text: text === '' ? '0' : text }
}

function leadingFs(threshold: bigint): number {
  return /^f*/.exec(hex(threshold))?.[0].length ?? 0
}

function hex(value: bigint): string {
  return value.toString(16).padStart(digits, '0')
}

/** Whether a trace is kept, by its randomness: what its tracestate says explicitly, else the last 56 bits of its ID. */
export function isKeptAt(threshold: Threshold, traceId: string, traceState: TraceState | undefined): boolean {
  return (explicitRandomness(traceState) ?? traceId.slice(-digits).toLowerCase()) >= threshold.text
}

function explicitRandomness(traceState: TraceState | undefined): string | undefined {
  return /(?:^|;)rv:([\da-f]{14})(?:;|$)/.exec(traceState?.get('ot') ?? '')?.[1]
}

/** The threshold that a tracestate carries. */
function thresholdIn(traceState: TraceState | undefined): Threshold | undefined {
  const text = /(?:^|;)th:([\da-f]{1,14})(?:;|$)/.exec(traceState?.get('ot') ?? '')?.[1]
  return text === undefined ? undefined : { text: text.replace(/(?!^)0+$/, '') }
}

/** The tracestate of a trace that came in, without a threshold that its sampled flag belies. */
export function consistentState(traceState: TraceState, traceId: string, isSampled: boolean): TraceState {
  if (traceState.get('ot')?.includes('th:') !== true) return traceState
  const threshold = thresholdIn(traceState)
  const isConsistent = threshold !== undefined && isKeptAt(threshold, traceId, traceState) === isSampled
  return isConsistent ? traceState : withThreshold(traceState, undefined)
}

/** A tracestate with a threshold in the place of any that it had, or without one; the rest of it stays. */
export function withThreshold(traceState: TraceState, threshold: Threshold | undefined): TraceState {
  const others = (traceState.get('ot') ?? '').split(';').filter((part) => part !== '' && !part.startsWith('th:'))
  const member = [...(threshold === undefined ? [] : [`th:${threshold.text}`]), ...others].join(';')
  if (member === '') return traceState.get('ot') === undefined ? traceState : traceState.unset('ot')
  // More than the specification lets the member hold, it may not be given.
  return member.length > 256 ? traceState : traceState.set('ot', member)
}
