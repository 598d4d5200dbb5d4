import { heedMarks, markSettings } from '../context/debug-mark.js'
import { recorder } from './recorder.js'
import { flightSettings, severityOption } from './settings.js'

/**
 * Checks what `configure` was given of the flight recorder and the debug marks.
 *
 * @returns what puts it in force
 * @throws SpanlogError INVALID_OPTION
 */
export function flightConfiguration(flightRecorder: unknown, debugTraces: unknown): () => void {
  const settings = flightRecorder === undefined ? recorder.settings : flightSettings(flightRecorder, recorder.settings)
  const marks = debugTraces === undefined ? undefined : markSettings(debugTraces)
  const { level = 'debug' } = (debugTraces ?? {}) as { level?: unknown }
  const severity = severityOption('debugTraces.level', level)
  return () => {
    if (debugTraces !== undefined) heedMarks(marks)
    recorder.configure(settings, debugTraces === undefined ? recorder.markedSeverity : marks && severity)
  }
}
