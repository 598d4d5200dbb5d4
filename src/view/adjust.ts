import { correctClockSkew } from '../analysis/correct-clock-skew.js'
import type { LogEntry } from '../logs/types.js'
import type { Trace } from '../traces/types.js'

/** The trace with the times that `correctClockSkew` guesses, and the lines of each span moved along, in time order again. */
export function adjusted(given: Trace, lines: readonly LogEntry[]): { trace: Trace; entries: LogEntry[] } {
  const { trace, moved } = correctClockSkew(given)
  const shifts = new Map(moved.map(({ spanId, byNano }) => [spanId, byNano]))
  let last: bigint | undefined
  const placed = lines.map((line) => {
    const { timeUnixNano, spanId } = line
    const shift = spanId === undefined ? undefined : shifts.get(spanId)
    const entry = timeUnixNano === undefined || shift === undefined ? line : { ...line, timeUnixNano: timeUnixNano + shift }
    // A line without a time stays behind its predecessor.
    last = entry.timeUnixNano ?? last
    return { entry, at: last ?? 0n }
  })
  return { trace, entries: placed.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ entry }) => entry) }
}
