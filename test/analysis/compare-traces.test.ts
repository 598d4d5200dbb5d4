import fc from 'fast-check'
import { compareTraces } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import type { Trace, TraceSpan } from '../../src/traces/types.js'
import { anyTrace, chain, deepFreeze, idOf, span, traceId, traceOf } from './traces.js'

const ms = 1e6
/** A request of `pay` below `root`, with what a test changes; IDs differ from trace to trace, as they do in life. */
let number = 0
function request(pay: Parameters<typeof span>[0] & { ms?: number } = {}, ...more: TraceSpan[]): Trace {
  const id = (++number).toString(16).padStart(32, '0')
  const { ms: length = 10, ...given } = pay
  const spans = [
    span({ start: 0, end: 100 * ms }),
    span({ name: 'pay', parent: 'root', start: ms, end: ms + length * ms, ...given }),
    ...more,
  ]
  return traceOf(...spans.map((s) => Object.assign(s, { traceId: id })))
}
const found = (before: Trace | Trace[], after: Trace | Trace[]) =>
  compareTraces(deepFreeze(before), deepFreeze(after)).changes.map(
    ({ kind, name, places }) => `${kind} ${name}${places === undefined ? '' : ` ${places}`}`,
  )
const child = (name: string, parent: string, given: Parameters<typeof span>[0] = {}) =>
  span({ name, parent, start: 2 * ms, end: 3 * ms, ...given })
const error = { status: { code: 'error' as const } }

describe('compareTraces of two traces finds', () => {
  it.each<[string, Trace, Trace, string[]]>([
    ['nothing where only IDs and times of day differ', request(), request({ start: 5 * ms, end: 15 * ms }), []],
    ['nothing within a fifth', request({ ms: 100 }), request({ ms: 119 }), []],
    ['nothing within a millisecond', request({ ms: 0.1 }), request({ ms: 1 }), []],
    ['what is slower', request(), request({ ms: 20 }), ['slower pay']],
    ['what is faster', request({ ms: 20 }), request(), ['faster pay']],
    [
      'what is new, its top only, with how much it is',
      request(),
      request({}, child('fraud', 'pay'), child('score', 'fraud'), child('db', 'score')),
      ['added fraud 3'],
    ],
    ['what is gone', request({}, child('fraud', 'pay'), child('db', 'fraud')), request(), ['removed fraud 2']],
    [
      'more calls',
      request({}, child('db', 'pay')),
      request({}, child('db', 'pay'), child('db', 'pay', { spanId: idOf('x') })),
      ['more-calls db'],
    ],
    [
      'fewer calls',
      request({}, child('db', 'pay'), child('db', 'pay', { spanId: idOf('x') })),
      request({}, child('db', 'pay')),
      ['fewer-calls db'],
    ],
    ['what fails', request(), request(error), ['failing pay']],
    ['what fails no longer', request(error), request(), ['recovered pay']],
    [
      'a call that was tried again',
      request({}, child('db', 'pay')),
      request({}, child('db', 'pay', error), child('db', 'pay', { spanId: idOf('x'), start: 4 * ms, end: 5 * ms })),
      ['more-calls db', 'failing db', 'retried db'],
    ],
    [
      'a cache hit that became a miss',
      request({ attributes: { 'cache.hit': true } }),
      request({ attributes: { 'cache.hit': false } }),
      ['cache-missed pay'],
    ],
    [
      'a cache miss that became a hit',
      request({ attributes: { 'cache.hit': 'false' } }),
      request({ attributes: { 'cache.result': 'hit' } }),
      ['cache-hit pay'],
    ],
    ['an operation of another service as another', request(), request({ service: 'bank' }), ['removed pay 1', 'added pay 1']],
  ])('%s', (_, before, after, expected) => {
    expect(found(before, after).toSorted()).toEqual(expected.toSorted())
  })

  it('the place that changed by itself before those that only waited for it', () => {
    const { changes } = compareTraces(
      request({ ms: 10 }, child('db', 'pay', { start: 2 * ms, end: 8 * ms })),
      request({ ms: 60 }, child('db', 'pay', { start: 2 * ms, end: 58 * ms })),
    )
    expect(changes.map(({ kind, path, selfDeltaMs }) => [kind, path, selfDeltaMs])).toEqual([
      ['slower', ['shop root', 'shop pay', 'shop db'], 50],
      ['slower', ['shop root', 'shop pay'], 0],
    ])
    expect(changes[0]).toMatchObject({ before: { medianMs: 6, calls: 1, traces: 1 }, after: { medianMs: 56 } })
    expect(changes[0]!.before.sample).not.toBe(changes[0]!.after.sample)
  })

  it('what is new, or gone, by the time of all of it, though its top only waits for a slow call below', () => {
    const cached = request({ ms: 30 })
    const asked = request({ ms: 400 }, child('quote', 'pay', { end: 390 * ms }), child('price', 'quote', { start: ms, end: 388 * ms }))
    const top = (kind: string, delta: number) => [{ kind, name: 'quote', places: 2, selfDeltaMs: delta }, { name: 'pay' }]
    expect(compareTraces(cached, asked).changes).toMatchObject(top('added', 389))
    expect(compareTraces(asked, cached).changes).toMatchObject(top('removed', -389))
  })
})

describe('compareTraces of many', () => {
  /** Durations that spread by some 2 ms around their middle, the same each time. */
  const many = (n: number, middle: number, given: (i: number) => Parameters<typeof request>[0] = () => ({}), ...more: TraceSpan[]) =>
    Array.from({ length: n }, (_, i) => request({ ms: middle + ((i * 7) % 9) - 4, ...given(i) }, ...structuredClone(more)))

  it.each<[string, Trace[], Trace | Trace[], string[]]>([
    ['nothing where a trace lies within the spread of the baseline', many(50, 10), request({ ms: 16 }), []],
    ['a trace that lies far beyond it', many(50, 10), request({ ms: 60 }), ['slower pay']],
    ['a median that moved beyond its standard error, though within the spread', many(200, 10), many(200, 13), ['slower pay']],
    ['nothing where few traces move as far', many(6, 10), many(6, 13), []],
    ['nothing in a rare call that one trace has not', [...many(9, 10), ...many(1, 10, undefined, child('rare', 'pay'))], request(), []],
    ['a call that all of the baseline have and the trace has not', many(9, 10, undefined, child('db', 'pay')), request(), ['removed db 1']],
    ['nothing in a call that one of a hundred has anew', many(100, 10), [...many(99, 10), request({}, child('new', 'pay'))], []],
    ['a call that a tenth has anew', many(100, 10), [...many(90, 10), ...many(10, 10, undefined, child('new', 'pay'))], ['added new 1']],
    [
      'a share of errors that rose beyond chance',
      many(100, 10, (i) => (i < 2 ? error : {})),
      many(100, 10, (i) => (i < 20 ? error : {})),
      ['failing pay'],
    ],
    [
      'nothing in more calls where most traces have none',
      [...many(40, 10), ...many(10, 10, undefined, child('db', 'pay'))],
      [...many(40, 10), ...many(10, 10, undefined, child('db', 'pay'), child('db', 'pay', { spanId: idOf('x') }))],
      [],
    ],
    [
      'more calls where a few traces have none',
      [...many(10, 10), ...many(40, 10, undefined, child('db', 'pay'))],
      [...many(10, 10), ...many(40, 10, undefined, child('db', 'pay'), child('db', 'pay', { spanId: idOf('x') }))],
      ['more-calls db'],
    ],
    ['nothing in one that chance explains', many(100, 10, (i) => (i < 2 ? error : {})), many(100, 10, (i) => (i < 5 ? error : {})), []],
  ])('finds %s', (_, before, after, expected) => {
    expect(found(before, after)).toEqual(expected)
  })

  it.each<[string, before: Trace[], after: Trace[], kind: string, samples: [before: number, after: number]]>([
    ['one that failed, where the first ones did not', many(40, 10), many(40, 10, (i) => (i % 4 === 3 ? error : {})), 'failing', [0, 3]],
    [
      'of those that failed before and do no more, one of each',
      many(40, 10, (i) => (i % 4 === 3 ? error : {})),
      many(40, 10),
      'recovered',
      [3, 0],
    ],
    [
      'one that missed the cache',
      many(40, 10, () => ({ attributes: { 'cache.hit': true } })),
      many(40, 10, (i) => ({ attributes: { 'cache.hit': i < 20 } })),
      'cache-missed',
      [0, 20],
    ],
    // Of each nine the eighth takes the middle time.
    ['a call as long as the median', many(9, 10), many(9, 20), 'slower', [7, 7]],
  ])('names as a trace to look at %s', (_, before, after, kind, [old, now]) => {
    const change = compareTraces(before, after).changes.find((one) => one.kind === kind)
    expect(change?.before.sample).toBe(before[old]!.traceId)
    expect(change?.after.sample).toBe(after[now]!.traceId)
  })

  it('counts the traces that do not come to a place as such with none', () => {
    const calls = (n: number, without: number) =>
      compareTraces(
        [...many(without, 10), ...many(n, 10, undefined, child('db', 'pay'))],
        many(40, 10, undefined, child('db', 'pay', error)),
      ).changes.find(({ kind, name }) => kind === 'failing' && name === 'db')?.before
    expect(calls(1, 39)).toMatchObject({ traces: 1, callsPerTrace: 0 })
    expect(calls(20, 20)).toMatchObject({ traces: 20, callsPerTrace: 0.5 })
    expect(calls(21, 19)).toMatchObject({ traces: 21, callsPerTrace: 1 })
  })

  it('tells the own time by medians: a cold start of a few calls is no change', () => {
    const cold = (i: number) => (i < 5 ? { ms: 2000 } : {})
    const { changes } = compareTraces(many(40, 10, cold), many(40, 30))
    expect(changes.map(({ kind, name, selfDeltaMs }) => [kind, name, selfDeltaMs])).toEqual([['slower', 'pay', 19]])
    const [added] = compareTraces(many(40, 10), [...many(20, 10), ...many(20, 10, undefined, child('new', 'pay'))]).changes
    expect([added?.kind, added?.selfDeltaMs]).toEqual(['added', 0.5])
  })

  it('says how many it compared', () => {
    expect(compareTraces(many(3, 10), request()).traces).toEqual({ before: 3, after: 1 })
  })
})

describe('compareTraces', () => {
  it('finds nothing between a trace and itself, or a set of traces and itself, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(anyTrace, { maxLength: 4 }), (traces) => {
        deepFreeze(traces)
        expect(compareTraces(traces, traces).changes).toEqual([])
        for (const trace of traces) expect(compareTraces(trace, trace).changes).toEqual([])
      }),
    )
  })

  it('finds the opposite the other way round', () => {
    const opposite: Record<string, string> = { added: 'removed', slower: 'faster', 'more-calls': 'fewer-calls', failing: 'recovered' }
    for (const [a, b] of Object.entries(opposite)) opposite[b] = a
    fc.assert(
      fc.property(anyTrace, anyTrace, (a, b) => {
        const one = found(a, b).filter((change) => !change.startsWith('retried'))
        const other = found(b, a).filter((change) => !change.startsWith('retried'))
        expect(other.map((change) => change.replace(/^\S+/, (kind) => opposite[kind]!)).toSorted()).toEqual(one.toSorted())
      }),
    )
  })

  it('takes chains of 100,000 spans, and cuts long ways', () => {
    const { changes } = compareTraces(chain(99_999), chain(100_000), { minimumMs: 1e9 })
    expect(changes).toHaveLength(1)
    expect(changes[0]).toMatchObject({ kind: 'added', path: { length: 10 } })
  })

  it('takes more operations side by side than a call has arguments', () => {
    const root = span()
    const leaves = Array.from({ length: 130_000 }, (_, i) =>
      Object.assign({ ...root }, { spanId: `${i}`, parentSpanId: root.spanId, name: `${i}` }),
    )
    const wide = { traceId, spans: [root, ...leaves] }
    expect(compareTraces(wide, wide).changes).toEqual([])
  })

  it('says nothing where a side has no trace', () => {
    expect(compareTraces([], request())).toEqual({ traces: { before: 0, after: 1 }, changes: [] })
  })

  it('refuses options that make no sense', () => {
    expect(() => compareTraces([], [], { minimumRatio: 0.5 })).toThrow('Expected `minimumRatio` to be a number from 1')
  })
})
