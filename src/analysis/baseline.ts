import { unexpected } from '../errors.js'
import type { SpanKindName } from '../traces/types.js'
import { latencies } from './latencies.js'
import { operationKey } from './span-ref.js'
import { listOf, type Traces } from './traces-given.js'

/** What traces were like, to hold later ones against; JSON as it stands. */
export interface Baseline {
  format: 'spanlog-baseline-1'
  traces: number
  operations: BaselineOperation[]
}

export interface BaselineOperation {
  service: string
  name: string
  kind: SpanKindName
  count: number
  p50Ms: number
  p95Ms: number
  errorShare: number
}

/**
 * A summary of traces for `checkBudgets` to compare with: small, and in a stable order, so that it can be kept beside the code.
 *
 * @example
 * ```ts
 * await writeFile('baseline.json', JSON.stringify(baselineOf(traces), undefined, 2))
 * ```
 */
export function baselineOf(traces: Traces): Baseline {
  const list = listOf(traces)
  const operations = latencies(list, { spans: 'all' })
    .map(({ service, name, kind, count, p50Ms, p95Ms, errorShare }) => ({ service, name, kind, count, p50Ms, p95Ms, errorShare }))
    .toSorted((a, b) => (operationKey(a) < operationKey(b) ? -1 : 1))
  return { format: 'spanlog-baseline-1', traces: list.length, operations }
}

/**
 * Checks what may come from a file.
 *
 * @throws SpanlogError INVALID_OPTION
 */
export function checkedBaseline(given: unknown): Baseline {
  const baseline = given as Partial<Baseline> | null | undefined
  const isOne =
    typeof baseline === 'object' &&
    baseline?.format === 'spanlog-baseline-1' &&
    Array.isArray(baseline.operations) &&
    baseline.operations.every(
      (operation: Partial<BaselineOperation> | null) =>
        typeof operation?.service === 'string' &&
        typeof operation.name === 'string' &&
        [operation.count, operation.p50Ms, operation.p95Ms, operation.errorShare].every((figure) => typeof figure === 'number'),
    )
  if (!isOne) throw unexpected('baseline', 'what baselineOf() gave, with the format "spanlog-baseline-1"', baseline?.format ?? given)
  return baseline as Baseline
}
