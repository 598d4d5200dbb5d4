import { type BudgetEvent, type Budgets, type BudgetWatch, baselineOf, watchBudgets } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import type { Trace } from '../../src/traces/types.js'
import { epoch, span, traceOf } from './traces.js'

const second = 1_000_000_000n
const limits: Budgets = { operations: [{ service: 'shop', maxMs: 100 }] }
const call = (ms: number, service = 'shop', endsAt = 0): Trace =>
  traceOf(
    span({
      service,
      startUnixNano: epoch + BigInt(endsAt) * second - BigInt(ms) * 1_000_000n,
      endUnixNano: epoch + BigInt(endsAt) * second,
    }),
  )
const fast = call(10)
const slow = call(500)

/** What is told, as `second: event limit`. */
function told(watch: BudgetWatch, looks: readonly (readonly [at: number, traces: readonly Trace[]])[]): string[] {
  return looks.flatMap(([at, traces]) =>
    watch
      .observe(traces, epoch + BigInt(at) * second)
      .map(({ event, result }: BudgetEvent) => `${at}: ${event} ${result.service} ${result.limit}`),
  )
}

describe('watchBudgets', () => {
  it.each<[string, Parameters<typeof watchBudgets>[1], [number, Trace[]][], string[]]>([
    [
      'tells a break once, and once that it is over',
      {},
      [
        [0, [fast]],
        [1, [slow]],
        [2, [slow]],
        [3, [fast]],
        [4, [fast]],
      ],
      ['1: broken shop maxMs', '3: over shop maxMs'],
    ],
    [
      'says nothing of what is kept',
      {},
      [
        [0, [fast]],
        [1, [fast]],
      ],
      [],
    ],
    [
      'tells a second break after the first is over',
      {},
      [
        [0, [slow]],
        [1, [fast]],
        [2, [slow]],
      ],
      ['0: broken shop maxMs', '1: over shop maxMs', '2: broken shop maxMs'],
    ],
    [
      'waits for the hold time',
      { holdMs: 2000 },
      [
        [0, [slow]],
        [1, [slow]],
        [2, [slow]],
      ],
      ['2: broken shop maxMs'],
    ],
    [
      'forgets a break that does not last',
      { holdMs: 2000 },
      [
        [0, [slow]],
        [1, [fast]],
        [2, [slow]],
        [3, [slow]],
      ],
      [],
    ],
    [
      'takes what comes and goes as one',
      { holdMs: 2000 },
      [
        [0, [slow]],
        [2, [slow]],
        [3, [fast]],
        [4, [slow]],
        [5, [fast]],
        [7, [fast]],
      ],
      ['2: broken shop maxMs', '7: over shop maxMs'],
    ],
    [
      'concludes nothing where there is no traffic',
      {},
      [
        [0, [slow]],
        [1, []],
        [2, [fast]],
      ],
      ['0: broken shop maxMs', '2: over shop maxMs'],
    ],
    [
      'tells that a service fell silent, and that it is back',
      { silentAfterMs: 5000 },
      [
        [0, [fast]],
        [5, []],
        [6, []],
        [9, [call(10, 'shop', 9)]],
      ],
      ['6: broken shop silentMs', '9: over shop silentMs'],
    ],
    [
      'expects the services of the baseline from the first look on',
      { silentAfterMs: 5000, baseline: baselineOf([call(10, 'mail')]) },
      [
        [0, [fast]],
        [6, [call(10, 'shop', 6)]],
      ],
      ['6: broken mail silentMs'],
    ],
    [
      'expects no service without being told to',
      {},
      [
        [0, [fast]],
        [9_999_999, []],
      ],
      [],
    ],
  ])('%s', (_name, options, looks, expected) => {
    expect(told(watchBudgets(limits, options), looks)).toEqual(expected)
  })

  it('holds operations to the baseline, also where the budgets name no regression', () => {
    const baseline = baselineOf([call(10)])
    expect(told(watchBudgets({}, { baseline }), [[0, [call(90)]]])).toEqual([
      '0: broken shop p50Ms against the baseline',
      '0: broken shop p95Ms against the baseline',
    ])
  })

  it('says since when, and of which trace', () => {
    const watch = watchBudgets(limits, { holdMs: 1000 })
    watch.observe([slow], epoch)
    expect(watch.alarmed).toBe(false)
    expect(watch.observe([slow], epoch + 3n * second)).toMatchObject([
      {
        event: 'broken',
        sinceUnixNano: epoch,
        atUnixNano: epoch + 3n * second,
        result: { actual: 500, allowed: 100, traceId: slow.traceId },
      },
    ])
    expect(watch.alarmed).toBe(true)
  })

  it.each<[string, () => unknown]>([
    ['budgets that are none', () => watchBudgets({ operations: [{ p95: 1 }] } as never)],
    ['no limits at all', () => watchBudgets({})],
    ['an option that it does not have', () => watchBudgets(limits, { hold: 1 } as never)],
    ['a hold time below 0', () => watchBudgets(limits, { holdMs: -1 })],
    ['no options but null', () => watchBudgets(limits, null as never)],
    ['a baseline that is none', () => watchBudgets(limits, { baseline: {} as never })],
  ])('refuses %s', (_name, setUp) => {
    expect(setUp).toThrow(expect.objectContaining({ name: 'SpanlogError', code: 'INVALID_OPTION' }))
  })
})
