import { boundsOf, checkedBudgets } from '../analysis/budgets.js'
import { type Budgets, criticalPath } from '../analysis/index.js'
import type { Trace, TraceSpan } from '../traces/types.js'

/** What a budget says of one span. */
export interface SpanVerdict {
  /** Of the bounds that the span exceeds the highest; where it exceeds none, the lowest. */
  limit: string
  allowedMs: number
  actualMs: number
  kept: boolean
}

/**
 * Holds single spans to the latency bounds of the operations' budgets, and the main root to `traces.criticalPathMs`. A percentile is a
 * bound of many calls: one that is over it breaks no budget yet, and is still where to look.
 *
 * @throws SpanlogError INVALID_OPTION
 */
export function spanJudge(given: Budgets, trace: Trace): (span: TraceSpan) => SpanVerdict | undefined {
  const { operations = [], traces } = checkedBudgets(given)
  const path = criticalPath(trace)
  const root = trace.spans.find(({ spanId, kind }) => path[0]?.spanId === spanId && path[0].kind === kind)
  const pathMs = Number(path.reduce((sum, { startUnixNano, endUnixNano }) => sum + endUnixNano - startUnixNano, 0n)) / 1e6

  return (span) => {
    const durationMs = Number(span.endUnixNano - span.startUnixNano) / 1e6
    const fitting = operations.filter(
      ({ service = span.service, name = span.name, kind = span.kind }) =>
        service === span.service && name === span.name && kind === span.kind,
    )
    const bounds = fitting
      .flatMap(boundsOf)
      .filter(([limit]) => limit.endsWith('Ms'))
      .map(([limit, allowedMs]): SpanVerdict => ({ limit, allowedMs, actualMs: durationMs, kept: durationMs <= allowedMs }))
    if (span === root && traces?.criticalPathMs !== undefined) {
      const allowedMs = traces.criticalPathMs
      bounds.push({ limit: 'criticalPathMs', allowedMs, actualMs: pathMs, kept: pathMs <= allowedMs })
    }
    const sorted = bounds.toSorted((a, b) => a.allowedMs - b.allowedMs)
    return sorted.findLast(({ kept }) => !kept) ?? sorted[0]
  }
}
