import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { reportFault } from '../context/fault.js'
import { spanCounts } from '../context/span-counts.js'
import { peers } from './peers.js'

type Done = Parameters<SpanExporter['export']>[1]
type Result = Parameters<Done>[0]

/** Stands between the SDK and an exporter, so that nothing an exporter does, or leaves undone, reaches the host. */
export class GuardedExporter implements SpanExporter {
  /** Gives up an export that is under way. */
  private readonly pending = new Set<() => void>()
  private readonly waiting: (() => void)[] = []
  private unflushed = false
  private ended: Promise<void> | undefined

  constructor(
    private readonly name: string,
    private readonly inner: SpanExporter,
  ) {}

  export(spans: ReadableSpan[], done: Done): void {
    this.unflushed = true
    const { FAILED, SUCCESS } = peers.core().ExportResultCode
    const finish = (result: Result): void => {
      if (!this.pending.delete(abandon)) return
      if (result.code === SUCCESS) spanCounts.exported += spans.length
      else {
        spanCounts.failed += spans.length
        reportFault(`spans could not be exported (${this.name})`, result.error)
      }
      done(result)
      if (this.pending.size === 0) for (const resume of this.waiting.splice(0)) resume()
    }
    const fail = (error: unknown): void => finish({ code: FAILED, error: error instanceof Error ? error : new Error(String(error)) })
    const abandon = (): void => fail(new Error('the exporter did not finish in time'))
    this.pending.add(abandon)
    try {
      // An exporter with an async `export` returns a promise, whose rejection would end the process.
      const returned: unknown = this.inner.export(spans, finish)
      if (returned instanceof Promise) returned.catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  /** Flushes only if something was exported since: at the natural end of a process each further turn of work calls for another end. */
  async forceFlush(): Promise<void> {
    if (!this.unflushed) return
    this.unflushed = false
    try {
      await this.settled()
      await this.inner.forceFlush?.()
    } catch (error) {
      reportFault(`an exporter could not flush (${this.name})`, error)
    }
  }

  shutdown(): Promise<void> {
    this.ended ??= this.end()
    return this.ended
  }

  /** Gives up what has not finished. Without it the SDK's own timer keeps the process alive for up to its export time-out. */
  abandon(): void {
    for (const give of this.pending) give()
  }

  private async end(): Promise<void> {
    try {
      await this.settled()
      await this.inner.shutdown()
    } catch (error) {
      reportFault(`an exporter could not be shut down (${this.name})`, error)
    }
  }

  /** The SDK's batch processor flushes what waits, but does not wait for the batch that is under way. */
  private async settled(): Promise<void> {
    if (this.pending.size > 0) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }
}
