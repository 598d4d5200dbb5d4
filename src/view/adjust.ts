import { correctClockSkew } from '../analysis/correct-clock-skew.js'
import type { LogEntry } from '../logs/types.js'
import type { Trace, TraceSpan } from '../traces/types.js'

/**
 * The trace with the times that `correctClockSkew` guesses, and the lines of each span moved along, in time order again. A line that a
 * collector with another clock has timed may fit already: it is moved only where it stands nearer to the span as it was.
 */
export function adjusted(given: Trace, lines: readonly LogEntry[]): { trace: Trace; entries: LogEntry[] } {
  const { trace, moved } = correctClockSkew(given)
  const shifts = new Map(moved.map(({ spanId, byNano }) => [spanId, byNano]))
  const spans = new Map(given.spans.map((span) => [span.spanId, span]))
  let last: bigint | undefined
  const placed = lines.map((line) => {
    const { timeUnixNano, spanId = '' } = line
    const shift = shifts.get(spanId)
    const span = spans.get(spanId)
    const moves =
      timeUnixNano !== undefined &&
      shift !== undefined &&
      span !== undefined &&
      distance(span, timeUnixNano) <= distance(span, timeUnixNano - shift)
    const entry = moves ? { ...line, timeUnixNano: timeUnixNano + shift } : line
    // A line without a time stays behind its predecessor.
    last = entry.timeUnixNano ?? last
    return { entry, at: last ?? 0n }
  })
  return { trace, entries: placed.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ entry }) => entry) }
}

/** From a moment to a span, 0 within it. */
function distance({ startUnixNano, endUnixNano }: TraceSpan, moment: bigint): bigint {
  return moment < startUnixNano ? startUnixNano - moment : moment > endUnixNano ? moment - endUnixNano : 0n
}
