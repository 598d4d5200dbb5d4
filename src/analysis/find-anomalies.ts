import { refuseUnknownOptions } from '../errors.js'
import type { Trace } from '../traces/types.js'
import type { AnomalyLimits, OperationAnomaly, TrafficAnomaly } from './anomaly.js'
import { operationAnomalies } from './operation-anomalies.js'
import { operationsOf } from './operations.js'
import { atLeast, positive } from './options.js'
import { serviceMap } from './service-map.js'
import { listOf, type Traces } from './traces-given.js'
import { trafficAnomalies } from './traffic-anomalies.js'

export interface AnomalyReport {
  operations: OperationAnomaly[]
  /** Empty also where it could not be judged; see `baselineWindowMs`. */
  traffic: TrafficAnomaly[]
  traces: { baseline: number; current: number }
  /** As it was applied. */
  minimumSample: number
  /** Operations that have too few calls on a side to be judged by their times, calls and errors. */
  unjudged: number
}

export interface FindAnomaliesOptions {
  /** Calls of an operation, or of an edge, below which nothing is concluded, on either side. @defaultValue 20 */
  minimumSample?: number
  /** A median that moved by less has not moved. @defaultValue 1 */
  minimumMs?: number
  /** Nor has one, or a rate, that moved by less than this factor. @defaultValue 1.2 */
  minimumRatio?: number
  /**
   * The time that the baseline is from, in milliseconds. @defaultValue the extent of its spans; with fewer traces than `minimumSample` on
   * either side traffic is then not judged
   */
  baselineWindowMs?: number
  /** Likewise of the current traces. */
  windowMs?: number
}

/**
 * What is unusual against a baseline, such as the hour before. Robust: medians and median absolute deviations, so that a few wild calls
 * move neither side.
 *
 * A median has moved if it did by three standard errors, `minimumMs` and `minimumRatio`. A call is an outlier if it is slower than any
 * of the baseline, and its modified z-score, on the logarithm of the duration, is above 3.5 (Iglewicz and Hoaglin). A share has changed
 * by three standard errors, or if chance explains it in less than 5 % of cases where it is new or gone; so for operations and edges. A
 * rate has changed by three standard errors of Poisson counts. Waits: Spearman's correlation of duration and calls in flight of at least
 * 0.5, and twice the median in the crowd. O(n log n).
 *
 * Many operations make chance findings likely: look at the largest. Rates are those of the traces given, sampled or not.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const { operations, traffic, minimumSample } = findAnomalies(lastHour, thisHour)
 * for (const { kind, service, name, before, after } of operations) console.log(`${service} ${name}: ${kind}, ${before} → ${after}`)
 * ```
 */
export function findAnomalies(baseline: Traces, current: Traces, options: FindAnomaliesOptions = {}): AnomalyReport {
  refuseUnknownOptions('findAnomalies', options, ['minimumSample', 'minimumMs', 'minimumRatio', 'baselineWindowMs', 'windowMs'])
  const limits: AnomalyLimits = {
    minimumSample: atLeast('minimumSample', options.minimumSample ?? 20, 2),
    minimumMs: atLeast('minimumMs', options.minimumMs ?? 1, 0),
    minimumRatio: atLeast('minimumRatio', options.minimumRatio ?? 1.2, 1),
  }
  const { baselineWindowMs, windowMs } = options
  if (baselineWindowMs !== undefined) positive('baselineWindowMs', baselineWindowMs)
  if (windowMs !== undefined) positive('windowMs', windowMs)
  const old = listOf(baseline)
  const now = listOf(current)
  const traces = { baseline: old.length, current: now.length }
  const found = operationAnomalies(operationsOf(old), operationsOf(now), traces, limits)
  // Without its window a rate rests on the extent of the traces, and that of a few says nothing.
  const rated = (given: readonly Trace[], window: number | undefined) => window !== undefined || given.length >= limits.minimumSample
  const judged = rated(old, baselineWindowMs) && rated(now, windowMs)
  const traffic = judged ? trafficAnomalies(serviceMap(old, { windowMs: baselineWindowMs }), serviceMap(now, { windowMs }), limits) : []
  return { ...found, traffic, traces, minimumSample: limits.minimumSample }
}
