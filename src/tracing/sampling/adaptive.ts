import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { checkFunction, checkPositive, checkRate } from './checks.js'
import { samplerOf, type TraceSampler } from './sampler.js'

export interface AdaptiveSamplerOptions {
  /** How many traces a second to keep, of all operations together. */
  tracesPerSecond: number
  /** No operation is sampled more rarely. @defaultValue 0.00001 */
  minRate?: number
  /** Nor more often. @defaultValue 1 */
  maxRate?: number
  /** How often the rates are reckoned anew, in milliseconds. @defaultValue 10_000 */
  intervalMs?: number
  /** Operations that are told apart, by span name; further ones share one rate. @defaultValue 500 */
  maxOperations?: number
  /** Milliseconds, from anywhere. @defaultValue performance.now */
  now?: () => number
}

/** An operation in the present interval. */
interface Operation {
  rate: number
  /** Traces that began, and those of them that were kept. */
  seen: number
  kept: number
  /** Traces to keep in an interval. */
  goal: number
  /** Once so many are kept, the rate is looked at, though the interval is not over. */
  nextLook: number
  /** Traces a second of the intervals before, the latest counting half; absent until the first has passed. */
  demand: number | undefined
}

const others = Symbol('other operations')

/**
 * Keeps about so many traces a second, however many begin, and of each operation some: what is frequent is sampled more rarely than
 * what is rare, in proportion to the logarithm of its count. By trace ID, as `probabilitySampler` does.
 *
 * A rate falls at once, also within an interval, where an operation bursts; it rises by a half each interval at most. An operation that
 * was never seen is kept at first.
 *
 * After Jaeger's adaptive sampling (https://www.jaegertracing.io/docs/latest/sampling/#adaptive-sampling) and Honeycomb's dynsampler
 * (https://github.com/honeycombio/dynsampler-go, the goal of each key).
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * startTracing({ serviceName: 'orders', sampler: adaptiveSampler({ tracesPerSecond: 20 }) })
 * ```
 */
export function adaptiveSampler(options: AdaptiveSamplerOptions): TraceSampler {
  refuseUnknownOptions('adaptiveSampler', options, ['tracesPerSecond', 'minRate', 'maxRate', 'intervalMs', 'maxOperations', 'now'])
  const { tracesPerSecond, minRate = 1e-5, maxRate = 1, intervalMs = 10_000, maxOperations = 500, now = () => performance.now() } = options
  checkPositive('tracesPerSecond', tracesPerSecond)
  checkRate('minRate', minRate)
  checkRate('maxRate', maxRate)
  if (minRate > maxRate) throw unexpected('minRate', `at most maxRate (${maxRate})`, minRate)
  checkPositive('intervalMs', intervalMs)
  checkPositive('maxOperations', maxOperations)
  checkFunction('now', now)

  const operations = new Map<string | symbol, Operation>()
  const perInterval = tracesPerSecond * (intervalMs / 1000)
  let began = now()
  const clamp = (rate: number): number => Math.min(maxRate, Math.max(minRate, rate))

  return samplerOf(
    () => `adaptive(${tracesPerSecond}/s)`,
    ({ name }) => {
      const at = now()
      if (at - began >= intervalMs) {
        reckon(at)
        began = at
      }
      const operation = find(name)
      operation.seen++
      const probability = operation.rate
      operation.kept += probability
      if (operation.kept > operation.nextLook) brake(operation, at)
      return { probability }
    },
  )

  function find(name: string): Operation {
    const key = operations.size < maxOperations || operations.has(name) ? name : others
    let operation = operations.get(key)
    if (operation === undefined) {
      const goal = perInterval / (operations.size + 1)
      operation = { rate: maxRate, seen: 0, kept: 0, goal, nextLook: Math.max(1, goal), demand: undefined }
      operations.set(key, operation)
    }
    return operation
  }

  /** It has used up its share before the interval is over. */
  function brake(operation: Operation, at: number): void {
    const intervals = Math.max(at - began, 1) / intervalMs
    const wanted = clamp((operation.goal * intervals) / operation.seen)
    operation.rate = Math.min(operation.rate, wanted)
    operation.nextLook = operation.kept + operation.goal / 2
  }

  function reckon(at: number): void {
    const seconds = (at - began) / 1000
    for (const [key, operation] of operations) {
      const demand = operation.seen / seconds
      operation.demand = operation.demand === undefined ? demand : (operation.demand + demand) / 2
      // Forgotten when it has not been seen for some intervals, or names that come and go would fill the map.
      if (operation.demand * seconds < 0.01) operations.delete(key)
    }
    for (const [operation, goal] of goalsOf([...operations.values()], tracesPerSecond)) {
      const demand = Math.max(operation.demand ?? 0, operation.seen / seconds)
      const wanted = clamp(demand === 0 ? maxRate : goal / demand)
      operation.rate = wanted < operation.rate ? wanted : Math.min(wanted, operation.rate * 1.5)
      operation.goal = goal * (intervalMs / 1000)
      operation.nextLook = Math.max(1, operation.goal)
      operation.seen = 0
      operation.kept = 0
    }
  }
}

function weightOf({ demand = 0 }: Operation): number {
  return Math.log10(10 + demand)
}

/** Shares the target out; what an operation cannot use, as it has fewer traces than that, goes to the others. */
function goalsOf(operations: readonly Operation[], target: number): [Operation, number][] {
  const goals: [Operation, number][] = []
  let left = target
  let weights = operations.reduce((sum, operation) => sum + weightOf(operation), 0)
  const perWeight = (operation: Operation) => (operation.demand ?? 0) / weightOf(operation)
  for (const operation of operations.toSorted((a, b) => perWeight(a) - perWeight(b))) {
    const weight = weightOf(operation)
    const goal = Math.min((left * weight) / weights, operation.demand ?? 0)
    goals.push([operation, goal])
    left -= goal
    weights -= weight
  }
  return goals
}
