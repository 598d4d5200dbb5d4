import { currentTrace } from '../context/active.js'
import { recorder } from './recorder.js'

/**
 * Writes the lines that the flight recorder has kept of the active trace, as if it had failed; its later lines below the loggers'
 * level are written at once. Never throws.
 *
 * @returns how many lines were kept: 0 outside a trace, where none were, and where they are written already
 * @example
 * ```ts
 * if (durationMs > 5_000) writeKeptLines() // slow is bad enough
 * ```
 */
export function writeKeptLines(): number {
  const trace = currentTrace()
  return trace === undefined ? 0 : recorder.release(trace)
}
