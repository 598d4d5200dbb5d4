import fc from 'fast-check'
import { type BudgetResult, type Budgets, baselineOf, checkBudgets } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import type { Trace, TraceSpan } from '../../src/traces/types.js'
import { anyTrace, deepFreeze, idOf, span, traceOf } from './traces.js'

const ms = 1_000_000

/** Requests of these lengths in milliseconds, one a trace; those of a negative length fail. */
function requests(lengths: number[], given: Partial<TraceSpan> = {}): Trace[] {
  return lengths.map((length, i) => {
    const traceId = String(i + 1).padStart(32, '0')
    const status = { code: length < 0 ? ('error' as const) : ('unset' as const) }
    return traceOf(span({ name: 'GET /', kind: 'server', traceId, spanId: idOf(`r${i}`), end: Math.abs(length) * ms, status, ...given }))
  })
}

const check = (traces: Trace[], budgets: Budgets, baseline?: Trace[]): BudgetResult[] =>
  checkBudgets(deepFreeze(traces), deepFreeze(budgets), baseline === undefined ? {} : { baseline: baselineOf(baseline) }).results

describe('a budget', () => {
  const traces = requests([10, 20, -30, 40])
  const fourth = '4'.padStart(32, '0')
  const third = '3'.padStart(32, '0')

  it.each<[what: string, budgets: Budgets, result: Partial<BudgetResult>]>([
    [
      'of a percentile that is kept',
      { operations: [{ p50Ms: 20 }] },
      { outcome: 'kept', actual: 20, sample: 4, service: 'shop', name: 'GET /' },
    ],
    ['of the longest that is broken', { operations: [{ maxMs: 39 }] }, { outcome: 'broken', actual: 40, allowed: 39, traceId: fourth }],
    ['of errors that is broken', { operations: [{ errorShare: 0.2 }] }, { outcome: 'broken', actual: 0.25, traceId: third }],
    ['of errors that is kept', { operations: [{ errorShare: 0.25 }] }, { outcome: 'kept', actual: 0.25 }],
    [
      'of an operation that nothing was recorded of',
      { operations: [{ name: 'PUT /', p95Ms: 1 }] },
      { outcome: 'no-data', name: 'PUT /', sample: 0 },
    ],
    ['with too few calls', { operations: [{ p95Ms: 1 }], minimumSample: 5 }, { outcome: 'no-data', sample: 4 }],
    ['of the critical path', { traces: { criticalPathMs: 35 } }, { outcome: 'broken', actual: 40, traceId: fourth, sample: 4 }],
    ['of spans a trace', { traces: { spans: 1 } }, { outcome: 'kept', actual: 1 }],
    ['of failed traces', { traces: { errorShare: 0 } }, { outcome: 'broken', actual: 0.25, traceId: third }],
    ['of a score', { traces: { qualityScore: 1 } }, { limit: 'qualityScore', outcome: 'broken', allowed: 1 }],
  ])('%s', (_what, budgets, result) => {
    expect(check(traces, budgets)).toEqual([expect.objectContaining(result)])
  })

  it('of calls counts those of the worst trace', () => {
    const [first, second] = requests([1, 1])
    const query = (name: string) => span({ name: 'SELECT', spanId: idOf(name), traceId: second!.traceId })
    const given = [first!, { ...second!, spans: [...second!.spans, query('a'), query('b')] }]
    expect(check(given, { operations: [{ name: 'SELECT', callsPerTrace: 1 }] })).toMatchObject([
      { outcome: 'broken', actual: 2, traceId: second!.traceId },
    ])
  })

  it('holds for each operation that it fits', () => {
    const given = [...requests([10], { name: 'a' }), ...requests([30], { name: 'b' }), ...requests([99], { service: 'other' })]
    const results = check(given, { operations: [{ service: 'shop', p50Ms: 20 }] })
    expect(results.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['b', 'broken'],
      ['a', 'kept'],
    ])
  })

  it('without any trace is not kept', () => {
    const { passed, results } = checkBudgets([], { operations: [{ p50Ms: 1 }], traces: { spans: 9, qualityScore: 0 } })
    expect(passed).toBe(false)
    expect(results.map(({ outcome }) => outcome)).toEqual(['no-data', 'no-data', 'no-data'])
  })
})

describe('against a baseline', () => {
  const before = requests([10, 10, 10, 10])

  it.each<[what: string, now: number[], broken: string[]]>([
    ['the same is kept', [10, 10, 10, 10], []],
    ['a little slower is kept', [12, 12, 12, 12], []],
    ['slower than the ratio is broken', [12.1, 12.1, 12.1, 12.1], ['p50Ms against the baseline', 'p95Ms against the baseline']],
    ['a slow tail is broken', [10, 10, 10, 50], ['p95Ms against the baseline']],
    ['more errors are broken', [10, -10, 10, 10], ['errorShare against the baseline']],
  ])('%s', (_what, now, broken) => {
    const results = check(requests(now), { regression: {} }, before)
    expect(results).toHaveLength(3)
    expect(results.filter(({ outcome }) => outcome === 'broken').map(({ limit }) => limit)).toEqual(broken)
  })

  it('lets short ones vary by the minimum', () => {
    expect(check(requests([0.9]), { regression: {} }, requests([0.1])).filter(({ outcome }) => outcome === 'broken')).toEqual([])
    expect(check(requests([1.2]), { regression: {} }, requests([0.1])).filter(({ outcome }) => outcome === 'broken')).toHaveLength(2)
  })

  it('is missing where none was given, and that is not kept', () => {
    expect(check(before, { regression: {} })).toMatchObject([{ outcome: 'no-data', limit: 'the baseline' }])
  })

  it('says nothing of an operation that is new', () => {
    expect(check(requests([10], { name: 'new' }), { regression: {} }, before)).toEqual([])
  })

  it('of themselves all traces keep', () => {
    fc.assert(
      fc.property(fc.array(anyTrace, { maxLength: 5 }), (traces) => {
        const baseline = JSON.parse(JSON.stringify(baselineOf(traces))) as ReturnType<typeof baselineOf>
        const { results } = checkBudgets(traces, { regression: { ratio: 1, minimumMs: 0, errorShare: 0 } }, { baseline })
        expect(results.filter(({ outcome }) => outcome !== 'kept')).toEqual([])
      }),
    )
  })
})

describe('what is no budget is refused:', () => {
  it.each<[what: string, budgets: unknown, message: RegExp]>([
    ['nothing to hold to', {}, /budgets.*at least one limit/],
    ['a limit with another name', { operations: [{ p96Ms: 1 }] }, /budgets\.operations\[0\].*p96Ms/],
    ['an operation without a limit', { operations: [{ maxMs: 1 }, { service: 'a' }] }, /budgets\.operations\[1\].*a limit/],
    ['a text for a number', { operations: [{ p95Ms: '300' }] }, /budgets\.operations\[0\]\.p95Ms.*"300"/],
    ['per cent', { traces: { errorShare: 5 } }, /budgets\.traces\.errorShare.*share from 0 to 1/],
    ['another kind', { operations: [{ kind: 'SERVER', p95Ms: 1 }] }, /operations\[0\]\.kind.*internal, server/],
    ['a list', [], /budgets.*an object/],
  ])('%s', (_what, budgets, message) => {
    expect(() => checkBudgets([], budgets as Budgets)).toThrow(message)
  })

  it('nor is any JSON a baseline', () => {
    expect(() => checkBudgets([], { regression: {} }, { baseline: { format: 'x' } as never })).toThrow(/baseline.*spanlog-baseline-1.*"x"/)
  })
})
