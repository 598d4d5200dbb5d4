import { state } from './state.js'

/** What became of the spans that ended, each counted once for each exporter. */
export interface SpanCounts {
  exported: number
  /** Lost because their export failed, after its retries. */
  failed: number
  /** Lost because the queue of their exporter was full. */
  dropped: number
}

const shared = state as typeof state & { spanCounts?: SpanCounts }

export const spanCounts: SpanCounts = (shared.spanCounts ??= { exported: 0, failed: 0, dropped: 0 })
