import type { TraceSource } from '../traces/types.js'
import type { LogRequest } from './query.js'

const second = 1_000_000_000n
const minute = 60n * second
const day = 1440n * minute

/** Loki reads numbers of ten digits or fewer as seconds. */
const earliestNano = 10_000_000_000n

/** Clocks of other machines may be ahead; Loki takes lines that are up to 10 minutes ahead of its own (`creation_grace_period`). */
const ahead = 10n * minute

export const defaultLength = { trace: 7n * day, search: 60n * minute } as const

/** How far back to look for a trace of which nothing is found in the default window. */
const older = [30n * day, 90n * day, 365n * day]

/** What to ask for, and up to where it can be proven: what is yet to come cannot be. */
export interface Window {
  from: bigint
  to: bigint
  provenTo: bigint
}

/**
 * The caller's window; without an end up to 10 minutes from now.
 *
 * @param length - of a window without a start
 * @param bound - how far back Loki looks; only a start of ours heeds it
 */
export function windowOf(asked: { from: bigint | undefined; to: bigint | undefined }, length: bigint, now: bigint, bound: bigint): Window {
  const to = asked.to ?? now + ahead
  const provenTo = to < now ? to : now
  if (asked.from !== undefined) return { from: later(asked.from, earliestNano), to, provenTo }
  const start = later(provenTo - length, later(bound, earliestNano))
  return { from: start < provenTo ? start : provenTo, to, provenTo }
}

/** The windows before one of ours, each wider, the last of which ends where Loki looks no further back. */
export function windowsBefore({ from, provenTo }: Window, bound: bigint): { from: bigint; to: bigint }[] {
  const windows: { from: bigint; to: bigint }[] = []
  let to = from
  for (const length of older) {
    const start = later(provenTo - length, later(bound, earliestNano))
    if (start < to) windows.push({ from: start, to })
    to = start
  }
  return windows
}

/** Lines are written before a trace's first span and after its last one: of what waits in queues, or is cleaned up behind it. */
const margin = 60n * minute

/** The window of a trace whose spans are known. */
function windowOfSpans(spans: readonly { startUnixNano: bigint; endUnixNano: bigint }[], now: bigint): Window | undefined {
  const [first] = spans
  if (first === undefined) return undefined
  let from = first.startUnixNano
  let to = first.endUnixNano
  for (const { startUnixNano, endUnixNano } of spans) {
    if (startUnixNano < from) from = startUnixNano
    if (endUnixNano > to) to = endUnixNano
  }
  from = later(from - margin, earliestNano)
  to += margin
  return from < to ? { from, to, provenTo: to < now ? to : later(now, from) } : undefined
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** How long a trace is looked for after the time that its ID tells. */
const afterId = 7n * day

/**
 * Where to look first for a trace whose ID may tell when it was made: IDs of X-Ray and Datadog begin with the seconds since the epoch,
 * UUIDs of version 7 and ULIDs with the milliseconds. An ID of random digits seems to tell a time of the last year once in 140 times.
 */
export function windowOfId({ forms, from, to }: LogRequest, now: bigint, bound: bigint): Window | undefined {
  if (from !== undefined || to !== undefined) return undefined
  const times = [BigInt(`0x${forms.traceId.slice(0, 8)}`) * second, BigInt(`0x${forms.traceId.slice(0, 12)}`) * 1_000_000n]
  const made = times.find((time) => time > now - 365n * day && time < now + ahead)
  if (made === undefined) return undefined
  const start = later(made - margin, bound)
  const end = made + afterId
  if (start >= (end < now ? end : now)) return undefined
  return end < now ? { from: start, to: end, provenTo: end } : { from: start, to: now + ahead, provenTo: now }
}

/** The window of the trace's spans, where the caller gives none and the spans are all there. */
export async function spansWindow(
  traces: TraceSource | undefined,
  { forms, from, to, signal }: LogRequest,
  now: bigint,
): Promise<Window | undefined> {
  if (traces === undefined || from !== undefined || to !== undefined) return undefined
  const { trace, complete } = await traces.trace(forms.traceId, signal === undefined ? {} : { signal })
  return complete && trace !== undefined ? windowOfSpans(trace.spans, now) : undefined
}

/**
 * A window in parts from its end to its beginning, each four times as long as the one before it: the newest lines are found without
 * reading all of it.
 *
 * ```
 * from |------------------------------|-------|--|-| to
 * ```
 */
export function* newestFirst({ from, to, provenTo }: Window): Generator<{ from: bigint; to: bigint }> {
  let end = to
  // What clocks ahead of ours wrote comes with the first part.
  for (let start = provenTo - 10n * second, length = 40n * second; end > from; start = end - length, length *= 4n) {
    const begin = start > from ? start : from
    yield { from: begin, to: end }
    end = begin
  }
}
