import { unexpected } from '../errors.js'
import { readLine } from '../logs/entry.js'
import type { LogEntry } from '../logs/types.js'
import { assemble } from '../traces/assemble.js'
import type { Trace, TraceSpan } from '../traces/types.js'
import { drawWaterfall } from '../view/terminal/waterfall.js'
import type { TelemetryRecorder } from './record.js'

/** What the matchers look at: a recorder, a trace, or a trace with its lines as `spanlog trace --json` and the sources give them. */
export type Telemetry = TelemetryRecorder | Trace | { trace?: Trace; entries?: readonly LogEntry[] }

/** The same, in one shape. */
export interface Subject {
  spans: readonly TraceSpan[]
  /** Absent where none were given: then nothing can be said of lines. */
  entries: readonly LogEntry[] | undefined
}

/** @throws SpanlogError INVALID_OPTION */
export function subjectOf(received: unknown): Subject {
  if (typeof received === 'object' && received !== null) {
    const given = received as Partial<TelemetryRecorder & Trace & { trace: Trace; entries: readonly LogEntry[] }>
    if (typeof given.spans === 'function' && typeof given.text === 'function') {
      const lines = given.text().split('\n')
      return { spans: given.spans(), entries: lines.filter((line) => line !== '').flatMap((line) => readLine({ line }) ?? []) }
    }
    if (Array.isArray(given.spans)) return { spans: given.spans, entries: undefined }
    if (given.trace !== undefined || Array.isArray(given.entries)) return { spans: given.trace?.spans ?? [], entries: given.entries }
  }
  throw unexpected('the value under test', 'a recorder of recordTelemetry(), a Trace, or { trace, entries }', received)
}

/** The spans by their traces, in the order in which those began to be recorded. */
export function tracesOf({ spans }: Subject): Trace[] {
  const byTrace = new Map<string, TraceSpan[]>()
  for (const span of spans) {
    const own = byTrace.get(span.traceId)
    if (own === undefined) byTrace.set(span.traceId, [span])
    else own.push(span)
  }
  return [...byTrace].flatMap(([traceId, own]) => assemble(traceId, own) ?? [])
}

const maxRows = 60

/** What was recorded, drawn, for the message of a failure. */
export function pictureOf(subject: Subject): string {
  const { entries = [] } = subject
  const rows: string[] = []
  for (const trace of tracesOf(subject)) {
    const own = entries.filter((entry) => entry.traceId === trace.traceId)
    for (const row of drawWaterfall({ traceId: trace.traceId, trace, entries: own }, { width: 100 })) rows.push(row)
    rows.push('')
  }
  const known = new Set(subject.spans.map((span) => span.traceId))
  const stray = entries.filter((entry) => entry.traceId === undefined || !known.has(entry.traceId))
  const all = [
    ...(rows.length === 0 ? ['no spans were recorded', ''] : rows),
    ...(stray.length === 0 ? [] : ['lines without a recorded trace:', ...stray.map(({ line }) => `  ${line.slice(0, 200)}`)]),
  ]
  return [...all.slice(0, maxRows), ...(all.length > maxRows ? [`… and ${all.length - maxRows} rows more`] : [])].join('\n').trimEnd()
}
