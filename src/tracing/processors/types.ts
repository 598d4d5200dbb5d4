import type { Context, Span } from '@opentelemetry/api'
import type { EndedSpan } from '../../traces/memory/ended-span.js'

export type { EndedSpan }

/** A span that has begun: what it knows can be read, and more be set. */
export type StartedSpan = Span & Pick<EndedSpan, 'name' | 'kind' | 'parentSpanContext' | 'attributes' | 'resource'>

/** A span processor, as both lines of OpenTelemetry's SDK take it: for `startTracing({ processors })` or any provider. */
export interface TraceProcessor {
  onStart(span: StartedSpan, parentContext: Context): void
  onEnding?(span: StartedSpan): void
  onEnd(span: EndedSpan): void
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

/**
 * What stands before another processor, and decides what reaches it. In `startTracing({ processors })` it stands before all exporters;
 * elsewhere it is given the processor: `filterSpans()(new BatchSpanProcessor(exporter))`.
 */
export type SpanStage = (next: TraceProcessor) => TraceProcessor
