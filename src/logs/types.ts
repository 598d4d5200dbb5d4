import type { Severity } from '../fields/severity.js'

/** A store of log lines that can be asked for all lines of a trace. `test/contract/log-source.ts` holds its duties. */
export interface LogSource {
  /**
   * All lines of one trace. Yields in time order, never a line twice, never a line of another trace; must end its verdict
   * even when it fails.
   *
   * @throws SpanlogError INVALID_TRACE_ID, INVALID_TIME, INVALID_OPTION at the call, before anything is asked
   */
  forTrace(traceId: string, options?: LogQueryOptions): LogQuery
  /**
   * From an incident to its traces: the lines of a window that fit, whatever trace they belong to, in time order.
   *
   * @throws SpanlogError INVALID_TIME, INVALID_OPTION at the call
   */
  search(query: LogSearch): LogQuery
  /**
   * The lines of one trace as they are written: first those that are there (from `from`), then each new one, until the caller stops or
   * `signal` is aborted, neither of which is an error. What may have been missed on the way comes as a `LogGap`, in its place.
   *
   * @throws SpanlogError INVALID_TRACE_ID, INVALID_TIME, INVALID_OPTION at the call; while iterating, the store's codes where it has
   * failed for good
   */
  follow?(traceId: string, options?: LogFollowOptions): AsyncIterable<LogEntry | LogGap>
}

/** What lines `search` is to find; all that is given must hold. */
export interface LogSearch {
  /** Lines at least this severe, such as `error`; lines without a severity never fit. */
  level?: string
  /** Lines of this service, by its exact name. */
  service?: string
  /** Lines that hold this text anywhere, as they are written and case-sensitive, or that match it. */
  text?: string | RegExp
  /** Only lines that carry a trace ID. @defaultValue false */
  traced?: boolean
  /** As in `LogQueryOptions`. @defaultValue 1 hour before the end in a store that is asked by time; no start in files */
  from?: bigint | string | Date
  to?: bigint | string | Date
  /** The newest so many; where there are more, the verdict is not complete, by LIMIT_REACHED. @defaultValue no limit */
  limit?: number
  /**
   * Enough once there are lines of more traces than this: a store that is asked by time then looks no further back, nor for more than
   * 100,000 lines. The verdict is not complete, by LIMIT_REACHED, and its `from` says how far back it was looked. Files are read whole.
   *
   * @defaultValue no limit
   */
  traces?: number
  signal?: AbortSignal
  /** As in `LogQueryOptions`. */
  maxBytes?: number
}

/** How to follow. */
export interface LogFollowOptions {
  /** Where the lines that are there already begin; same forms as in `LogQueryOptions`. @defaultValue as in `forTrace` */
  from?: bigint | string | Date
  signal?: AbortSignal
  /** @defaultValue false */
  mentions?: boolean
}

/** A stretch of time, or of a file, whose lines `follow` may have missed. */
export interface LogGap {
  gap: true
  /** `DISCONNECTED`, `DROPPED` by the store, `TRUNCATED`, and what stores add. */
  code: string
  message: string
  fromUnixNano?: bigint
  toUnixNano?: bigint
  /** Whether a query has brought the lines of the stretch since: they follow the gap. */
  refilled: boolean
}

/** Narrows a query. */
export interface LogQueryOptions {
  /**
   * Start of the window, inclusive: nanoseconds since the epoch, ISO 8601, or a span before now such as `2h`. A later one is cheaper in
   * a store that is asked by time.
   *
   * @defaultValue 7 days before the end in such a store, or as far as it looks back, and further back where nothing is found; no start
   * in files
   */
  from?: bigint | string | Date
  /**
   * End of the window, exclusive; same forms.
   *
   * @defaultValue 10 minutes from now in a store that is asked by time, since clocks differ (proven only up to now); no end in files
   */
  to?: bigint | string | Date
  /** Cancels the query at any point; it then ends with what it has, marked incomplete. */
  signal?: AbortSignal
  /** Yield mentions too: lines that name the ID in their text only. @defaultValue false */
  mentions?: boolean
  /**
   * Refuse a query that the store estimates to read more than this: it then ends at once, unproven, by QUERY_TOO_EXPENSIVE, which names
   * the estimate. Stores that cannot estimate do not refuse.
   *
   * @defaultValue no limit
   */
  maxBytes?: number
}

/**
 * One query; single use: reading it a second time throws a SpanlogError QUERY_USED. Iterating throws nothing of the store's: a store
 * that fails ends the iteration early, and the verdict says so.
 */
export interface LogQuery extends AsyncIterable<LogEntry> {
  /**
   * Never rejects. Reads to the end if nobody iterated, else resolves when the iteration ends: do not wait for it inside the loop.
   * After a break, an abort or an error `complete` is false.
   */
  verdict(): Promise<LogVerdict>
  collect(): Promise<{ entries: LogEntry[]; verdict: LogVerdict }>
  /** What it has cost so far; grows while the query is read. */
  readonly stats: Readonly<LogStats>
}

/** What a query cost. */
export interface LogStats {
  /** HTTP requests answered; 0 for files. */
  requests: number
  /** Requests that had to be sent again. */
  retries: number
  /** Bytes received from the store, or read from files. */
  bytes: number
  /** Bytes that the store says it read for the query, where it says so. */
  storeBytes: number
  /** The store's own time, in milliseconds, where it says so. */
  storeMs: number
  /** The store's estimate, before the query, of the bytes it would read; absent where nobody asked for it, or the store cannot tell. */
  estimatedBytes?: number
  /** How far back a search for the newest lines has looked by now, as ISO 8601, in a store that is asked by time. */
  lookedBackTo?: string
}

/** Whether a query returned every line, and how it knows. */
export interface LogVerdict {
  /** Proven: no line that the store holds, under the forms and in the window and selector that `reasons` name, is missing. */
  complete: boolean
  /** Entries yielded, mentions included where they were asked for. */
  entries: number
  /** Lines that name the ID in their text only, yielded or not. */
  mentions: number
  /**
   * Lines that hold the ID but could not be read as an entry, such as a broken JSON line that does not show whose it is. With any of
   * them the verdict is not complete, and `reasons` has LINES_SKIPPED.
   */
  skipped: number
  /** The window that the verdict holds for; absent where it is unbounded. */
  from?: bigint
  to?: bigint
  /**
   * Why it is not complete: errors by their code, `STOPPED_EARLY` after a break, `UNEXPECTED` for a fault of ours, and what stores add;
   * and, under `HOLDS_FOR`, what a proof holds for.
   */
  reasons: { code: string; message: string }[]
}

/** One log line as its store holds it. */
export interface LogEntry {
  /** Absent where the line has no time: it stays behind its predecessor. */
  timeUnixNano?: bigint
  /** As it was written, untouched, without the line break. */
  line: string
  service?: string
  severity?: Severity
  message?: string
  /** 32 lower-case hex digits, whatever form the line has them in. */
  traceId?: string
  /** 16 lower-case hex digits. */
  spanId?: string
  /** Parsed from the line; empty where the line is plain text. */
  fields: Record<string, unknown>
  /** Loki's structured metadata; empty elsewhere. */
  metadata: Record<string, string>
  /** Loki's stream labels, or `file` with the path of the file that the line came from. */
  labels: Record<string, string>
  /** Names the ID in its text only; it belongs to another trace, or to none. */
  mention?: true
}
