import { refuseUnknownOptions, unexpected } from '../errors.js'
import type { SpanKindName } from '../traces/types.js'
import { kindNames } from './kinds.js'

/** What an operation may take. What is given of `service`, `name` and `kind` says which operations it holds for, each for itself. */
export interface OperationBudget {
  service?: string
  name?: string
  kind?: SpanKindName
  /** Upper bounds of the percentiles of its durations, and of the longest. */
  p50Ms?: number
  p90Ms?: number
  p95Ms?: number
  p99Ms?: number
  maxMs?: number
  /** The share of failed calls, 0 to 1. */
  errorShare?: number
  /** The most calls in any one trace: two of a query that should run once are found here. */
  callsPerTrace?: number
}

/** What each trace may take. */
export interface TraceBudget {
  criticalPathMs?: number
  spans?: number
  /** The share of traces with a failed span, 0 to 1. */
  errorShare?: number
  /** The least score of `assessQuality` over all traces, 0 to 1. */
  qualityScore?: number
}

/** How much worse than the baseline an operation may be. */
export interface RegressionBudget {
  /** p50 and p95 at most so many times the baseline's. @defaultValue 1.2 */
  ratio?: number
  /** Differences of less are none. @defaultValue 1 */
  minimumMs?: number
  /** The share of failed calls at most so much above the baseline's. @defaultValue 0.01 */
  errorShare?: number
}

/** Limits that traces are held to: in tests, in CI, or on a live source. */
export interface Budgets {
  operations?: readonly OperationBudget[]
  traces?: TraceBudget
  regression?: RegressionBudget
  /** Calls below which nothing is concluded about an operation: then there are no data. @defaultValue 1 */
  minimumSample?: number
}

const bounds = ['p50Ms', 'p90Ms', 'p95Ms', 'p99Ms', 'maxMs', 'errorShare', 'callsPerTrace'] as const
const traceBounds = ['criticalPathMs', 'spans', 'errorShare', 'qualityScore'] as const

/** The name of a bound of an operation. */
export type OperationBound = (typeof bounds)[number]

/** The bounds that a budget gives. */
export function boundsOf(budget: OperationBudget): [bound: OperationBound, limit: number][] {
  return bounds.flatMap((bound) => (budget[bound] === undefined ? [] : [[bound, budget[bound]] as [OperationBound, number]]))
}

/**
 * Checks what may come from a file.
 *
 * @throws SpanlogError INVALID_OPTION, naming the place: `budgets.operations[2].p95Ms`
 */
export function checkedBudgets(given: unknown): Budgets {
  const budgets = record('budgets', given, ['operations', 'traces', 'regression', 'minimumSample'])
  const { operations = [], regression } = budgets
  const traces = record('budgets.traces', budgets['traces'] ?? {}, traceBounds)
  if (!Array.isArray(operations)) throw unexpected('budgets.operations', 'an array', operations)
  for (const [i, operation] of (operations as unknown[]).entries()) checkOperation(`budgets.operations[${i}]`, operation)
  numbers('budgets.traces', traces, traceBounds)
  if (regression !== undefined) {
    const names = ['ratio', 'minimumMs', 'errorShare']
    numbers('budgets.regression', record('budgets.regression', regression, names), names)
  }
  numbers('budgets', budgets, ['minimumSample'])
  if (operations.length === 0 && Object.keys(traces).length === 0 && regression === undefined) {
    throw unexpected('budgets', 'at least one limit under operations, traces or regression', given)
  }
  return budgets
}

function checkOperation(at: string, given: unknown): void {
  const operation = record(at, given, ['service', 'name', 'kind', ...bounds])
  for (const name of ['service', 'name']) {
    const value = operation[name]
    if (value !== undefined && typeof value !== 'string') throw unexpected(`${at}.${name}`, 'a string', value)
  }
  const { kind } = operation
  if (kind !== undefined && !kindNames.includes(kind as SpanKindName))
    throw unexpected(`${at}.kind`, `one of ${kindNames.join(', ')}`, kind)
  numbers(at, operation, bounds)
  if (bounds.every((bound) => operation[bound] === undefined)) throw unexpected(at, `a limit: ${bounds.join(', ')}`, given)
}

function record(at: string, given: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw unexpected(at, 'an object', given)
  refuseUnknownOptions(at, given, known)
  return given as Record<string, unknown>
}

function numbers(at: string, given: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    const value = given[name]
    if (value === undefined) continue
    const isShare = name === 'errorShare' || name === 'qualityScore'
    if (!(typeof value === 'number' && value >= 0 && (!isShare || value <= 1)))
      throw unexpected(`${at}.${name}`, isShare ? 'a share from 0 to 1' : 'a number, 0 or more', value)
  }
}
