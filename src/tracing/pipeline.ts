import { type Context, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, Span, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-node'
import { reportFault } from '../context/fault.js'
import { spanCounts } from '../context/span-counts.js'
import { ConsoleExporter } from './console-exporter.js'
import { GuardedExporter } from './guard.js'
import type { BatchOptions } from './options.js'
import { peers } from './peers.js'
import type { EndedSpan, StartedSpan, TraceProcessor } from './processors/types.js'

/** An exporter with the processor that feeds it, independent of all others. Nothing of it rejects or throws. */
export class Pipeline implements TraceProcessor {
  readonly #exporter: GuardedExporter
  readonly #processor: SpanProcessor

  constructor(exporter: SpanExporter, batch: BatchOptions = {}) {
    const { BatchSpanProcessor, SimpleSpanProcessor } = peers.sdk()
    const { maxQueueSize, maxExportBatchSize, scheduledDelayMs, exportTimeoutMs } = batch
    this.#exporter = new GuardedExporter(exporter.constructor.name, exporter)
    this.#processor =
      exporter instanceof ConsoleExporter
        ? new SimpleSpanProcessor(this.#exporter)
        : new BatchSpanProcessor(this.#exporter, {
            ...(maxQueueSize !== undefined && { maxQueueSize }),
            ...(maxExportBatchSize !== undefined && { maxExportBatchSize }),
            ...(scheduledDelayMs !== undefined && { scheduledDelayMillis: scheduledDelayMs }),
            ...(exportTimeoutMs !== undefined && { exportTimeoutMillis: exportTimeoutMs }),
          })
  }

  onStart(span: StartedSpan, parentContext: Context): void {
    this.#processor.onStart(span as unknown as Span, parentContext)
  }

  onEnd(span: EndedSpan): void {
    if (this.#isFull() && (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) {
      spanCounts.dropped++
      reportFault('spans are dropped, since the queue of their exporter is full: raise batch.maxQueueSize, or sample fewer')
    }
    this.#processor.onEnd(span as ReadableSpan)
  }

  async forceFlush(): Promise<void> {
    // What fails was reported where it failed.
    await this.#processor.forceFlush().catch(() => undefined)
    await this.#exporter.forceFlush()
  }

  async shutdown(): Promise<void> {
    // The SDK leaves out the exporter's shutdown after a failed export; the guard calls it once at most.
    await this.#processor.shutdown().catch(() => undefined)
    await this.#exporter.shutdown()
  }

  /** Gives up what is being exported. */
  abandon(): void {
    this.#exporter.abandon()
  }

  /** The SDK drops what its queue has no room for, and tells nobody: the queue is where it lies in all of 2.x. */
  #isFull(): boolean {
    const { _finishedSpans: queue, _maxQueueSize: size } = this.#processor as { _finishedSpans?: unknown[]; _maxQueueSize?: number }
    return queue !== undefined && size !== undefined && queue.length >= size
  }
}

/** Several processors as one, each whatever the others do. */
export function fanOut(processors: readonly TraceProcessor[]): TraceProcessor {
  const [only] = processors
  if (only !== undefined && processors.length === 1) return only
  return {
    onStart: (span, parentContext) => processors.forEach((each) => each.onStart(span, parentContext)),
    onEnd: (span) => processors.forEach((each) => each.onEnd(span)),
    forceFlush: async () => void (await Promise.all(processors.map((each) => each.forceFlush()))),
    shutdown: async () => void (await Promise.all(processors.map((each) => each.shutdown()))),
  }
}
