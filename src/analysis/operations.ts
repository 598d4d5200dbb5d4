import type { SpanKindName, Trace, TraceSpan } from '../traces/types.js'
import { isFailed } from './failure.js'
import { operationKey } from './span-ref.js'
import { msOf } from './statistics.js'

/** What the traces say of one operation. */
export interface Operation {
  service: string
  name: string
  kind: SpanKindName
  spans: TraceSpan[]
  failed: number
  /** Calls of each trace that has any. */
  callsByTrace: number[]
}

/** Spans by their service, name and kind. Linear. */
export function operationsOf(traces: Iterable<Trace>, wanted: (span: TraceSpan) => boolean = () => true): Map<string, Operation> {
  const operations = new Map<string, Operation>()
  for (const { spans } of traces) {
    const calls = new Map<Operation, number>()
    for (const span of spans) {
      if (!wanted(span)) continue
      const key = operationKey(span)
      let operation = operations.get(key)
      if (operation === undefined) {
        const { service, name, kind } = span
        operations.set(key, (operation = { service, name, kind, spans: [], failed: 0, callsByTrace: [] }))
      }
      operation.spans.push(span)
      if (isFailed(span)) operation.failed++
      calls.set(operation, (calls.get(operation) ?? 0) + 1)
    }
    for (const [operation, count] of calls) operation.callsByTrace.push(count)
  }
  return operations
}

/** 0 for a span that ends before it starts. */
export function durationMs({ startUnixNano, endUnixNano }: TraceSpan): number {
  return endUnixNano > startUnixNano ? msOf(endUnixNano - startUnixNano) : 0
}
