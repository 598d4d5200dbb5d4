import { diag } from '@opentelemetry/api'
import { state } from './state.js'

/**
 * Reports a fault of our own without touching the host: to OpenTelemetry's `diag` each time, to the process's warnings
 * once per cause.
 *
 * @param cause - names the place and kind, and never holds data of the line or request
 */
export function reportFault(cause: string, error?: unknown): void {
  try {
    diag.error(`spanlog: ${cause}`, error)
    if (state.warned.has(cause)) return
    state.warned.add(cause)
    const detail = error instanceof Error ? `: ${error.message}` : ''
    process.emitWarning(`${cause}${detail}`, { type: 'SpanlogWarning', code: 'SPANLOG' })
  } catch {
    // A diag logger of the user's that throws must not reach the request either.
  }
}
