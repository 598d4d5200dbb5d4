import { unexpected } from '../../src/errors.js'

/** A pino or winston logger, or whatever has their methods. */
export interface CompletionLogger {
  // oxlint-disable-next-line typescript/no-explicit-any -- the two loggers take their arguments in opposite orders
  info(...args: any[]): unknown
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  warn(...args: any[]): unknown
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  error(...args: any[]): unknown
}

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
  for (const level of ['info', 'warn', 'error'] as const) {
    if (typeof logger?.[level] !== 'function') throw unexpected('logger', `a logger with a method \`${level}\``, logger)
  }
  // Winston's second argument is the meta object; pino and all that follow it have the object first.
  const messageFirst = 'transports' in logger && !('bindings' in logger)
  return (line, finished) => {
    const level = (line.status ?? 0) >= 500 ? 'error' : finished ? 'info' : 'warn'
    const message = finished ? 'request completed' : 'request aborted'
    if (messageFirst) logger[level](message, line)
    else logger[level](line, message)
  }
}
