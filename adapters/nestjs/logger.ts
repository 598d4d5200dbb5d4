import { type CompletionLogger, isWinston, lineWriter, type WriteLine } from '../any-logger.js'

/**
 * A logger service for Nest over pino or winston: what Nest and its `Logger` write becomes lines of that logger, each with its
 * trace where the logger is trace-aware. The context of Nest's lines is the field `context`, an error the field `err` (in
 * winston `stack`), what is logged as an object its own fields, all else `params`. `log` is written as `info`, `verbose` as
 * pino's `trace` or winston's `verbose`; winston has no `fatal`, which is written as `error`.
 *
 * @example
 * ```ts
 * const app = await NestFactory.create(AppModule, { logger: new SpanlogLogger(pino()) }) // from 'spanlog/pino'
 * ```
 */
export class SpanlogLogger {
  readonly #write: WriteLine
  readonly #winston: boolean

  /** @throws SpanlogError INVALID_OPTION where the logger lacks a method */
  constructor(logger: CompletionLogger) {
    this.#write = lineWriter(logger)
    this.#winston = isWinston(logger)
  }

  log(message: unknown, ...params: unknown[]): void {
    this.#line('info', message, params)
  }

  fatal(message: unknown, ...params: unknown[]): void {
    this.#line('fatal', message, params)
  }

  error(message: unknown, ...params: unknown[]): void {
    this.#line('error', message, params)
  }

  warn(message: unknown, ...params: unknown[]): void {
    this.#line('warn', message, params)
  }

  debug(message: unknown, ...params: unknown[]): void {
    this.#line('debug', message, params)
  }

  verbose(message: unknown, ...params: unknown[]): void {
    this.#line(this.#winston ? 'verbose' : 'trace', message, params)
  }

  #line(level: string, message: unknown, params: readonly unknown[]): void {
    const { context, error, objects, others } = sort(message, params)
    const fields = {
      ...Object.assign({}, ...objects),
      ...(context !== undefined && { context }),
      ...(error && (this.#winston ? { stack: error.stack } : { err: error })),
      ...(others.length > 0 && { params: others }),
    }
    const text = message instanceof Error ? message.message : isObject(message) ? '' : String(message)
    this.#write(level, fields, text)
  }
}

interface Sorted {
  context?: string
  error?: Error
  objects: object[]
  others: unknown[]
}

/** Nest's own order: the context comes last, and before it, for an error, its stack. */
function sort(message: unknown, params: readonly unknown[]): Sorted {
  const sorted: Sorted = { objects: [], others: [] }
  const rest = [...params]
  const last = rest.at(-1)
  if (typeof last === 'string' && !isStack(last)) sorted.context = rest.pop() as string
  for (const value of [message, ...rest]) {
    if (value instanceof Error) sorted.error ??= value
    else if (isStack(value)) sorted.error ??= Object.assign(new Error(String(message)), { stack: value })
    else if (isObject(value)) sorted.objects.push(value)
    else if (value !== message && value !== undefined) sorted.others.push(value)
  }
  return sorted
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStack(value: unknown): value is string {
  return typeof value === 'string' && /^.+\n\s+at .+:\d+:\d+/.test(value)
}
