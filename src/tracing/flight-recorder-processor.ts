import type { SpanContext } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-node'
import { hasFailed, isLocalRoot, tell } from '../context/watch.js'

/**
 * Tells the flight recorder of the spans that others make: one that ends with an error status has the kept lines of its trace
 * written, and they are dropped when the first span of the trace in this process has ended well. `startTracing` has it already;
 * any other provider is given it.
 *
 * @example
 * ```ts
 * new NodeTracerProvider({ spanProcessors: [new FlightRecorderSpanProcessor(), new BatchSpanProcessor(exporter)] })
 * ```
 */
export class FlightRecorderSpanProcessor implements SpanProcessor {
  onStart(span: { spanContext(): SpanContext; parentSpanContext?: SpanContext | undefined }): void {
    if (isLocalRoot(span.parentSpanContext)) tell('began', span.spanContext())
  }

  onEnd(span: ReadableSpan): void {
    if (hasFailed(span)) tell('failed', span.spanContext())
    if (isLocalRoot(span.parentSpanContext)) tell('ended', span.spanContext())
  }

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  shutdown(): Promise<void> {
    return Promise.resolve()
  }
}
