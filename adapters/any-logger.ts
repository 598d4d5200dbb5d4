import { unexpected } from '../src/errors.js'

/** A pino or winston logger, or whatever has their methods. */
export interface CompletionLogger {
  // oxlint-disable-next-line typescript/no-explicit-any -- the two loggers take their arguments in opposite orders
  info(...args: any[]): unknown
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  warn(...args: any[]): unknown
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  error(...args: any[]): unknown
}

/** Writes a line by the logger's method of that name; by `info`, or `error` for `fatal`, where it has none. */
export type WriteLine = (level: string, fields: object, message: string) => void

/** @throws SpanlogError INVALID_OPTION where the logger lacks a method */
export function lineWriter(logger: CompletionLogger): WriteLine {
  for (const level of ['info', 'warn', 'error'] as const) {
    if (typeof logger?.[level] !== 'function') throw unexpected('logger', `a logger with a method \`${level}\``, logger)
  }
  const methods = logger as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>
  const messageFirst = isWinston(logger)
  return (level, fields, message) => {
    const method = methods[level] === undefined ? (level === 'fatal' ? 'error' : 'info') : level
    if (messageFirst) methods[method]?.(message, fields)
    else methods[method]?.(fields, message)
  }
}

/** Winston's second argument is the meta object; pino and all that follow it have the object first. */
export function isWinston(logger: CompletionLogger): boolean {
  return 'transports' in logger && !('bindings' in logger)
}
