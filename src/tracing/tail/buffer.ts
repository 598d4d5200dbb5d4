import { type SpanContext, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { isKnownToFail, isLocalRoot } from '../../context/watch.js'
import type { EndedSpan } from '../processors/types.js'
import { keptSpan } from './kept-span.js'
import type { TailSettings } from './options.js'
import { Recent } from './recent.js'
import { bytesOf } from './span-bytes.js'
import { TraceInWait, type Verdict, WaitingList } from './trace-in-wait.js'

/** What of a tail sampler's work can be counted. */
export interface TailCounts {
  /** Traces and spans that wait for a decision now, and what these spans take, about. */
  waitingTraces: number
  waitingSpans: number
  waitingBytes: number
  /** Traces that were decided on, each local root's part for itself. */
  keptTraces: number
  droppedTraces: number
  /** Of those, the ones that were decided on early for want of room, or as their local root had not ended in time. */
  evictedTraces: number
  timedOutTraces: number
  /** Spans that ended after the decision on their trace, and followed it. */
  lateKeptSpans: number
  lateDroppedSpans: number
  /** Spans of traces that had more than are kept of one. */
  cutSpans: number
}

/** What starts, as far as it matters here. */
interface BegunSpan {
  spanContext(): SpanContext
  readonly parentSpanContext?: SpanContext | undefined
}

/**
 * Holds the spans of each trace until its local root, and with it this process's part of the trace, is over.
 *
 *   root    |--------------------|<- grace ->| decided
 *   db         |----|
 *   later                    |---------|
 *   late                                   |------|      follows the decision
 *
 * Two requests of one trace at once are one part, which is over when both are.
 */
export class TailBuffer {
  private readonly traces = new Map<string, TraceInWait>()
  /** A local root has not ended. */
  private readonly open = new WaitingList()
  /** All have ended; late ones are waited for. */
  private readonly closing = new WaitingList()
  private readonly kept: Recent<Exclude<Verdict, false>>
  private readonly dropped: Recent<true>
  private readonly counts = {
    waitingSpans: 0,
    waitingBytes: 0,
    keptTraces: 0,
    droppedTraces: 0,
    evictedTraces: 0,
    timedOutTraces: 0,
    lateKeptSpans: 0,
    lateDroppedSpans: 0,
    cutSpans: 0,
  }

  /**
   * @param keep - takes the spans of kept traces; must not throw
   * @param now - milliseconds, from anywhere
   */
  constructor(
    private readonly settings: TailSettings,
    private readonly keep: (span: EndedSpan) => void,
    private readonly now: () => number,
  ) {
    this.kept = new Recent(settings.maxKept)
    this.dropped = new Recent(settings.maxDropped)
  }

  get stats(): TailCounts {
    return { waitingTraces: this.traces.size, ...this.counts }
  }

  get isEmpty(): boolean {
    return this.traces.size === 0
  }

  /** @param span - a local root */
  begin(span: BegunSpan): void {
    const context = span.spanContext()
    const nowMs = this.now()
    const trace = this.traces.get(context.traceId) ?? this.add(context, this.kept.get(context.traceId), nowMs)
    if (trace.openRoots++ === 0) this.open.add(trace, trace.startedMs + this.settings.timeoutMs)
    if (trace.verdict === undefined && this.isSampled(span, context)) this.decide(trace, 'sampled')
    // Only now, or it would evict itself.
    while (this.traces.size > this.settings.maxTraces) this.evict()
  }

  end(span: EndedSpan): void {
    const context = span.spanContext()
    const trace = this.traces.get(context.traceId) ?? this.fragment(context)
    if (trace === false) {
      this.counts.lateDroppedSpans++
      return
    }
    if (!(trace instanceof TraceInWait)) {
      this.counts.lateKeptSpans++
      this.keep(keptSpan(span, trace, 0))
      return
    }
    const isRoot = isLocalRoot(span.parentSpanContext)
    if (trace.verdict === undefined) this.hold(trace, span, isRoot)
    else if (trace.verdict !== false) this.keep(keptSpan(span, trace.verdict, trace.cut))
    if (isRoot) this.rootEnded(trace)
    while (this.traces.size > this.settings.maxTraces) this.evict()
    while (this.counts.waitingBytes > this.settings.maxBytes) this.evict(trace)
  }

  /** Decides on what is due. */
  tick(): void {
    const nowMs = this.now()
    for (let trace = this.closing.first; trace !== undefined && trace.dueMs <= nowMs; trace = this.closing.first) this.close(trace)
    for (let trace = this.open.first; trace !== undefined && trace.dueMs <= nowMs; trace = this.open.first) {
      if (trace.verdict === undefined) this.counts.timedOutTraces++
      this.close(trace)
    }
  }

  /** Decides on the traces whose local root has ended; of the others, on those that are to be kept as they stand. */
  flush(): void {
    while (this.closing.first !== undefined) this.close(this.closing.first)
    for (let trace = this.open.first; trace !== undefined; trace = trace.after) {
      if (trace.verdict !== undefined || trace.spans.length === 0) continue
      const verdict = this.judge(trace)
      if (verdict !== false) this.decide(trace, verdict)
    }
  }

  /** Decides on all. */
  finish(): void {
    this.flush()
    while (this.open.first !== undefined) this.close(this.open.first)
  }
  private add({ traceId, traceState }: SpanContext, verdict: Verdict | undefined, nowMs: number): TraceInWait {
    const trace = new TraceInWait(traceId, traceState, nowMs)
    // A part of a trace that was dropped is judged anew, one of a trace that was kept is kept.
    trace.verdict = verdict
    if (verdict !== undefined) this.counts.keptTraces++
    this.traces.set(traceId, trace)
    return trace
  }

  /** A span of a trace of which nothing waits: the decision on it, or a part of its own, whose local root nobody saw begin. */
  private fragment(context: SpanContext): TraceInWait | Verdict {
    const verdict = this.kept.get(context.traceId) ?? (this.dropped.get(context.traceId) && false)
    if (verdict !== undefined) return verdict
    const nowMs = this.now()
    const trace = this.add(context, undefined, nowMs)
    this.closing.add(trace, nowMs + this.settings.graceMs)
    return trace
  }

  private isSampled({ parentSpanContext }: BegunSpan, context: SpanContext): boolean {
    const told = this.settings.propagate === 'unsampled' ? context : parentSpanContext
    return told !== undefined && (told.traceFlags & TraceFlags.SAMPLED) !== 0
  }

  private hold(trace: TraceInWait, span: EndedSpan, isRoot: boolean): void {
    trace.spanCount++
    const [seconds, nanos] = span.duration
    trace.longestMs = Math.max(trace.longestMs, seconds * 1e3 + nanos / 1e6)
    if (span.status.code === SpanStatusCode.ERROR) trace.failed = true
    if (trace.spans.length >= this.settings.maxSpansPerTrace) {
      trace.cut++
      this.counts.cutSpans++
      if (!isRoot) return
      // What happened in a trace is of no use without what it was.
      const last = trace.spans.pop()
      if (last !== undefined) this.account(trace, -1, -bytesOf(last))
    }
    trace.spans.push(span)
    this.account(trace, 1, bytesOf(span))
  }

  private account(trace: TraceInWait, spans: number, bytes: number): void {
    trace.bytes += bytes
    this.counts.waitingSpans += spans
    this.counts.waitingBytes += bytes
  }

  private rootEnded(trace: TraceInWait): void {
    trace.openRoots = Math.max(0, trace.openRoots - 1)
    if (trace.openRoots > 0) return
    if (this.settings.graceMs === 0) this.close(trace)
    else this.closing.add(trace, this.now() + this.settings.graceMs)
  }

  private judge(trace: TraceInWait): Verdict {
    const nowMs = this.now()
    if (trace.openRoots > 0) trace.longestMs = Math.max(trace.longestMs, nowMs - trace.startedMs)
    trace.failed ||= isKnownToFail(trace.traceId)
    if (this.settings.drop(trace, nowMs) !== false) return false
    const hit = this.settings.keep(trace, nowMs)
    return hit === true ? 'certain' : hit
  }

  private decide(trace: TraceInWait, verdict: Verdict): void {
    trace.verdict = verdict
    if (verdict === false) this.counts.droppedTraces++
    else this.counts.keptTraces++
    if (verdict !== false) for (const span of trace.spans) this.keep(keptSpan(span, verdict, trace.cut))
    this.account(trace, -trace.spans.length, -trace.bytes)
    trace.spans.length = 0
  }

  /** Decides, unless that was done, and remembers nothing but the decision. */
  private close(trace: TraceInWait): void {
    if (trace.verdict === undefined) this.decide(trace, this.judge(trace))
    trace.list?.remove(trace)
    this.traces.delete(trace.traceId)
    if (trace.verdict === false || trace.verdict === undefined) this.dropped.set(trace.traceId, true)
    else this.kept.set(trace.traceId, trace.verdict)
  }

  /** Makes room: traces that are over first, which loses nothing but late spans. */
  private evict(grown?: TraceInWait): void {
    const trace = this.closing.first ?? (grown === undefined ? this.open.first : (this.firstWithSpans() ?? grown))
    if (trace === undefined) return
    if (trace.verdict === undefined) this.counts.evictedTraces++
    this.close(trace)
  }

  /** Of the oldest few: a trace that holds nothing makes no room, and to look at them all takes too long. */
  private firstWithSpans(): TraceInWait | undefined {
    let trace = this.open.first
    for (let i = 0; i < 100 && trace !== undefined; i++, trace = trace.after) if (trace.spans.length > 0) return trace
    return undefined
  }
}
