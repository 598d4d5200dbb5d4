import { ROOT_CONTEXT, type SpanContext, trace as traceApi } from '@opentelemetry/api'
import { runIn } from '../context/active.js'
import { isMarked } from '../context/debug-mark.js'
import { reportFault } from '../context/fault.js'
import { state } from '../context/state.js'
import { type TraceWatcher, watchTraces } from '../context/watch.js'
import { type KeptLine, TraceRecord } from './kept.js'
import { type FlightSettings, flightSettingsFromEnv } from './settings.js'

/** What the flight recorder holds now, and what it has done since the process began. */
export interface FlightRecorderStats {
  /** Text that is kept now. */
  keptBytes: number
  keptLines: number
  /** Traces of which lines are kept now. */
  traces: number
  /** Kept lines that were written since their trace failed. */
  written: number
  /** Kept lines that were dropped since their trace ended well, or was not heard of any more. */
  dropped: number
  /** Kept lines that had to go for want of room. */
  evicted: number
}

/** Records of traces without a kept line (open, failed, evicted) are small; so many are held for each trace that may have lines. */
const recordsPerTrace = 8

/**
 * Keeps the lines below the loggers' levels, trace by trace, until the trace fails.
 *
 *   began ... keep, keep, keep ... failed: what was kept is written, and later lines pass
 *                              ... ended:  what was kept is dropped
 */
class FlightRecorder implements TraceWatcher {
  /** Whether a line below its logger's level may be of interest: asked at each of them. */
  on = false
  settings: FlightSettings | undefined
  /** The least severe lines that pass in a trace that is marked for debugging; `undefined` where marks are not heeded. */
  markedSeverity: number | undefined
  private readonly records = new Map<string, TraceRecord>()
  /** Those that hold lines, by the time of their first. */
  private readonly holding = new Set<TraceRecord>()
  private sweptMs = 0
  private readonly counts: FlightRecorderStats = { keptBytes: 0, keptLines: 0, traces: 0, written: 0, dropped: 0, evicted: 0 }

  configure(settings: FlightSettings | undefined, markedSeverity: number | undefined): void {
    this.settings = settings
    this.markedSeverity = markedSeverity
    this.on = settings !== undefined || markedSeverity !== undefined
    watchTraces(this.on ? this : undefined)
    if (settings === undefined) for (const record of this.records.values()) this.forget(record)
  }

  get stats(): FlightRecorderStats {
    return { ...this.counts, traces: this.holding.size }
  }

  /** What is known of a trace in which a line below its logger's level may be kept, or passes; `undefined` where neither is so. */
  find(trace: SpanContext): TraceRecord | undefined {
    const record = this.records.get(trace.traceId)
    if (record !== undefined) return record
    const marked = this.markedSeverity !== undefined && isMarked(trace)
    return this.settings === undefined && !marked ? undefined : this.add(trace, marked)
  }

  /** Keeps a line of a trace that is not passing. */
  keep(record: TraceRecord, line: KeptLine): void {
    const { settings } = this
    if (settings === undefined) return
    record.heardMs = Date.now()
    this.sweep(record.heardMs)
    if (record.count === 0) this.holding.add(record)
    record.push(line)
    this.counts.keptBytes += line.bytes
    this.counts.keptLines++
    while (record.bytes > settings.bytesPerTrace) this.loseOldest(record)
    while (this.counts.keptBytes > settings.bytes || this.holding.size > settings.traces) {
      const [oldest] = this.holding
      if (oldest === undefined) break
      while (oldest.count > 0) this.loseOldest(oldest)
    }
  }

  began(trace: SpanContext): void {
    const record = this.find(trace)
    if (record === undefined) return
    record.roots++
    if (!record.passing && this.markedSeverity !== undefined && isMarked(trace)) this.pass(record, this.markedSeverity)
  }

  failed(trace: SpanContext): void {
    this.release(trace)
  }

  /** Also where its lines pass as it is marked for debugging. */
  hasFailed(traceId: string): boolean {
    return this.records.get(traceId)?.passing === true
  }

  ended(trace: SpanContext): void {
    const record = this.records.get(trace.traceId)
    if (record === undefined || --record.roots > 0) return
    record.roots = 0
    // What still runs of a trace that has failed goes on to be written; the record goes by its age.
    if (!record.passing) this.forget(record)
  }

  /** Writes what is kept of a trace, oldest line first; its later lines pass. @returns how many lines */
  release(trace: SpanContext): number {
    if (this.settings === undefined) return 0
    this.sweep(Date.now())
    const record = this.records.get(trace.traceId) ?? this.add(trace, false)
    // Before anything is written: a destination may log.
    return record.passing ? 0 : this.pass(record, this.settings.minSeverity)
  }

  private pass(record: TraceRecord, minSeverity: number): number {
    record.passing = true
    record.minSeverity = minSeverity
    const { source, lost } = record
    const lines = this.take(record)
    record.lost = 0
    record.source = undefined
    if (lost > 0 && source !== undefined) {
      runIn(traceApi.setSpanContext(ROOT_CONTEXT, record.trace), () => guardedWrite(() => (lines[0]?.source ?? source).tellLost(lost)))
    }
    for (const line of lines) guardedWrite(() => line.write())
    this.counts.written += lines.length
    return lines.length
  }

  private add(trace: SpanContext, marked: boolean): TraceRecord {
    const now = Date.now()
    this.sweep(now)
    const { settings, markedSeverity = 0 } = this
    const record = new TraceRecord(trace, marked ? markedSeverity : (settings?.minSeverity ?? markedSeverity), now)
    record.passing = marked
    this.records.set(trace.traceId, record)
    if (this.records.size > (settings?.traces ?? 1_000) * recordsPerTrace) {
      const [oldest] = this.records.values()
      if (oldest !== undefined) {
        while (oldest.count > 0) this.loseOldest(oldest)
        this.forget(oldest)
      }
    }
    return record
  }

  private loseOldest(record: TraceRecord): void {
    const { bytes } = record
    record.loseOldest()
    this.counts.keptBytes -= bytes - record.bytes
    this.counts.keptLines--
    this.counts.evicted++
    if (record.count === 0) this.holding.delete(record)
  }

  private forget(record: TraceRecord): void {
    this.counts.dropped += this.take(record).length
    this.records.delete(record.trace.traceId)
  }

  private take(record: TraceRecord): KeptLine[] {
    this.counts.keptBytes -= record.bytes
    this.counts.keptLines -= record.count
    this.holding.delete(record)
    return record.takeAll()
  }

  /** Forgets the traces of which nothing was heard for too long; not at each line. */
  private sweep(now: number): void {
    const maxAgeMs = this.settings?.maxAgeMs ?? 300_000
    if (now - this.sweptMs < Math.min(1_000, maxAgeMs)) return
    this.sweptMs = now
    for (const record of this.records.values()) if (now - record.heardMs >= maxAgeMs) this.forget(record)
  }
}

function guardedWrite(write: () => void): void {
  try {
    write()
  } catch (error) {
    reportFault('a kept line could not be written', error)
  }
}

const shared = state as typeof state & { flightRecorder?: FlightRecorder }

/** The process's one. */
export const recorder: FlightRecorder = (shared.flightRecorder ??= fromEnv())

function fromEnv(): FlightRecorder {
  const made = new FlightRecorder()
  made.configure(flightSettingsFromEnv(), undefined)
  return made
}
