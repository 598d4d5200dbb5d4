import type { TraceSpan } from './types.js'

/** The spans that one document holds, of one trace or of all. */
export interface ReadSpans {
  spans: TraceSpan[]
  /** Spans, or groups of spans, that could not be read and were left out. */
  skipped: number
  /** Why the first of them was. */
  problem?: unknown
}

/** Gathers spans piece by piece: a broken piece is left out with a reason and takes none of its neighbours with it. */
export class SpanCollector implements ReadSpans {
  readonly spans: TraceSpan[] = []
  skipped = 0
  problem?: unknown

  attempt(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (this.skipped++ === 0) this.problem = error
    }
  }
}
