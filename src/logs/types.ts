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
}

/** Narrows a query. */
export interface LogQueryOptions {
  /**
   * Start of the window, inclusive: nanoseconds since the epoch, ISO 8601, or a span before now such as `2h`. A later one is cheaper in
   * a store that is asked by time.
   *
   * @defaultValue 7 days before the end in such a store, or as far as it looks back; no start in files
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
