import { refuseUnknownOptions } from '../errors.js'
import type { Trace } from '../traces/types.js'
import { type Baseline, checkedBaseline } from './baseline.js'
import { type Budgets, checkedBudgets } from './budgets.js'
import { type BudgetResult, checkBudgets } from './check-budgets.js'
import { atLeast, positive } from './options.js'
import { keyOf } from './span-ref.js'
import { listOf, type Traces } from './traces-given.js'
import { later } from './tree.js'

/** A limit began to be broken, or is kept again. */
export interface BudgetEvent {
  event: 'broken' | 'over'
  /** The limit as it was last judged; `silentMs` for a service that sends no spans any more. */
  result: BudgetResult
  /** When it was first seen broken. */
  sinceUnixNano: bigint
  atUnixNano: bigint
}

export interface WatchBudgetsOptions {
  /** What `baselineOf` gave earlier. Operations are then held to it even where the budgets name no `regression`. */
  baseline?: Baseline
  /** So long a limit must be broken before it is told, and kept before it is over: what comes and goes is one event. @defaultValue 0 */
  holdMs?: number
  /**
   * A service that the baseline has, or that was seen, and whose last span ended so long ago, has fallen silent.
   *
   * @defaultValue no service is expected
   */
  silentAfterMs?: number
}

/** Judges one look at the traffic after another. */
export interface BudgetWatch {
  /**
   * @param traces - of the last minutes
   * @param nowUnixNano - the end of that time
   * @returns what is new: each limit that is broken once, and once when it is over. Limits without data stay what they were.
   */
  observe(traces: Traces, nowUnixNano: bigint): BudgetEvent[]
  /** Whether a limit is broken and was told. */
  readonly alarmed: boolean
}

interface State {
  result: BudgetResult
  sinceUnixNano: bigint
  told: boolean
  /** Since when it is kept. */
  keptUnixNano?: bigint
}

/**
 * Holds live traffic to limits: the same as `checkBudgets`, again and again, with a hold time, each break told once and once when it is
 * over; and services that fall silent. Pure: reading, waiting and telling are the caller's.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const watch = watchBudgets({ operations: [{ service: 'shop', kind: 'server', p95Ms: 300 }] }, { holdMs: 60_000, silentAfterMs: 600_000 })
 * for (const { event, result } of watch.observe(lastFiveMinutes, now)) console.log(event, result.service, result.limit)
 * ```
 */
export function watchBudgets(budgets: Budgets, options: WatchBudgetsOptions = {}): BudgetWatch {
  refuseUnknownOptions('watchBudgets', options, ['baseline', 'holdMs', 'silentAfterMs'])
  const baseline = options.baseline === undefined ? undefined : checkedBaseline(options.baseline)
  const limits = checkedBudgets(baseline === undefined ? budgets : { regression: {}, ...budgets })
  const hold = nanoOf(atLeast('holdMs', options.holdMs ?? 0, 0))
  const silentAfterMs = options.silentAfterMs === undefined ? undefined : positive('silentAfterMs', options.silentAfterMs)
  const states = new Map<string, State>()
  const lastSeen = new Map<string, bigint>()
  const expected = new Set(baseline?.operations.map(({ service }) => service))

  return {
    get alarmed() {
      return [...states.values()].some(({ told }) => told)
    },
    observe(given, nowUnixNano) {
      const traces = listOf(given)
      const { results } = checkBudgets(traces, limits, baseline === undefined ? {} : { baseline })
      if (silentAfterMs !== undefined) results.push(...silences(traces, nowUnixNano, silentAfterMs))
      return results.flatMap((result) => step(result, nowUnixNano) ?? [])
    },
  }

  function silences(traces: readonly Trace[], now: bigint, allowed: number): BudgetResult[] {
    // One that was never seen is silent from the first look on.
    for (const service of expected) if (!lastSeen.has(service)) lastSeen.set(service, now)
    for (const { service, endUnixNano } of traces.flatMap(({ spans }) => spans)) {
      lastSeen.set(service, later(lastSeen.get(service) ?? endUnixNano, endUnixNano))
    }
    return [...lastSeen].map(([service, at]): BudgetResult => {
      const actual = Math.max(0, Number(now - at) / 1e6)
      return { limit: 'silentMs', service, outcome: actual > allowed ? 'broken' : 'kept', allowed, actual, sample: 0 }
    })
  }

  function step(result: BudgetResult, now: bigint): BudgetEvent | undefined {
    const key = keyOf(result.limit, result.service ?? '', result.name ?? '', result.kind ?? '')
    const known = states.get(key)
    if (result.outcome === 'no-data') return undefined
    if (result.outcome === 'broken') {
      const state = known ?? { result, sinceUnixNano: now, told: false }
      states.set(key, state)
      state.result = result
      delete state.keptUnixNano
      if (state.told || now - state.sinceUnixNano < hold) return undefined
      state.told = true
      return { event: 'broken', result, sinceUnixNano: state.sinceUnixNano, atUnixNano: now }
    }
    if (known === undefined) return undefined
    known.keptUnixNano ??= now
    if (known.told && now - known.keptUnixNano < hold) return undefined
    states.delete(key)
    return known.told ? { event: 'over', result, sinceUnixNano: known.sinceUnixNano, atUnixNano: now } : undefined
  }
}

function nanoOf(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6))
}
