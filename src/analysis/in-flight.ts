import type { TraceSpan } from '../traces/types.js'
import { durationMs } from './operations.js'
import { ascending, countUpTo, medianOf, rankCorrelation } from './statistics.js'
import { compare } from './tree.js'

/** How the time of a call depends on the calls that are in flight when it starts. */
export interface Crowding {
  /** Spearman's rank correlation of duration and calls in flight, -1 to 1. */
  correlation: number
  /** The median with at most the lower quartile of calls in flight, and with at least the upper. */
  quietMs: number
  crowdedMs: number
  quietInFlight: number
  crowdedInFlight: number
}

/** O(n log n). Absent where the number in flight hardly varies. */
export function crowdingOf(spans: readonly TraceSpan[]): Crowding | undefined {
  const starts = spans.map(({ startUnixNano }) => startUnixNano).toSorted(compare)
  const ends = spans.map(({ startUnixNano, endUnixNano }) => (endUnixNano > startUnixNano ? endUnixNano : startUnixNano)).toSorted(compare)
  const durations = spans.map(durationMs)
  // Those that began before, less those that ended by then; at its start only, as a long call meets many by its mere length.
  const inFlight = spans.map(({ startUnixNano }) => Math.max(0, countUpTo(starts, startUnixNano - 1n) - countUpTo(ends, startUnixNano)))
  const sorted = ascending(inFlight)
  const low = sorted[Math.floor((sorted.length - 1) / 4)]
  const high = sorted[Math.ceil(((sorted.length - 1) * 3) / 4)]
  if (low === undefined || high === undefined || high - low < 2) return undefined
  const medianWhere = (fits: (count: number) => boolean) => medianOf(ascending(durations.filter((_, i) => fits(inFlight[i]!))))
  return {
    correlation: rankCorrelation(inFlight, durations),
    quietMs: medianWhere((count) => count <= low),
    crowdedMs: medianWhere((count) => count >= high),
    quietInFlight: low,
    crowdedInFlight: high,
  }
}
