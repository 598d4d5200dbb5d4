const minute = 60_000_000_000n
const week = 10_080n * minute

/** Loki reads numbers of ten digits or fewer as seconds. */
export const earliestNano = 10_000_000_000n

/** Clocks of other machines may be ahead; Loki takes lines that are up to 10 minutes ahead of its own (`creation_grace_period`). */
const ahead = 10n * minute

/** What to ask for, and up to where it can be proven: what is yet to come cannot be. */
export interface Window {
  from: bigint
  to: bigint
  provenTo: bigint
}

/** The caller's window; without a start a week, without an end up to 10 minutes from now. Only a start of ours heeds `bound`. */
export function windowOf(asked: { from: bigint | undefined; to: bigint | undefined }, now: bigint, bound: bigint): Window {
  const to = asked.to ?? now + ahead
  const provenTo = to < now ? to : now
  if (asked.from !== undefined) return { from: asked.from, to, provenTo }
  const start = provenTo - week < bound ? bound : provenTo - week
  return { from: start < provenTo ? start : provenTo, to, provenTo }
}
