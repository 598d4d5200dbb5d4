import type { Context, Span } from '@opentelemetry/api'
import { reportFault } from '../context/fault.js'
import { watchEnd, watchStart } from '../context/overhead.js'
import { state } from '../context/state.js'
import { ERROR_SEVERITY, type Severity } from '../fields/severity.js'
import { failSpan, putEvents } from './events.js'
import { exceptionSignal } from './exception-signal.js'
import type { Line } from './line.js'
import { contextOfRecord, emitRecord } from './records.js'
import { countLeftOut, room } from './room.js'
import { keepUnread } from './unread.js'

/** Who takes a line. */
export interface Takers {
  /** The span that shows it as an event. */
  span: Span | undefined
  /** Where it was written, if somebody listens to log records. */
  context: Context | undefined
  /** Whether it is a record in any case, or only for the sake of an exception in it. */
  record: boolean
  /** Whether somebody else makes the record. */
  sent: boolean
  /** Milliseconds since the epoch, where there may be a record. */
  now: number
}

/** What takes a line may log itself: a log exporter, a logger for diagnostics. Such a line is not mirrored. */
let mirroring = false

/** Whether lines may become log records, also outside a trace: each line there asks. */
export function takesRecords(): boolean {
  const { enabled, to } = state.settings.mirror
  return enabled && (to !== 'events' || exceptionSignal !== 'spans')
}

/**
 * Who takes a line of this severity now: cheap, and asked before anything is read. Counts what a full span leaves out; an error
 * left out still fails its span. Never throws.
 *
 * @param span - the active one, or that of the line, if it was made before
 * @param sent - whether somebody else makes a log record of it
 * @returns `undefined` where nobody does
 */
export function takersOf(span: Span | undefined, severity: Severity, sent: boolean, context?: Context): Takers | undefined {
  const { enabled, to, minSeverity, minRecordSeverity } = state.settings.mirror
  if (mirroring || !enabled) return undefined
  try {
    const isEvent = span !== undefined && to !== 'records' && severity.number >= minSeverity && takesEvent(span, severity)
    const record = to !== 'events' && severity.number >= minRecordSeverity
    const mayRecord = !sent && (record || (isEvent && exceptionSignal !== 'spans'))
    const listened = mayRecord ? contextOfRecord(severity, context) : undefined
    if (!isEvent && listened === undefined) return undefined
    return { span: isEvent ? span : undefined, context: listened, record, sent, now: listened === undefined ? 0 : Date.now() }
  } catch (error) {
    reportFault('a span could not be asked whether it takes a line', error)
    return undefined
  }
}

function takesEvent(span: Span, severity: Severity): boolean {
  if (!span.isRecording()) return false
  if (room(span) > 0) return true
  countLeftOut(span)
  failSpan(span, severity)
  return false
}

/** Gives a line to who takes it: one line is at most one record and one event, beside its exception. Never throws. */
export function mirrorLine(takers: Takers, line: Line): void {
  if (mirroring) return
  mirroring = true
  const started = watchStart()
  try {
    if (!canWait(takers, line)) readNow(takers, line)
  } catch (error) {
    state.mirrorUnreadable++
    reportFault('a line could not be mirrored', error)
  } finally {
    watchEnd('lines', started)
    mirroring = false
  }
}

/** An event is made when somebody looks at the span, if it ever is looked at. An error, which sets the span's status, is read at once. */
function canWait({ span, context }: Takers, line: Line): boolean {
  if (span === undefined || context !== undefined || line.severity.number >= ERROR_SEVERITY) return false
  // Held back long enough, a line outlives its span.
  return span.isRecording() && keepUnread(span, line)
}

function readNow({ span, context, record, sent, now }: Takers, line: Line): void {
  const written = line.read()
  const { severity } = line
  if (written === undefined) {
    state.mirrorUnreadable++
  } else {
    const { error, ...rest } = written
    const recorded = context !== undefined && (record || error !== undefined)
    if (recorded) emitRecord(context, severity, written, { time: line.time(), now })
    // Held back long enough, a line outlives its span.
    if (span?.isRecording()) putEvents(span, severity, (recorded || sent) && exceptionSignal === 'logs' ? rest : written, line.at)
  }
  if (span?.isRecording()) failSpan(span, severity, written)
}
