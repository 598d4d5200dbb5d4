import { type DebugMarkStats, debugMarkStats } from './context/debug-mark.js'
import { type OverheadStats, overheadStats } from './context/overhead.js'
import { type SpanCounts, spanCounts } from './context/span-counts.js'
import { state } from './context/state.js'
import { untracedRequests } from './context/trust.js'
import { type FlightRecorderStats, recorder } from './flight-recorder/recorder.js'

/** What spanlog has done in this process. */
export interface SpanlogStats {
  /** Lines that were not mirrored: because their span was full; because they could not be read, or a span or log exporter threw. */
  mirror: { dropped: number; unreadable: number }
  flightRecorder: FlightRecorderStats
  debugMarks: DebugMarkStats
  /** Requests that named no trace, by method and route: `{ 'GET /orders/:id': 7 }`. From the 201st route on they are counted as `others`. */
  untracedRequests: Record<string, number>
  /** What became of the spans that `startTracing` exports, counted once for each exporter. */
  spans: SpanCounts
  /** Time spent in spanlog's own code, estimated from one call in 61. */
  overhead: OverheadStats
}

/**
 * Counts of what spanlog has done in this process, and of what it had to leave out.
 *
 * @example
 * ```ts
 * const { flightRecorder } = spanlogStats()
 * gauge.record(flightRecorder.keptBytes)
 * ```
 */
export function spanlogStats(): SpanlogStats {
  return {
    mirror: { dropped: state.mirrorDropped, unreadable: state.mirrorUnreadable },
    flightRecorder: recorder.stats,
    debugMarks: debugMarkStats(),
    untracedRequests: untracedRequests(),
    spans: { ...spanCounts },
    overhead: overheadStats(),
  }
}
