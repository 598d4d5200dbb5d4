import { type Span, type SpanContext, SpanStatusCode } from '@opentelemetry/api'
import { reportFault } from './fault.js'
import { watchPause, watchResume } from './overhead.js'
import { state } from './state.js'

/** Is told how the parts of traces that run in this process go: the flight recorder. */
export interface TraceWatcher {
  /** The first span of a trace in this process has begun, or one more of them. */
  began(trace: SpanContext): void
  /** Something of the trace went wrong, such as a span with an error status. */
  failed(trace: SpanContext): void
  /** What `began` told of is over. */
  ended(trace: SpanContext): void
  /** Whether it has heard that the trace went wrong, or is to be treated so. */
  hasFailed(traceId: string): boolean
}

const shared = state as typeof state & { watcher?: TraceWatcher | undefined }
const roots = new WeakSet<Span>()

/** One for the process, or none. */
export function watchTraces(watcher: TraceWatcher | undefined): void {
  shared.watcher = watcher
}

/** Whether a span with this parent is the first of its trace in this process. */
export function isLocalRoot(parent: SpanContext | undefined): boolean {
  return parent === undefined || parent.isRemote === true
}

/** A span that ends by `endSpan` has begun. */
export function spanBegan(span: Span, parent: SpanContext | undefined): void {
  if (shared.watcher === undefined) return
  try {
    if (isLocalRoot(parent)) rootBegan(span)
    if (!span.isRecording()) watchStatus(span)
  } catch (error) {
    reportFault('a span could not be watched', error)
  }
}

/** A span begins this process's part of its trace, whoever ends it: `rootEnded` is called beside its end. */
export function rootBegan(span: Span): void {
  if (shared.watcher === undefined || roots.has(span)) return
  roots.add(span)
  tell('began', span.spanContext())
}

export function rootEnded(span: Span): void {
  if (roots.delete(span)) tell('ended', span.spanContext())
}

/** Ends a span, and tells what came of it: an error status that can be read, or what the caller knows. */
export function endSpan(span: Span, failed = false): void {
  try {
    if (failed || hasFailed(span)) tell('failed', span.spanContext())
    const paused = watchPause()
    span.end()
    watchResume(paused)
  } catch (error) {
    reportFault('a span could not be ended', error)
  }
  rootEnded(span)
}

/** Never throws. */
export function tell(what: 'began' | 'failed' | 'ended', trace: SpanContext): void {
  try {
    shared.watcher?.[what](trace)
  } catch (error) {
    reportFault('the flight recorder failed', error)
  }
}

/** Whether the flight recorder knows that the trace went wrong, be it by a line alone: its lines are written. Never throws. */
export function isKnownToFail(traceId: string): boolean {
  return shared.watcher?.hasFailed(traceId) === true
}

/** Whether a span that lets its status be read has an error status. */
export function hasFailed(span: object): boolean {
  return (span as { status?: { code?: SpanStatusCode } }).status?.code === SpanStatusCode.ERROR
}

/** A span that records nothing forgets its status: this is the only time to see it. */
function watchStatus(span: Span): void {
  const setStatus = span.setStatus.bind(span)
  span.setStatus = (status) => {
    if (status.code === SpanStatusCode.ERROR) tell('failed', span.spanContext())
    return setStatus(status)
  }
}

/** Runs what is done here of a trace that came in without a span of its own; what it throws or rejects with fails the trace. */
export function watched<T>(trace: SpanContext, fn: () => T): T {
  if (shared.watcher === undefined) return fn()
  tell('began', trace)
  const failed = (error: unknown): never => {
    tell('failed', trace)
    tell('ended', trace)
    throw error
  }
  let result: T
  try {
    result = fn()
  } catch (error) {
    return failed(error)
  }
  if (result instanceof Promise) {
    return result.then((value: unknown) => {
      tell('ended', trace)
      return value
    }, failed) as T
  }
  tell('ended', trace)
  return result
}
