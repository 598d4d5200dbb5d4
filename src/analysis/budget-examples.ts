import type { Trace } from '../traces/types.js'
import { isFailed } from './failure.js'
import { operationKey } from './span-ref.js'

/** Where to look for what an operation did in single traces. */
export interface OperationExample {
  /** The trace with most of its calls, the first of those with as many. */
  most: { traceId: string; actual: number }
  /** The first trace in which it failed. */
  failedIn?: string
}

/** Of each operation, by its key: in one pass, whatever the number of operations. */
export function operationExamples(list: readonly Trace[]): Map<string, OperationExample> {
  const examples = new Map<string, OperationExample>()
  for (const { traceId, spans } of list) {
    const calls = new Map<string, number>()
    for (const span of spans) {
      const key = operationKey(span)
      const actual = (calls.get(key) ?? 0) + 1
      calls.set(key, actual)
      let example = examples.get(key)
      if (example === undefined) examples.set(key, (example = { most: { traceId, actual } }))
      if (actual > example.most.actual) example.most = { traceId, actual }
      if (example.failedIn === undefined && isFailed(span)) example.failedIn = traceId
    }
  }
  return examples
}
