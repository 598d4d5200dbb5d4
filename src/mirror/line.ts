import type { Severity } from '../fields/severity.js'

/** What a line says, as its logger wrote it: after serializers, formatters and redaction. */
export interface WrittenLine {
  message: string
  /** Everything else that the line holds, but for time, level, message, the error and the trace's own fields. */
  fields: Readonly<Record<string, unknown>>
  /** The error that the line carries, in the form that was written; it becomes an exception. */
  error?: { type?: string; message?: string; stack?: string }
}

/** A line that its logger made. To read it takes far longer than to keep it: it is read once, where somebody wants what it says. */
export interface Line {
  readonly severity: Severity
  /** In characters. */
  readonly length: number
  /** When it was written, on the clock of `performance.now()`, or in milliseconds since the epoch; `undefined` for now. */
  readonly at: number | undefined
  /** Called where it is read later: it remembers when it was written. */
  keep(): void
  /** @returns `undefined` for what cannot be read: what it hides and what it shows cannot be told apart */
  read(): WrittenLine | undefined
  /** Its own time, as it was written: a number since the epoch, or ISO 8601. */
  time(): unknown
}
