import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { reportFault } from '../../context/fault.js'
import { spanCounts } from '../../context/span-counts.js'
import { GuardedExporter } from '../guard.js'
import type { BatchOptions } from '../options.js'
import { peers } from '../peers.js'
import type { EndedSpan, TraceProcessor } from '../processors/types.js'
import { bytesOf } from './span-bytes.js'

/** How kept spans wait for their export; how many may wait is said in bytes. */
export type ExportOptions = Omit<BatchOptions, 'maxQueueSize'>

/**
 * Kept spans that wait for one exporter, which gets one batch at a time. Not the SDK's batch processor: its queue is a number of
 * spans, which one large trace that is decided on all at once overruns, and it takes spans from the SDK alone.
 */
export class ExportQueue implements TraceProcessor {
  /** Spans that did not fit. */
  lostSpans = 0
  /** Spans whose export the exporter reported as failed. */
  failedSpans = 0
  private spans: EndedSpan[] = []
  /** Of each of `spans`, as it was when it came, and of all. */
  private sizes: number[] = []
  private bytes = 0
  private timer: NodeJS.Timeout | undefined
  /** Batches that are asked for and not begun; each follows the one before. */
  private asked = 0
  private last: Promise<void> = Promise.resolve()
  private readonly exporter: GuardedExporter
  private readonly batchSize: number
  private readonly delayMs: number
  private readonly timeoutMs: number

  /** @throws SpanlogError PEER_MISSING */
  constructor(
    exporter: SpanExporter,
    private readonly maxBytes: number,
    { maxExportBatchSize = 512, scheduledDelayMs = 1_000, exportTimeoutMs = 30_000 }: ExportOptions = {},
  ) {
    peers.core()
    this.exporter = exporter instanceof GuardedExporter ? exporter : new GuardedExporter(exporter.constructor.name, exporter)
    this.batchSize = maxExportBatchSize
    this.delayMs = scheduledDelayMs
    this.timeoutMs = exportTimeoutMs
  }

  get size(): number {
    return this.spans.length
  }

  onStart(): void {}

  onEnd(span: EndedSpan): void {
    const bytes = bytesOf(span)
    if (this.bytes + bytes > this.maxBytes) {
      this.lostSpans++
      spanCounts.dropped++
      reportFault('spans of kept traces are lost, since their exporter is too slow: raise maxBytes, or keep fewer')
      return
    }
    this.bytes += bytes
    this.spans.push(span)
    this.sizes.push(bytes)
    if (this.spans.length >= this.batchSize * (this.asked + 1)) void this.askForBatch()
    else this.timer ??= setTimeout(() => void this.askForBatch(), this.delayMs).unref()
  }

  /** Resolves when all that waits now is exported; never rejects. */
  async forceFlush(): Promise<void> {
    while (this.spans.length > this.batchSize * this.asked) void this.askForBatch()
    await this.last
    await this.exporter.forceFlush()
  }

  async shutdown(): Promise<void> {
    await this.forceFlush()
    await this.exporter.shutdown()
  }

  /** Gives up what is being exported. */
  abandon(): void {
    this.exporter.abandon()
  }

  private askForBatch(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.asked++
    this.last = this.exportAfter(this.last)
    return this.last
  }

  private async exportAfter(before: Promise<void>): Promise<void> {
    await before
    this.asked--
    await this.exportBatch()
    if (this.spans.length > 0) this.timer ??= setTimeout(() => void this.askForBatch(), this.delayMs).unref()
  }

  private async exportBatch(): Promise<void> {
    const batch = this.spans.splice(0, this.batchSize)
    if (batch.length === 0) return
    for (const size of this.sizes.splice(0, batch.length)) this.bytes -= size
    const { ExportResultCode, suppressTracing } = peers.core()
    const spans = batch as unknown as ReadableSpan[]
    const resource = spans[0]?.resource
    if (resource?.asyncAttributesPending) await resource.waitForAsyncAttributes?.().catch(() => undefined)
    const isExported = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => this.exporter.abandon(), this.timeoutMs).unref()
      // Spans of the export itself would have to be exported, and so on.
      context.with(suppressTracing(ROOT_CONTEXT), () =>
        this.exporter.export(spans, (result) => {
          clearTimeout(timer)
          resolve(result.code === ExportResultCode.SUCCESS)
        }),
      )
    })
    if (!isExported) this.failedSpans += batch.length
  }
}
