import type { LogEntryJson } from '../logs/index.js'
import type { TraceJson } from '../traces/index.js'
import type { ReportInput } from './report.js'
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

/** Tells whether more has come: spans and lines are written once, so as many of them are the same ones. */
export function versionOf(spans: number, entries: number, complete: boolean): string {
  return `"${spans}-${entries}-${complete}"`
}

/** A trace in the list, as `spanlog find --json` prints it: all but the ID as far as the sources tell. */
export type ListedTrace = Omit<Finding, 'startUnixNano' | 'firstError'> & { startUnixNano?: string; firstError?: { message: string } }

export interface TraceList {
  /** Newest first. */
  traces: ListedTrace[]
  /** Why there may be more. */
  reasons: Reason[]
}

/** Limits that traces are held to. */
export type Limits = Pick<ReportInput, 'budgets' | 'baseline'>

/** What a report over the traces of the list rests on: the same as that of `spanlog report`. */
export interface ReportData extends Pick<ReportInput, 'windowMs'> {
  traces: TraceJson[]
  before?: TraceJson[]
  entries?: TraceDocument['entries']
  entriesFromUnixNano?: string
  reasons: readonly Reason[]
}

/** What stands in the HTML itself: one trace or two for comparison, or nothing where a server gives them. */
export interface PageData {
  served: boolean
  documents: TraceDocument[]
  limits?: Limits
}

/** The ID of the element that holds the `PageData`: JSON, packed by gzip, in base64. */
export const DATA_ELEMENT = 'spanlog-data'
