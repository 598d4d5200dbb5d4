import { createTraceState, type SpanContext, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node'
import { isLocalRoot } from '../../context/watch.js'
import type { EndedSpan } from '../processors/types.js'
import { type Threshold, withThreshold } from '../sampling/threshold.js'
import type { Verdict } from './trace-in-wait.js'

/** On the local root of a trace that had more spans than were kept: how many were not. */
const cutAttribute = 'spanlog.dropped_spans'

/**
 * A span as it is exported once its trace is kept: sampled, since exporters and stores pass over what is not, and with the threshold
 * in its tracestate if chance kept it, or none if its sort did. The span itself stays as it was: it may still be a parent.
 *
 * @param cut - how many spans of the trace had no room
 */
export function keptSpan(span: EndedSpan, verdict: Exclude<Verdict, false>, cut: number): EndedSpan {
  const context = span.spanContext()
  const kept = keptContext(context, verdict)
  const isCutRoot = cut > 0 && isLocalRoot(span.parentSpanContext)
  if (kept === context && !isCutRoot) return span
  return new KeptSpan(span as ReadableSpan, kept, isCutRoot ? { ...span.attributes, [cutAttribute]: cut } : span.attributes)
}

/**
 * All that exporters of both lines of the SDK read. Not an object that inherits from the span: V8 makes a hidden class of its own for each
 * object that another inherits from, which took longer than all else that is done with a span.
 */
class KeptSpan implements ReadableSpan {
  readonly name: ReadableSpan['name']
  readonly kind: ReadableSpan['kind']
  readonly parentSpanContext?: SpanContext
  readonly startTime: ReadableSpan['startTime']
  readonly endTime: ReadableSpan['endTime']
  readonly duration: ReadableSpan['duration']
  readonly ended: boolean
  readonly status: ReadableSpan['status']
  readonly events: ReadableSpan['events']
  readonly links: ReadableSpan['links']
  readonly resource: ReadableSpan['resource']
  readonly instrumentationScope: ReadableSpan['instrumentationScope']
  readonly droppedAttributesCount: number
  readonly droppedEventsCount: number
  readonly droppedLinksCount: number

  constructor(
    span: ReadableSpan,
    private readonly context: SpanContext,
    readonly attributes: ReadableSpan['attributes'],
  ) {
    this.name = span.name
    this.kind = span.kind
    if (span.parentSpanContext !== undefined) this.parentSpanContext = span.parentSpanContext
    this.startTime = span.startTime
    this.endTime = span.endTime
    this.duration = span.duration
    this.ended = span.ended
    this.status = span.status
    this.events = span.events
    this.links = span.links
    this.resource = span.resource
    this.instrumentationScope = span.instrumentationScope
    this.droppedAttributesCount = span.droppedAttributesCount
    this.droppedEventsCount = span.droppedEventsCount
    this.droppedLinksCount = span.droppedLinksCount
  }

  spanContext(): SpanContext {
    return this.context
  }
}

function keptContext(context: SpanContext, verdict: Exclude<Verdict, false>): SpanContext {
  const traceState = verdict === 'sampled' ? context.traceState : stateOf(context.traceState, verdict === 'certain' ? undefined : verdict)
  const isSampled = (context.traceFlags & TraceFlags.SAMPLED) !== 0
  if (isSampled && traceState === context.traceState) return context
  return { ...context, traceFlags: context.traceFlags | TraceFlags.SAMPLED, ...(traceState && { traceState }) }
}

function stateOf(traceState: SpanContext['traceState'], threshold: Threshold | undefined): SpanContext['traceState'] {
  if (threshold === undefined && traceState?.get('ot') === undefined) return traceState
  return withThreshold(traceState ?? createTraceState(), threshold)
}
