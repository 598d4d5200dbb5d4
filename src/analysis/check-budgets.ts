import { refuseUnknownOptions } from '../errors.js'
import type { SpanKindName, Trace } from '../traces/types.js'
import { assessQuality } from './assess-quality.js'
import { type Baseline, checkedBaseline } from './baseline.js'
import { operationExamples } from './budget-examples.js'
import { type Budgets, boundsOf, checkedBudgets, type OperationBound, type OperationBudget, type RegressionBudget } from './budgets.js'
import { pathsOf } from './critical-path.js'
import { isFailed } from './failure.js'
import { latencies, type OperationLatency } from './latencies.js'
import { operationKey } from './span-ref.js'
import { msOf } from './statistics.js'
import { listOf, type Traces } from './traces-given.js'
import { buildTree } from './tree.js'

/** One limit, and what became of it. */
export interface BudgetResult {
  /** What is limited: `p95Ms`, `errorShare`, `callsPerTrace`, `criticalPathMs`, …; `p50Ms`, … `against the baseline` for a regression. */
  limit: string
  /** Of the operation; absent for limits of whole traces. Where no operation fitted, what the budget asks for. */
  service?: string
  name?: string
  kind?: SpanKindName
  /** `no-data` is not kept: a gate that passes because nothing was recorded would guard nothing. */
  outcome: 'kept' | 'broken' | 'no-data'
  allowed: number
  /** Absent without data. */
  actual?: number
  /** Calls, or traces, that the figure rests on. */
  sample: number
  /** A trace to look at, where it is broken. */
  traceId?: string
}

export interface BudgetReport {
  /** Every limit was kept. */
  passed: boolean
  /** The broken ones first, then those without data. */
  results: BudgetResult[]
  traces: number
}

export interface CheckBudgetsOptions {
  /** What `baselineOf` gave earlier; needed for `regression`. */
  baseline?: Baseline
}

/**
 * Holds traces to limits: latencies, shares of errors, calls, the critical path, quality, and what they were earlier. O(n log n).
 *
 * @throws SpanlogError INVALID_OPTION for budgets or a baseline that are none, and naming their place
 * @example
 * ```ts
 * const { passed, results } = checkBudgets(traces, { operations: [{ service: 'shop', kind: 'server', p95Ms: 300, errorShare: 0.01 }] })
 * for (const { service, name, limit, allowed, actual } of results.filter((r) => r.outcome === 'broken')) {
 *   console.log(`${service} ${name}: ${limit} is ${actual}, at most ${allowed} allowed`)
 * }
 * ```
 */
export function checkBudgets(traces: Traces, budgets: Budgets, options: CheckBudgetsOptions = {}): BudgetReport {
  const { operations = [], traces: whole = {}, regression, minimumSample = 1 } = checkedBudgets(budgets)
  refuseUnknownOptions('checkBudgets', options, ['baseline'])
  const baseline = options.baseline === undefined ? undefined : checkedBaseline(options.baseline)
  const list = listOf(traces)
  const measured = latencies(list, { spans: 'all' })
  const examples = operationExamples(list)
  const results = [
    ...operations.flatMap((budget) => operationResults(budget, measured, examples, minimumSample)),
    ...traceResults(whole, list),
    ...(regression === undefined ? [] : regressionResults(regression, baseline, measured, examples, minimumSample)),
  ].toSorted((a, b) => ranks[a.outcome] - ranks[b.outcome])
  return { passed: results.every(({ outcome }) => outcome === 'kept'), results, traces: list.length }
}

type Examples = ReturnType<typeof operationExamples>

const ranks = { broken: 0, 'no-data': 1, kept: 2 }

function operationResults(
  budget: OperationBudget,
  measured: readonly OperationLatency[],
  examples: Examples,
  minimumSample: number,
): BudgetResult[] {
  const { service, name, kind } = budget
  const asked = { ...(service !== undefined && { service }), ...(name !== undefined && { name }), ...(kind !== undefined && { kind }) }
  const fits = (one: { service: string; name: string; kind: SpanKindName }) =>
    (service ?? one.service) === one.service && (name ?? one.name) === one.name && (kind ?? one.kind) === one.kind
  const fitting = measured.filter((one) => fits(one) && one.count >= minimumSample)
  const seen = measured.filter(fits).reduce((sum, { count }) => sum + count, 0)
  return boundsOf(budget).flatMap(([limit, allowed]): BudgetResult[] => {
    if (fitting.length === 0) return [{ limit, ...asked, outcome: 'no-data', allowed, sample: seen }]
    return fitting.map((operation) => {
      const { actual, traceId } = figureOf(operation, limit, examples)
      return resultOf(operation, limit, judged(actual, allowed, traceId))
    })
  })
}

type Judgement = Pick<BudgetResult, 'outcome' | 'allowed' | 'actual' | 'traceId'>

function judged(actual: number, allowed: number, traceId?: string): Judgement {
  if (actual <= allowed) return { outcome: 'kept', allowed, actual }
  return { outcome: 'broken', allowed, actual, ...(traceId !== undefined && { traceId }) }
}

function resultOf({ service, name, kind, count }: OperationLatency, limit: string, judgement: Judgement): BudgetResult {
  return Object.assign({ limit, service, name, kind, sample: count }, judgement)
}

function figureOf(operation: OperationLatency, bound: OperationBound, examples: Examples): { actual: number; traceId: string | undefined } {
  const example = examples.get(operationKey(operation))
  if (bound === 'errorShare') return { actual: operation.errorShare, traceId: example?.failedIn }
  if (bound === 'callsPerTrace') return example!.most
  return { actual: operation[bound], traceId: operation.slowest[0]?.traceId }
}

function traceResults(budget: NonNullable<Budgets['traces']>, list: readonly Trace[]): BudgetResult[] {
  const sample = list.length
  const results: BudgetResult[] = []
  const add = (limit: string, allowed: number | undefined, measure: () => { actual: number; traceId?: string | undefined }): void => {
    if (allowed === undefined) return
    if (sample === 0) results.push({ limit, outcome: 'no-data', allowed, sample })
    else {
      const { actual, traceId } = measure()
      results.push({ limit, ...judged(actual, allowed, traceId), sample })
    }
  }
  const most = (measure: (trace: Trace) => number) =>
    list.map((trace) => ({ traceId: trace.traceId, actual: measure(trace) })).reduce((a, b) => (b.actual > a.actual ? b : a))
  add('criticalPathMs', budget.criticalPathMs, () => most(pathMs))
  add('spans', budget.spans, () => most(({ spans }) => spans.length))
  add('errorShare', budget.errorShare, () => {
    const failed = list.filter(({ spans }) => spans.some(isFailed))
    return { actual: failed.length / sample, traceId: failed[0]?.traceId }
  })
  const least = budget.qualityScore
  const { score } = least === undefined ? {} : assessQuality(list)
  if (least !== undefined) {
    const judgedScore = score === undefined ? ('no-data' as const) : score >= least ? ('kept' as const) : ('broken' as const)
    results.push({ limit: 'qualityScore', outcome: judgedScore, allowed: least, ...(score !== undefined && { actual: score }), sample })
  }
  return results
}

function pathMs(trace: Trace): number {
  return msOf(pathsOf(buildTree(trace)).reduce((sum, { startUnixNano, endUnixNano }) => sum + endUnixNano - startUnixNano, 0n))
}

function regressionResults(
  { ratio = 1.2, minimumMs = 1, errorShare = 0.01 }: RegressionBudget,
  baseline: Baseline | undefined,
  measured: readonly OperationLatency[],
  examples: Examples,
  minimumSample: number,
): BudgetResult[] {
  if (baseline === undefined) return [{ limit: 'the baseline', outcome: 'no-data', allowed: 0, sample: 0 }]
  const before = new Map(baseline.operations.map((operation) => [operationKey(operation), operation]))
  const enough = ({ count }: { count: number }) => count >= minimumSample
  return measured.filter(enough).flatMap((now): BudgetResult[] => {
    const old = before.get(operationKey(now))
    if (old === undefined || !enough(old)) return []
    const slower = (['p50Ms', 'p95Ms'] as const).map((limit) => {
      const allowed = Math.max(old[limit] * ratio, old[limit] + minimumMs)
      return resultOf(now, `${limit} against the baseline`, judged(now[limit], allowed, now.slowest[0]?.traceId))
    })
    const { actual, traceId } = figureOf(now, 'errorShare', examples)
    slower.push(resultOf(now, 'errorShare against the baseline', judged(actual, Math.min(1, old.errorShare + errorShare), traceId)))
    return slower
  })
}
