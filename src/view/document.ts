import type { LogEntryJson } from '../logs/index.js'
import type { TraceJson } from '../traces/index.js'
import type { Finding } from './terminal/findings.js'

/** Why something is not proven complete, or what a proof holds for. */
export interface Reason {
  code: string
  message: string
}

/** A trace with its lines as the page reads it; what `spanlog trace --json` prints has the same form. */
export interface TraceDocument {
  traceId: string
  trace: TraceJson | null
  /** In time order. On the way to the page `fields` is left out where the line is their JSON. */
  entries: (Omit<LogEntryJson, 'fields'> & Partial<Pick<LogEntryJson, 'fields'>>)[]
  verdict: { complete: boolean; reasons: Reason[] }
}

/** A trace in the list, as `spanlog find --json` prints it: all but the ID as far as the sources tell. */
export type ListedTrace = Omit<Finding, 'startUnixNano' | 'firstError'> & { startUnixNano?: string; firstError?: { message: string } }

export interface TraceList {
  /** Newest first. */
  traces: ListedTrace[]
  /** Why there may be more. */
  reasons: Reason[]
}

/** Whole traces of the list, for the report over all of them. */
export interface ManyTraces {
  traces: TraceJson[]
  reasons: readonly Reason[]
}

/** What stands in the HTML itself: one trace or two for comparison, or nothing where a server gives them. */
export interface PageData {
  served: boolean
  documents: TraceDocument[]
}

/** The ID of the element that holds the `PageData`: JSON, packed by gzip, in base64. */
export const DATA_ELEMENT = 'spanlog-data'
