/** What the probe has seen in one process. Data only: it goes from there to here as JSON. */
export interface ProcessFacts {
  pid: number
  node: string
  /** The file that the process runs. */
  main: string
  /** Version of OpenTelemetry's API that registered first; absent where nothing did. */
  apiVersion?: string
  provider?: string
  contextManager?: string
  /** Header names that the propagator writes. */
  propagator?: string[]
  /** Copies that were loaded, of what matters. */
  loaded: { name: string; version: string; path: string; seesProvider?: boolean }[]
  /** Loggers that are not trace-aware, by where they first wrote or were made. */
  unreached: { logger: 'pino' | 'winston'; place: string; lines?: number; linesInTrace?: number }[]
  /** Lines of trace-aware loggers of pino, and of pino in all. */
  lines: { aware: number; others: number }
  /** Loggers of winston that were made. */
  made: number
}
