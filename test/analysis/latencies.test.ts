import fc from 'fast-check'
import { latencies } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import {
  countUpTo,
  isBeyondNoise,
  madOf,
  medianOf,
  percentile,
  rankCorrelation,
  sharesDiffer,
  slopeOf,
} from '../../src/analysis/statistics.js'
import type { TraceSpan } from '../../src/traces/types.js'
import { anyTrace, chain, deepFreeze, epoch, idOf, span, traceOf } from './traces.js'

const ms = 1e6
const minute = 60_000
/** One request each minute, of these lengths in milliseconds. */
const requests = (lengths: number[], given: Partial<TraceSpan> = {}) =>
  lengths.map((length, i) =>
    traceOf(
      span({ name: 'GET /', kind: 'server', spanId: idOf(`r${i}`), start: i * minute * ms, end: (i * minute + length) * ms, ...given }),
    ),
  )
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

describe('latencies', () => {
  it('has percentiles by nearest rank, mean and extremes, with the count they rest on', () => {
    const [one] = latencies(deepFreeze(requests(upTo(200).toReversed())))
    expect(one).toMatchObject({
      service: 'shop',
      name: 'GET /',
      kind: 'server',
      count: 200,
      failed: 0,
      minMs: 1,
      meanMs: 100.5,
      p50Ms: 100,
      p90Ms: 180,
      p95Ms: 190,
      p99Ms: 198,
      maxMs: 200,
    })
    expect(one!.slowest.map(({ durationMs, spanId }) => [durationMs, spanId])).toEqual([
      [200, idOf('r0')],
      [199, idOf('r1')],
      [198, idOf('r2')],
    ])
  })

  it('counts calls in buckets of 1, 2 and 5, without gaps', () => {
    expect(latencies(requests([0.5, 0.9, 1, 1.9, 12, 50]))[0]!.histogram).toEqual([
      { fromMs: 0.5, untilMs: 1, count: 2 },
      { fromMs: 1, untilMs: 2, count: 2 },
      { fromMs: 2, untilMs: 5, count: 0 },
      { fromMs: 5, untilMs: 10, count: 0 },
      { fromMs: 10, untilMs: 20, count: 1 },
      { fromMs: 20, untilMs: 50, count: 0 },
      { fromMs: 50, untilMs: 100, count: 1 },
    ])
    expect(latencies(requests([0]))[0]!.histogram).toEqual([{ fromMs: 0, untilMs: 0.001, count: 1 }])
  })

  it('shows the trend over equal parts, and how the median moves', () => {
    // Ten minutes, from 100 to 200 ms in steps of ten; every fifth is wild.
    const [one] = latencies(requests(upTo(11).map((i) => (i % 5 === 0 ? 5000 : 90 + 10 * i))), { intervals: 11 })
    expect(one!.trend).toHaveLength(11)
    expect(one!.trend[0]).toEqual({ fromUnixNano: epoch, count: 1, failed: 0, p50Ms: 100, p95Ms: 100 })
    expect(one!.slopeMsPerHour).toBeCloseTo(600, 0)
  })

  it('has no percentiles in a part without calls, and no slope in fewer than three', () => {
    const [first, last] = [requests([10])[0]!, requests(upTo(5))[4]!]
    const [one] = latencies([first, last], { intervals: 4 })
    expect(one!.trend.map(({ count, p50Ms }) => [count, p50Ms])).toEqual([
      [1, 10],
      [0, undefined],
      [0, undefined],
      [1, 5],
    ])
    expect(one).not.toHaveProperty('slopeMsPerHour')
  })

  it('judges the first objective that fits', () => {
    const traces = requests(upTo(100))
    const judged = (
      ...slos: Parameters<typeof latencies>[1] extends infer O ? NonNullable<NonNullable<O> extends { slos?: infer S } ? S : never> : never
    ) => latencies(traces, { slos })[0]!.slo
    expect(judged({ service: 'bank', thresholdMs: 1 }, { service: 'shop', thresholdMs: 98 }, { thresholdMs: 1 })).toMatchObject({
      thresholdMs: 98,
      objective: 0.99,
      breaches: 2,
      share: 0.98,
      met: false,
    })
    expect(judged({ name: 'GET /', kind: 'server', thresholdMs: 90, objective: 0.8 })).toMatchObject({
      breaches: 10,
      met: true,
      budgetUsed: expect.closeTo(0.5) as number,
    })
    expect(judged({ thresholdMs: 99, objective: 1 })).toMatchObject({ met: false, budgetUsed: Number.POSITIVE_INFINITY })
    expect(judged({ thresholdMs: 100, objective: 1 })).toMatchObject({ met: true, budgetUsed: 0 })
    expect(judged({ service: 'bank', thresholdMs: 1 })).toBeUndefined()
  })

  it('counts failures beside, and the most costly operation first', () => {
    const found = latencies([...requests([1, 1, 1]), ...requests([1, 9], { name: 'POST /', status: { code: 'error' } })])
    expect(found.map(({ name, failed, errorShare }) => [name, failed, errorShare])).toEqual([
      ['POST /', 2, 1],
      ['GET /', 0, 0],
    ])
  })

  it('is of spans that answer somebody, or of all where asked', () => {
    const trace = traceOf(
      span(),
      span({ name: 'db', parent: 'root', kind: 'client' }),
      span({ name: 'job', parent: 'root', kind: 'consumer' }),
    )
    expect(
      latencies(trace)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['job', 'root'])
    expect(latencies(trace, { spans: 'all' })).toHaveLength(3)
  })

  it('counts each span once, in histogram and trend, whatever the traces', () => {
    fc.assert(
      fc.property(fc.array(anyTrace, { maxLength: 3 }), fc.integer({ min: 1, max: 20 }), (traces, intervals) => {
        const found = latencies(deepFreeze(traces), { spans: 'all', intervals })
        const total = traces.reduce((sum, { spans }) => sum + spans.length, 0)
        expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(total)
        for (const { histogram, trend, count } of found) {
          expect(histogram.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(count)
          expect(trend.reduce((sum, part) => sum + part.count, 0)).toBe(count)
        }
      }),
    )
  })

  it('takes 100,000 spans', () => {
    expect(latencies(chain(100_000), { spans: 'all' })).toHaveLength(10)
  })

  it.each([
    [{ intervals: 0 }, '`intervals`'],
    [{ slos: [{ thresholdMs: -1 }] }, '`thresholdMs`'],
    [{ slos: [{ thresholdMs: 1, objective: 99 }] }, '`objective`'],
  ])('refuses %o', (options, name) => {
    expect(() => latencies([], options)).toThrow(`Expected ${name}`)
  })
})

describe('statistics', () => {
  it.each([
    ['the median of an odd count', medianOf([1, 2, 9]), 2],
    ['the median of an even count', medianOf([1, 2, 4, 9]), 3],
    ['the deviation that one wild value does not move', madOf([1, 2, 3, 4, 1000]), 1],
    ['the least value for a share of 0', percentile([1, 2, 3], 0), 1],
    [
      'the slope that a wild point does not move',
      slopeOf([
        [0, 0],
        [1, 2],
        [2, 4],
        [3, 999],
        [4, 8],
      ]),
      2,
    ],
    [
      'no slope of points above one another',
      slopeOf([
        [1, 1],
        [1, 2],
      ]),
      undefined,
    ],
    ['perfect rank correlation of any rise', rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000]), 1],
    ['its opposite', rankCorrelation([1, 2, 3], [3, 2, 1]), -1],
    ['none where a side does not vary', rankCorrelation([1, 1, 1], [1, 2, 3]), 0],
    ['ties sharing their mean rank', Math.round(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4]) * 1000), 949],
    ['how many are at most a bound', countUpTo([1, 2, 2, 3], 2), 3],
    ['shares of nothing do not differ', sharesDiffer(0, 0, 5, 5), false],
    ['one of ten against none of ten is chance', sharesDiffer(1, 10, 0, 10), false],
    ['half against none of ten is not', sharesDiffer(5, 10, 0, 10), true],
    ['medians apart where nothing spreads', isBeyondNoise([1, 1, 1], [2, 2, 2]), true],
    ['medians within their spread', isBeyondNoise([1, 2, 3, 4, 5], [2, 3, 4, 5, 6]), false],
  ])('%s', (_, actual, expected) => {
    expect(actual).toBe(expected)
  })
})
