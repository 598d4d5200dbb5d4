import { createTraceState, type SpanContext, TraceFlags } from '@opentelemetry/api'
import { isLocalRoot } from '../../context/watch.js'
import { SpanCopy } from '../processors/span-copy.js'
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
  return new KeptSpan(span, kept, isCutRoot ? { ...span.attributes, [cutAttribute]: cut } : span.attributes)
}

class KeptSpan extends SpanCopy {
  constructor(
    span: EndedSpan,
    private readonly context: SpanContext,
    private readonly shown: EndedSpan['attributes'],
  ) {
    super(span)
  }

  override get attributes(): EndedSpan['attributes'] {
    return this.shown
  }
  override spanContext(): SpanContext {
    return this.context
  }
}

function keptContext(context: SpanContext, verdict: Exclude<Verdict, false>): SpanContext {
  const { traceId, spanId, traceFlags, isRemote } = context
  const traceState = verdict === 'sampled' ? context.traceState : stateOf(context.traceState, verdict)
  if ((traceFlags & TraceFlags.SAMPLED) !== 0 && traceState === context.traceState) return context
  const kept: SpanContext = { traceId, spanId, traceFlags: traceFlags | TraceFlags.SAMPLED }
  if (isRemote !== undefined) kept.isRemote = isRemote
  if (traceState !== undefined) kept.traceState = traceState
  return kept
}

type State = SpanContext['traceState']

/** The spans of a trace share their tracestate, and most have none: what was made last will be wanted next. */
let last: { verdict: 'certain' | Threshold; before: State; after: State } | undefined

function stateOf(before: State, verdict: 'certain' | Threshold): State {
  if (last?.verdict !== verdict || last.before !== before) {
    const threshold = verdict === 'certain' ? undefined : verdict
    const isUntold = threshold === undefined && before?.get('ot') === undefined
    last = { verdict, before, after: isUntold ? before : withThreshold(before ?? createTraceState(), threshold) }
  }
  return last.after
}
