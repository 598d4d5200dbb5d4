/**
 * The catalogue: each code with what to do about it. Codes are stable; texts may be reworded.
 */
const remedies = {
  INVALID_OPTION: 'correct the option',
  INVALID_TRACE_ID: 'give the 32 hex digits of a trace ID, as the line or the response header shows them',
  INVALID_TIME: 'give an ISO 8601 time, nanoseconds since the epoch, or a span such as 2h',
  INVALID_URL: 'give an absolute http:// or https:// URL',
  PEER_MISSING: 'install the package that the message names',
  ALREADY_TRACING: 'call shutdown() first, or start tracing once per process',
  QUERY_TOO_EXPENSIVE: 'narrow the window (from, --from) or the selector, or raise maxBytes (--max-bytes, or --yes)',
  QUERY_USED: 'ask the source again for a new query',
  FILE_UNREADABLE: 'check the path and its permissions',
  AUDIT_UNWRITABLE: 'make the audit file writable, or ask whoever keeps it',
  TEMPORARY_UNWRITABLE: 'free space there, let TMPDIR name another folder, or raise memoryBytes',
  OUTPUT_UNWRITABLE: 'free space there, or write it elsewhere',
  FILE_MALFORMED: 'check that the file holds what the option names',
  SPOOL_UNUSABLE: 'give a folder of a local disk that this process may write to, or spool: false',
  SPAN_MALFORMED: 'check what wrote the span',
  LOKI_UNREACHABLE: 'check the URL and that Loki is ready',
  LOKI_TIMEOUT: 'narrow the window (from, --from) or the selector, or raise timeoutMs (--timeout)',
  LOKI_RATE_LIMITED: 'wait, or narrow the window (from, --from) or the selector',
  LOKI_UNAUTHORIZED: 'check the credentials and the tenant',
  LOKI_REFUSED: 'the answer says why; correct the selector, the window or the limit',
  LOKI_BAD_ANSWER: 'check that the URL is that of a Loki and that no proxy rewrites its answers',
  VICTORIALOGS_UNREACHABLE:
    'check the URL and that VictoriaLogs is ready; it breaks off answers that take longer than its -search.maxQueryDuration',
  VICTORIALOGS_TIMEOUT: 'narrow the window (from, --from) or the selector, or raise timeoutMs (--timeout)',
  VICTORIALOGS_RATE_LIMITED: 'wait, or narrow the window (from, --from) or the selector',
  VICTORIALOGS_UNAUTHORIZED: 'check the credentials and the tenant',
  VICTORIALOGS_REFUSED: 'the answer says why; correct the selector, the tenant or the window',
  VICTORIALOGS_BAD_ANSWER: 'check that the URL is that of a VictoriaLogs and that no proxy rewrites its answers',
  TEMPO_UNREACHABLE: 'check the URL and that Tempo is ready',
  TEMPO_TIMEOUT: 'narrow the window, or raise timeoutMs (--timeout)',
  TEMPO_RATE_LIMITED: 'wait, and ask again',
  TEMPO_UNAUTHORIZED: 'check the credentials and the tenant',
  TEMPO_REFUSED: 'the answer says why',
  TEMPO_BAD_ANSWER: 'check that the URL is that of a Tempo and that no proxy rewrites its answers',
  TEMPO_PARTIAL: "raise Tempo's max_bytes_per_trace, or ask again when all of its parts are up",
  JAEGER_UNREACHABLE: 'check the URL and that Jaeger is ready',
  JAEGER_TIMEOUT: 'narrow the window, or raise timeoutMs (--timeout)',
  JAEGER_RATE_LIMITED: 'wait, and ask again',
  JAEGER_UNAUTHORIZED: 'check the credentials',
  JAEGER_REFUSED: 'the answer says why; some of its stores need a service to search',
  JAEGER_BAD_ANSWER: "check that the URL is that of Jaeger's query service and that no proxy rewrites its answers",
  JAEGER_PARTIAL: "raise Jaeger's max_trace_size",
  ZIPKIN_UNREACHABLE: 'check the URL and that Zipkin is ready',
  ZIPKIN_TIMEOUT: 'narrow the window, or raise timeoutMs (--timeout)',
  ZIPKIN_RATE_LIMITED: 'wait, and ask again',
  ZIPKIN_UNAUTHORIZED: 'check the credentials',
  ZIPKIN_REFUSED: 'the answer says why',
  ZIPKIN_BAD_ANSWER: 'check that the URL is that of a Zipkin and that no proxy rewrites its answers',
  MEMORY_FULL: 'raise maxSpans, or ask the store that the spans are exported to',
  ABORTED: 'the caller cancelled it; ask again',
} as const satisfies Record<string, string>

/** A stable name of what went wrong. */
export type SpanlogErrorCode = keyof typeof remedies

/** The one class of every error that spanlog throws or reports. */
export class SpanlogError extends Error {
  override readonly name = 'SpanlogError'
  /** Stable; branch on this, never on the text. */
  readonly code: SpanlogErrorCode
  /** What to do next. */
  readonly remedy: string

  /**
   * @param code - one of the catalogue
   * @param problem - what was expected and what came, as one clause without a final stop
   * @param options - `cause`: the error below; `remedy`: a better one than the catalogue's
   */
  constructor(code: SpanlogErrorCode, problem: string, options: { cause?: unknown; remedy?: string } = {}) {
    const remedy = options.remedy ?? remedies[code]
    super(`${code}: ${problem}; ${remedy}.`, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.remedy = remedy
  }

  // Two copies of the package in one process have two classes: the name and the code tell, not the prototype.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'SpanlogError' && 'code' in value && 'remedy' in value
  }
}

/** `Expected `limit` to be a positive integer, got "ten" (string)`, as an error of the given code. */
export function unexpected(name: string, expectation: string, received: unknown, code: SpanlogErrorCode = 'INVALID_OPTION'): SpanlogError {
  return new SpanlogError(code, `Expected \`${name}\` to be ${expectation}, got ${describe(received)}`)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)} (string)`
  if (typeof value === 'object') return Array.isArray(value) ? `an array of ${value.length}` : 'an object'
  if (typeof value === 'function') return 'a function'
  // Not by node:util: the analysis, and so this file, runs in browsers too.
  const shown = typeof value === 'symbol' ? value.toString() : `${value as number}`
  return `${shown}${typeof value === 'bigint' ? 'n' : ''} (${typeof value})`
}

/** Refuses option names that do not exist: a misspelt option that is silently ignored is the worst kind. */
export function refuseUnknownOptions(where: string, options: object, known: readonly string[]): void {
  const given: unknown = options
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw unexpected(`the options of ${where}`, 'an object', given)
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new SpanlogError('INVALID_OPTION', `${where} has no option \`${name}\`, only ${known.join(', ')}`)
  }
}

/** An error as a reason of a verdict: the text without the code, which stands beside it. */
export function reasonOf(error: unknown): { code: string; message: string } {
  if (error instanceof SpanlogError) return { code: error.code, message: error.message.slice(error.code.length + 2) }
  return { code: 'UNEXPECTED', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
}
