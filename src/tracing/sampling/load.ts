import { getHeapStatistics } from 'node:v8'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { checkFunction, checkPositive, checkRate } from './checks.js'
import { samplerOf, type TraceSampler } from './sampler.js'

/** How busy the process is, each as a share of what it has. */
export interface Load {
  eventLoopUtilization: number
  /** The heap that is used, of the heap's limit. */
  memory: number
}

export interface LoadSamplerOptions {
  /** At rest. @defaultValue 1 */
  maxRate?: number
  /** Under pressure, however long it lasts. @defaultValue 0.01 */
  minRate?: number
  /** Above either, the rate is halved each interval; below both it rises by a quarter. @defaultValue 0.8 and 0.85 */
  limits?: Partial<Load>
  /** How often the load is looked at, in milliseconds. @defaultValue 1_000 */
  intervalMs?: number
  /** Since it was asked last. @defaultValue of this process */
  measure?: () => Load
  /** Milliseconds, from anywhere. @defaultValue performance.now */
  now?: () => number
}

/**
 * Samples less while the process is busy, and more again when it has time: tracing is the first thing to give way. By trace ID, as
 * `probabilitySampler` does.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * startTracing({ serviceName: 'orders', sampler: loadSampler({ maxRate: 0.5, minRate: 0.01 }) })
 * ```
 */
export function loadSampler(options: LoadSamplerOptions = {}): TraceSampler {
  refuseUnknownOptions('loadSampler', options, ['maxRate', 'minRate', 'limits', 'intervalMs', 'measure', 'now'])
  const {
    maxRate = 1,
    minRate = 0.01,
    limits = {},
    intervalMs = 1_000,
    measure = measureProcess(),
    now = () => performance.now(),
  } = options
  checkRate('maxRate', maxRate)
  checkRate('minRate', minRate)
  if (minRate > maxRate) throw unexpected('minRate', `at most maxRate (${maxRate})`, minRate)
  refuseUnknownOptions('limits', limits, ['eventLoopUtilization', 'memory'])
  const { eventLoopUtilization = 0.8, memory = 0.85 } = limits
  checkRate('limits.eventLoopUtilization', eventLoopUtilization)
  checkRate('limits.memory', memory)
  checkPositive('intervalMs', intervalMs)
  checkFunction('measure', measure)
  checkFunction('now', now)

  let probability = maxRate
  let looked = now()
  return samplerOf(
    () => `load(${minRate}-${maxRate})`,
    () => {
      const at = now()
      if (at - looked >= intervalMs) {
        const load = measure()
        const isBusy = load.eventLoopUtilization > eventLoopUtilization || load.memory > memory
        // Intervals without a trace count as well: after an idle hour nothing is left of an old rush.
        const intervals = Math.min(100, Math.floor((at - looked) / intervalMs))
        probability = isBusy ? Math.max(minRate, probability / 2) : Math.min(maxRate, Math.max(probability, 1e-6) * 1.25 ** intervals)
        looked = at
      }
      return { probability }
    },
  )
}

function measureProcess(): () => Load {
  let last = performance.eventLoopUtilization()
  return () => {
    const current = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(current, last)
    last = current
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
    return { eventLoopUtilization: utilization, memory: used / limit }
  }
}
