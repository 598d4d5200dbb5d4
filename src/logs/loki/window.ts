const minute = 60_000_000_000n
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
export function windowOfSpans(spans: readonly { startUnixNano: bigint; endUnixNano: bigint }[], now: bigint): Window | undefined {
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
