/** Sorts numbers: Array's own order is that of text. */
export function ascending(values: Iterable<number>): number[] {
  return (Array.isArray(values) ? (values as number[]) : [...values]).toSorted((a, b) => a - b)
}

/** The smallest value that at least this share of the values do not exceed (nearest rank). @param sorted ascending, not empty */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

/** @param sorted ascending, not empty */
export function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Makes the median absolute deviation an estimate of the standard deviation, for values from a normal distribution. */
const MAD_TO_SIGMA = 1.4826

/** Median absolute deviation: a spread that outliers do not move. @param sorted ascending, not empty */
export function madOf(sorted: readonly number[], median = medianOf(sorted)): number {
  return medianOf(ascending(sorted.map((value) => Math.abs(value - median))))
}

/**
 * Whether two shares differ by more than chance explains, at some 5 % for a share that is new or gone (none of `n` by chance:
 * `(1 - p)^n < 0.05`), and at three standard errors otherwise.
 */
export function sharesDiffer(partA: number, wholeA: number, partB: number, wholeB: number): boolean {
  if (wholeA === 0 || wholeB === 0) return false
  const a = partA / wholeA
  const b = partB / wholeB
  if (a === b) return false
  if (partA === 0) return (1 - b) ** wholeA < 0.05
  if (partB === 0) return (1 - a) ** wholeB < 0.05
  const pooled = (partA + partB) / (wholeA + wholeB)
  return Math.abs(a - b) > 3 * Math.sqrt(pooled * (1 - pooled) * (1 / wholeA + 1 / wholeB))
}

/** Few values tell nothing of their spread: the other side's stands in. */
function spreadOf(own: readonly number[], other: readonly number[]): number {
  return madOf(own.length >= 5 || own.length >= other.length ? own : other)
}

/** Whether two medians are more than three standard errors of their difference apart. */
export function isBeyondNoise(old: readonly number[], now: readonly number[]): boolean {
  const [a, b] = [ascending(old), ascending(now)]
  // 1.2533: the standard error of a median against that of a mean, for values from a normal distribution.
  const error = 1.2533 * MAD_TO_SIGMA * Math.hypot(spreadOf(a, b) / Math.sqrt(a.length), spreadOf(b, a) / Math.sqrt(b.length))
  return Math.abs(medianOf(b) - medianOf(a)) > 3 * error
}

/** Theil–Sen: the median of the slopes between all pairs of points; a third of them may be wild. Quadratic in points. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number | undefined {
  const slopes: number[] = []
  for (const [i, [x1, y1]] of points.entries()) {
    for (const [x2, y2] of points.slice(i + 1)) if (x2 !== x1) slopes.push((y2 - y1) / (x2 - x1))
  }
  return slopes.length === 0 ? undefined : medianOf(ascending(slopes))
}

/** Spearman's rank correlation, -1 to 1; equal values share their mean rank. 0 where either side does not vary. */
export function rankCorrelation(xs: readonly number[], ys: readonly number[]): number {
  const rx = ranksOf(xs)
  const ry = ranksOf(ys)
  const mean = (xs.length + 1) / 2
  let covariance = 0
  let varianceX = 0
  let varianceY = 0
  for (const [i, x] of rx.entries()) {
    const dx = x - mean
    const dy = ry[i]! - mean
    covariance += dx * dy
    varianceX += dx * dx
    varianceY += dy * dy
  }
  return varianceX === 0 || varianceY === 0 ? 0 : covariance / Math.sqrt(varianceX * varianceY)
}

function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].toSorted((a, b) => values[a]! - values[b]!)
  const ranks: number[] = Array.from(values, () => 0)
  for (let from = 0; from < order.length; ) {
    let until = from
    while (until < order.length && values[order[until]!] === values[order[from]!]) until++
    for (let i = from; i < until; i++) ranks[order[i]!] = (from + until + 1) / 2
    from = until
  }
  return ranks
}

export function msOf(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6
}

/** The first index from which on the condition holds, by halving; `length` if there is none. */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** How many values of a sorted list are at most this. */
export function countUpTo<T extends number | bigint>(sorted: readonly T[], bound: T): number {
  return firstIndex(sorted.length, (i) => sorted[i]! > bound)
}
