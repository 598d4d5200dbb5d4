import { type CompletionLogger, lineWriter } from '../any-logger.js'

interface CompletionLine {
  method: string
  route?: string
  path: string
  /** Absent where no response began. */
  status?: number
  durationMs: number
}

export type WriteCompletion = (line: CompletionLine, finished: boolean) => void

/**
 * Writes the completion line: error from 500 on, warn where the client went away, info else.
 *
 * @throws SpanlogError INVALID_OPTION where the logger lacks a method
 */
export function completionWriter(logger: CompletionLogger): WriteCompletion {
  const write = lineWriter(logger)
  return (line, finished) =>
    write((line.status ?? 0) >= 500 ? 'error' : finished ? 'info' : 'warn', line, finished ? 'request completed' : 'request aborted')
}
