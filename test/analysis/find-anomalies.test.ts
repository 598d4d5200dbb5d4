import fc from 'fast-check'
import { findAnomalies } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import { crowdingOf } from '../../src/analysis/in-flight.js'
import type { Trace, TraceSpan } from '../../src/traces/types.js'
import { anyTrace, deepFreeze, idOf, span, traceOf } from './traces.js'

const ms = 1e6
interface Shape {
  middle?: number
  /** How many of the calls of `pay` are in each trace. */
  calls?: number
  given?: (i: number) => Partial<TraceSpan> & { ms?: number }
  more?: (i: number) => TraceSpan[]
}
/** Requests, one a second; `pay` takes some milliseconds around a middle. */
const requests = (n: number, { middle = 10, calls = 1, given = () => ({}), more = () => [] }: Shape = {}): Trace[] =>
  Array.from({ length: n }, (_, i) => {
    const traceId = (i + 1).toString(16).padStart(32, '0')
    const start = i * 1000 * ms
    const { ms: length = middle + ((i * 7) % 9) - 4, ...rest } = given(i)
    const pay = Array.from({ length: calls }, (_unused, c) =>
      span({
        name: 'pay',
        spanId: idOf(`p${c}`),
        parent: 'root',
        service: 'bank',
        kind: 'server',
        start,
        end: start + length * ms,
        ...rest,
      }),
    )
    return traceOf(...[span({ start, end: start + 100 * ms }), ...pay, ...more(i)].map((s) => Object.assign(s, { traceId })))
  })
const child = (name: string) => span({ name, parent: 'root' })
const error = { status: { code: 'error' as const } }
const found = (before: Trace[], after: Trace[], options?: Parameters<typeof findAnomalies>[2]) => {
  const { operations, traffic } = findAnomalies(deepFreeze(before), deepFreeze(after), options)
  return [...operations.map(({ kind, name }) => `${kind} ${name}`), ...traffic.map(({ kind, from, to }) => `${kind} ${from} -> ${to}`)]
}

describe('findAnomalies finds', () => {
  it.each<[string, Trace[], Trace[], string[]]>([
    ['nothing between two hours alike', requests(60), requests(60), []],
    ['a median that moved', requests(60), requests(60, { middle: 20 }), ['slower pay']],
    ['a median that moved back', requests(60, { middle: 20 }), requests(60), ['faster pay']],
    [
      'nothing in a median that a few wild calls do not move, but those calls',
      requests(60),
      requests(60, { given: (i) => (i < 5 ? { ms: 900 } : {}) }),
      ['outliers pay'],
    ],
    ['one call far beyond, even if it is the only one', requests(60), requests(1, { given: () => ({ ms: 900 }) }), ['outliers pay']],
    [
      'no outlier in what the baseline knows too',
      requests(60, { given: (i) => (i === 7 ? { ms: 900 } : {}) }),
      requests(60, { given: (i) => (i === 9 ? { ms: 890 } : {}) }),
      [],
    ],
    [
      'no outlier among calls that take nearly the same',
      requests(60, { given: () => ({ ms: 10 }) }),
      requests(60, { given: () => ({ ms: 11 }) }),
      [],
    ],
    ['nothing in samples that are too small', requests(19), requests(19, { middle: 20 }), []],
    ['a new operation', requests(60), requests(60, { more: () => [child('fraud')] }), ['new-operation fraud']],
    ['an operation that is gone', requests(60, { more: () => [child('fraud')] }), requests(60), ['gone-operation fraud']],
    ['no new operation in one of sixty', requests(60), requests(60, { more: (i) => (i === 3 ? [child('rare')] : []) }), []],
    ['more calls', requests(60), requests(60, { calls: 3 }), ['more-calls pay', 'traffic-risen shop -> bank']],
    ['fewer calls', requests(60, { calls: 3 }), requests(60), ['fewer-calls pay', 'traffic-fallen shop -> bank']],
    ['errors beyond chance', requests(60), requests(60, { given: (i) => (i % 5 === 0 ? error : {}) }), ['failing pay']],
    ['errors that are over', requests(60, { given: (i) => (i % 5 === 0 ? error : {}) }), requests(60), ['recovered pay']],
    ['nothing in one error of sixty', requests(60), requests(60, { given: (i) => (i === 0 ? error : {}) }), []],
    ['a new edge, with its operation', requests(60, { calls: 0 }), requests(60), ['new-operation pay', 'new-edge shop -> bank']],
    [
      'an edge that is gone, with its operation',
      requests(60),
      requests(60, { calls: 0 }),
      ['gone-operation pay', 'gone-edge shop -> bank'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(found(before, after)).toEqual(expected)
  })

  it('traffic that rose or fell, over the windows given', () => {
    const windows = { baselineWindowMs: 60_000, windowMs: 60_000 }
    expect(found(requests(60), requests(120), windows)).toEqual(['traffic-risen shop -> bank'])
    expect(found(requests(120), requests(60), windows)).toEqual(['traffic-fallen shop -> bank'])
    expect(found(requests(60), requests(80), windows)).toEqual([])
    expect(found(requests(60), requests(120), { ...windows, windowMs: 120_000 })).toEqual([])
    expect(found(requests(60, { calls: 0 }), requests(60), { baselineWindowMs: 1000, windowMs: 60_000 })).toEqual(['new-operation pay'])
    expect(findAnomalies(requests(60), requests(120), windows).traffic).toEqual([
      { kind: 'traffic-risen', from: 'shop', to: 'bank', before: 1, after: 2, sample: { baseline: 60, current: 120 } },
    ])
  })

  it('waits that grow with the calls in flight, as before a pool of one', () => {
    // Bursts of ten calls at once, each of which works for 10 ms when its turn comes.
    const burst = (serial: boolean) =>
      Array.from({ length: 60 }, (_, i) => {
        const arrives = (Math.floor(i / 10) * 1000 + (i % 10)) * ms
        const turn = serial ? (Math.floor(i / 10) * 1000 + (i % 10) * 10) * ms : arrives
        return traceOf(span({ name: 'acquire', start: arrives, end: turn + 10 * ms, traceId: (i + 1).toString(16).padStart(32, '0') }))
      })
    const { operations } = findAnomalies(burst(true), burst(true))
    expect(operations).toMatchObject([{ kind: 'waits', name: 'acquire', sample: { current: 60 }, examples: { length: 3 } }])
    expect(operations[0]!.after).toBeGreaterThan(2 * operations[0]!.before)
    expect(found(burst(false), burst(false))).toEqual([])
    expect(crowdingOf(burst(true).flatMap(({ spans }) => spans))!.correlation).toBeGreaterThan(0.9)
  })
})

describe('the crowd that a call meets', () => {
  // a |----|
  // b  |----|         meets 1
  // c   |----|        meets 2
  // d   |----|        meets 2: what starts with it does not count
  // e    |----|       meets 4
  // f      |-|        meets 4: a is over
  it('is what began before it and is not over', () => {
    const spans = [
      [0, 5],
      [1, 6],
      [2, 7],
      [2, 7],
      [3, 8],
      [5, 7],
    ].map(([start, end], i) => span({ name: `s${i}`, start: start!, end: end! }))
    expect(crowdingOf(spans)).toMatchObject({ quietInFlight: 1, crowdedInFlight: 4 })
    expect(crowdingOf(spans.slice(0, 2))).toBeUndefined()
    expect(crowdingOf([])).toBeUndefined()
  })
})

describe('findAnomalies', () => {
  it('states its samples, and how many operations it could not judge', () => {
    const report = findAnomalies(
      requests(60, { more: (i) => (i < 5 ? [child('rare')] : []) }),
      requests(60, { more: (i) => (i < 5 ? [child('rare')] : []), middle: 20 }),
    )
    expect(report).toMatchObject({ minimumSample: 20, unjudged: 1, traces: { baseline: 60, current: 60 } })
    expect(report.operations).toMatchObject([
      { kind: 'slower', service: 'bank', before: 10, after: 20, sample: { baseline: 60, current: 60 } },
    ])
    expect(report.operations[0]!.examples).toHaveLength(3)
  })

  it('finds nothing between traces and themselves, but waits, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(anyTrace, { maxLength: 30 }), (traces) => {
        const { operations, traffic } = findAnomalies(deepFreeze(traces), traces, { minimumSample: 2 })
        expect(operations.filter(({ kind }) => kind !== 'waits')).toEqual([])
        expect(traffic).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('refuses options that make no sense', () => {
    expect(() => findAnomalies([], [], { minimumSample: 1 })).toThrow('Expected `minimumSample` to be a number from 2')
    expect(() => findAnomalies([], [], { windowMs: -1 })).toThrow('Expected `windowMs` to be a positive number')
  })
})
