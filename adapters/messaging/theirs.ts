import { type Link, type Span, type SpanContext, SpanKind } from '@opentelemetry/api'
import { activeContext, activeSpan, runIn } from '../../src/context/active.js'
import { heldIn, holding } from '../../src/context/holder.js'
import { watched } from '../../src/context/watch.js'

/** What can be read of a span of the SDK. */
interface Readable {
  kind?: SpanKind
  attributes?: Record<string, unknown>
  links?: readonly Link[]
  parentSpanContext?: SpanContext
  instrumentationScope?: { name: string }
}

/** The active span, where an OpenTelemetry instrumentation or another library opened it for messages, and it has not ended. */
function foreignSpan(): (Span & Readable) | undefined {
  const span: (Span & Readable) | undefined = activeSpan()
  if (!span?.isRecording() || span.instrumentationScope === undefined || span.instrumentationScope.name === 'spanlog') return undefined
  return span
}

/**
 * The span that others opened for this very message: a consumer span whose parent, or a link of it, is what the message names; of a message
 * without a trace, one without a parent that says its system.
 */
export function theirProcessSpan(remote: SpanContext | undefined): Span | undefined {
  const span = foreignSpan()
  if (span?.kind !== SpanKind.CONSUMER) return undefined
  const named = [span.parentSpanContext, ...(span.links ?? []).map(({ context }) => context)]
  if (remote === undefined) return span.parentSpanContext === undefined && ofMessages(span) ? span : undefined
  return named.some((context) => context?.spanId === remote.spanId) ? span : undefined
}

function ofMessages({ attributes = {} }: Readable): boolean {
  return 'messaging.system.name' in attributes || 'messaging.system' in attributes
}

/** The span that others opened for a batch, which says how many messages there are. */
export function theirBatchSpan(): Span | undefined {
  const span = foreignSpan()
  return span?.attributes !== undefined && 'messaging.batch.message_count' in span.attributes ? span : undefined
}

/** Runs a handler in a span of others, which they end. */
export function runInTheirs<T>(span: Span, fn: () => T): T {
  const active = activeContext()
  return watched(span.spanContext(), () => runIn(holding(active, heldIn(active)), fn))
}
