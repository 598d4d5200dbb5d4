import type { TraceState } from '@opentelemetry/api'
import type { EndedSpan } from '../processors/types.js'
import type { Threshold } from '../sampling/threshold.js'
import type { SeenTrace } from './policies.js'

/** What was decided on a trace: dropped; kept as its caller had it sampled; kept for what it is; kept by chance, at a threshold. */
export type Verdict = false | 'sampled' | 'certain' | Threshold

/** What this process has seen of a trace that is not over here. */
export class TraceInWait implements SeenTrace {
  readonly spans: EndedSpan[] = []
  /** Of `spans`, estimated. */
  bytes = 0
  spanCount = 0
  /** Spans that had no room. */
  cut = 0
  longestMs = 0
  failed = false
  /** Local roots that have begun and not ended. */
  openRoots = 0
  /** Absent while nothing is decided. */
  verdict: Verdict | undefined
  /** When it is decided on at the latest. */
  dueMs = 0
  list: WaitingList | undefined
  before: TraceInWait | undefined
  after: TraceInWait | undefined

  constructor(
    readonly traceId: string,
    readonly traceState: TraceState | undefined,
    readonly startedMs: number,
  ) {}
}

/** Traces in the order in which they are due; adding at the end and removing anywhere cost the same however many there are. */
export class WaitingList {
  first: TraceInWait | undefined
  private last: TraceInWait | undefined

  add(trace: TraceInWait, dueMs: number): void {
    trace.list?.remove(trace)
    trace.list = this
    trace.dueMs = dueMs
    // Nearly always the last one: waiting times are constant.
    let before = this.last
    while (before !== undefined && before.dueMs > dueMs) before = before.before
    const after = before === undefined ? this.first : before.after
    trace.before = before
    trace.after = after
    if (before === undefined) this.first = trace
    else before.after = trace
    if (after === undefined) this.last = trace
    else after.before = trace
  }

  remove(trace: TraceInWait): void {
    const { before, after } = trace
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    trace.list = undefined
    trace.before = undefined
    trace.after = undefined
  }
}
