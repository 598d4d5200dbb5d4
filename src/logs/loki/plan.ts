/** A stretch of time `[from, to)` in nanoseconds, and how many lines Loki counts in it. */
export interface Stretch {
  from: bigint
  to: bigint
  count: number
}

/** A window in parts that Loki takes. Below its longest, since a count looks one step further back. */
export function partsOf(from: bigint, to: bigint, limits: { maxLengthNano: bigint }): { from: bigint; to: bigint }[] {
  const longest = (limits.maxLengthNano / 10n) * 9n
  const parts: { from: bigint; to: bigint }[] = []
  for (let start = from; start < to; start += longest) parts.push({ from: start, to: start + longest < to ? start + longest : to })
  return parts
}

/** Nanoseconds of the finest step in which Loki counts, a millisecond. */
export const finestNano = 1_000_000n
/** Loki takes 11,000, but each step costs it time, a tenth of the whole count with thousands of them; a power of two fits the steps. */
const maxSteps = 1024n

/**
 * The step to count a stretch with, in milliseconds: a power of two, so that each grid divides every coarser one and a step that is
 * counted again falls into whole finer ones.
 *
 * ```
 * 4 ms  |-------|-------|        grids start at the epoch, as Loki aligns them
 * 2 ms  |---|---|---|---|
 * 1 ms  |-|-|-|-|-|-|-|-|
 * ```
 */
export function stepFor(from: bigint, to: bigint): number {
  // Two steps more, since the grid may reach over both ends.
  return finestStep(to - from, maxSteps - 2n)
}

/** The step to count a stretch of whole steps again with: never coarser than those were. */
export function stepWithin({ from, to }: Stretch): number {
  return finestStep(to - from, maxSteps)
}

function finestStep(length: bigint, steps: bigint): number {
  let step = finestNano
  while (length > step * steps) step *= 2n
  return Number(step / finestNano)
}

/**
 * The ends of the steps that cover `[from, to)`, in milliseconds. The step that ends at `T` covers `(T - step, T]`, which is
 * `[T - step + 1 ns, T + 1 ns)`.
 */
export function gridOver(from: bigint, to: bigint, stepMs: number): { firstMs: number; lastMs: number } {
  const step = BigInt(stepMs) * finestNano
  const first = ((from - 1n) / step + 1n) * step
  const last = ((to - 1n + step - 1n) / step) * step
  return { firstMs: Number(first / finestNano), lastMs: Number((last < first ? first : last) / finestNano) }
}

/** The stretch of the step that ends at `untilMs`. */
export function stretchOf(untilMs: number, stepMs: number, count: number): Stretch {
  const until = BigInt(untilMs) * finestNano
  return { from: until - BigInt(stepMs) * finestNano + 1n, to: until + 1n, count }
}

/** Joins neighbours while their lines fit into `cap`; a stretch that alone holds more stays alone. What is empty is left out. */
export function joinUpTo(stretches: readonly Stretch[], cap: number): Stretch[] {
  const joined: Stretch[] = []
  for (const stretch of stretches) {
    if (stretch.count === 0) continue
    const last = joined.at(-1)
    if (last !== undefined && last.count + stretch.count <= cap) {
      joined[joined.length - 1] = { from: last.from, to: stretch.to, count: last.count + stretch.count }
    } else {
      joined.push(stretch)
    }
  }
  return joined
}

/** How many of the first stretches are whole by what is at hand: entries in time order, counted against them up to each end. */
export function settledBy(times: readonly bigint[], stretches: readonly Stretch[]): { stretches: number; entries: number } {
  const settled = { stretches: 0, entries: 0 }
  let held = 0
  let counted = 0
  for (const [index, { to, count }] of stretches.entries()) {
    counted += count
    while (held < times.length && (times[held] ?? to) < to) held++
    if (held !== counted) break
    settled.stretches = index + 1
    settled.entries = held
  }
  return settled
}
