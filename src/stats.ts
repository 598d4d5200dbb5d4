import { type DebugMarkStats, debugMarkStats } from './context/debug-mark.js'
import { state } from './context/state.js'
import { type FlightRecorderStats, recorder } from './flight-recorder/recorder.js'

/** What spanlog has done in this process. */
export interface SpanlogStats {
  /** Lines that were not mirrored: because their span was full; because they could not be read, or a span or log exporter threw. */
  mirror: { dropped: number; unreadable: number }
  flightRecorder: FlightRecorderStats
  debugMarks: DebugMarkStats
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
  }
}
