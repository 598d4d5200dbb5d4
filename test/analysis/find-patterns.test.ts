import fc from 'fast-check'
import { findPatterns } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import type { TraceSpan } from '../../src/traces/types.js'
import { anyTrace, chain, deepFreeze, idOf, span, traceOf } from './traces.js'

const ms = 1e6
let number = 0
/** A query under the root, from one millisecond to another. */
const query = (text: string, from: number, to: number, given: Partial<TraceSpan> = {}) =>
  span({
    name: 'SELECT',
    spanId: idOf(`q${number++}`),
    parent: 'root',
    kind: 'client',
    start: from * ms,
    end: to * ms,
    attributes: { 'db.query.text': text },
    ...given,
  })
const call = (name: string, from: number, to: number, given: Partial<TraceSpan> = {}) =>
  span({ name, parent: 'root', kind: 'client', start: from * ms, end: to * ms, ...given })
const root = span({ start: 0, end: 100 * ms })
const error = { status: { code: 'error' as const } }
const found = (spans: TraceSpan[], options?: Parameters<typeof findPatterns>[1]) =>
  findPatterns(deepFreeze(traceOf(root, ...spans)), options).map(
    ({ kind, calls, shape, savingNano, succeeded }) =>
      `${kind} ${calls.length} ${shape} saves ${Number(savingNano) / ms}${succeeded === undefined ? '' : succeeded ? ', succeeded' : ', failed'}`,
  )

describe('findPatterns finds', () => {
  it.each<[string, TraceSpan[], string[]]>([
    // root   |---------------|
    // query   |-||-||-||-||-|
    [
      'a query that differs by its values only',
      [1, 2, 3, 4, 5].map((n) => query(`SELECT * FROM item WHERE id = ${n}`, 2 * n, 2 * n + 1)),
      ['repeated 5 SELECT * FROM item WHERE id = ? saves 4'],
    ],
    ['nothing in four of them', [1, 3, 5, 7].map((n) => query(`SELECT ${n}`, 10 * n, 10 * n + 1)), []],
    ['nothing in five queries that differ', ['a', 'b', 'c', 'd', 'e'].map((t, n) => query(`SELECT * FROM ${t}`, 10 * n, 10 * n + 1)), []],
    [
      'repeated calls whose number is in their name',
      [1, 2, 3, 4, 5].map((n) => call(`GET /item/${n}`, 2 * n, 2 * n + 1)),
      ['repeated 5 GET /item/? saves 4'],
    ],
    [
      'repeated calls that run side by side, by the time they cost together',
      [1, 2, 3, 4, 5].map((n) => query(`SELECT ${n}`, 1, 1 + n)),
      ['repeated 5 SELECT ? saves 0'],
    ],
    // root   |---------------|
    // pay!    |--|
    // pay!         |--|
    // pay               |--|
    [
      'a call tried again until it succeeded, waits included',
      [call('pay', 1, 3, error), call('pay', 5, 7, { ...error, spanId: idOf('b') }), call('pay', 11, 12, { spanId: idOf('c') })],
      ['retry 3 pay saves 10, succeeded'],
    ],
    [
      'a call tried again in vain',
      [call('pay', 1, 3, error), call('pay', 5, 7, { ...error, spanId: idOf('b') })],
      ['retry 2 pay saves 4, failed'],
    ],
    [
      'no attempt after the one that succeeded',
      [call('pay', 1, 3, error), call('pay', 5, 6, { spanId: idOf('b') }), call('pay', 11, 12, { spanId: idOf('c') })],
      ['retry 2 pay saves 4, succeeded'],
    ],
    ['nothing in a call after one that succeeded', [call('pay', 1, 2), call('pay', 5, 6, { spanId: idOf('b') })], []],
    [
      'nothing in attempts at different targets',
      [
        call('pay', 1, 3, { ...error, attributes: { 'url.full': 'http://a' } }),
        call('pay', 5, 6, { spanId: idOf('b'), attributes: { 'url.full': 'http://b' } }),
      ],
      [],
    ],
    ['no retry in calls that fail side by side', [call('pay', 1, 30, error), call('pay', 5, 6, { ...error, spanId: idOf('b') })], []],
    // root   |------------|
    // stock   |---|
    // prices       |----|
    ['different calls right after one another', [call('stock', 1, 5), call('prices', 5.5, 11)], ['sequential 2 stock saves 4']],
    ['calls whose starts were cut to milliseconds', [call('stock', 1, 5.7), call('prices', 5, 11)], ['sequential 2 stock saves 4']],
    [
      'a call tried again whose start was cut to milliseconds',
      [call('pay', 1, 3.4, error), call('pay', 3, 7, { spanId: idOf('b') })],
      ['retry 2 pay saves 2, succeeded'],
    ],
    [
      'a last attempt that failed by its error.type alone',
      [call('pay', 1, 3, error), call('pay', 5, 7, { spanId: idOf('b'), attributes: { 'error.type': 'timeout' } })],
      ['retry 2 pay saves 4, failed'],
    ],
    ['nothing where the parent worked between them', [call('stock', 1, 5), call('prices', 7, 11)], []],
    ['nothing where they overlap', [call('stock', 1, 6), call('prices', 5, 11)], []],
    ['nothing where too little is to be saved', [call('stock', 1, 1.5), call('prices', 2, 11)], []],
    [
      'calls as servers in another service, where the client is not traced',
      [call('stock', 1, 5, { kind: 'server', service: 'bank' }), call('prices', 5, 11, { kind: 'server', service: 'mail' })],
      ['sequential 2 stock saves 4'],
    ],
    ['nothing in work of its own', [call('stock', 1, 5, { kind: 'internal' }), call('prices', 5, 11, { kind: 'internal' })], []],
    [
      'a repetition as that alone, not as a sequence',
      [...[1, 2, 3, 4, 5].map((n) => query(`SELECT ${n}`, 2 * n, 2 * n + 2)), call('stock', 12, 20), call('prices', 20, 22)],
      ['repeated 5 SELECT ? saves 8', 'sequential 2 stock saves 2'],
    ],
  ])('%s', (_, spans, expected) => {
    expect(found(spans)).toEqual(expected)
  })
})

describe('findPatterns', () => {
  it('puts first what lies on the critical path', () => {
    const slow = span({ name: 'slow', parent: 'root', start: 0, end: 100 * ms })
    const beside = span({ name: 'beside', parent: 'root', start: 0, end: 90 * ms })
    const within = (parent: string, width: number) =>
      [0, 1, 2, 3, 4].map((n) => query(`SELECT ${n}`, n * width, (n + 1) * width, { parentSpanId: idOf(parent) }))
    const patterns = findPatterns(traceOf(root, slow, beside, ...within('beside', 15), ...within('slow', 2)))
    expect(patterns.map(({ parent, onPath }) => [parent.name, onPath])).toEqual([
      ['slow', true],
      ['beside', false],
    ])
  })

  it('lets each threshold be set', () => {
    const spans = [call('stock', 1, 5), call('prices', 7, 11)]
    expect(found(spans, { maxGapMs: 2 })).toHaveLength(1)
    expect(found(spans, { maxGapMs: 2, minimumSavingMs: 5 })).toEqual([])
    expect(found([query('SELECT 1', 1, 2), query('SELECT 2', 3, 4)], { repeatedCalls: 2 })).toHaveLength(1)
    expect(() => findPatterns(traceOf(root), { repeatedCalls: 1 })).toThrow('Expected `repeatedCalls` to be a number from 2')
  })

  it('never saves more than was spent, nor less than nothing, whatever the trace', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        for (const { kind, calls, savingNano, spentNano } of findPatterns(deepFreeze(trace), {
          repeatedCalls: 2,
          maxGapMs: 5,
          minimumSavingMs: 0,
        })) {
          expect(calls.length).toBeGreaterThanOrEqual(2)
          expect(savingNano).toBeGreaterThanOrEqual(0n)
          if (kind !== 'retry') expect(savingNano).toBeLessThanOrEqual(spentNano)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('takes a chain of 100,000 spans, and 100,000 calls under one', () => {
    expect(findPatterns(chain(100_000))).toEqual([])
    const q = query('SELECT 1', 0, 1)
    const [pattern] = findPatterns(traceOf(root, ...Array.from({ length: 100_000 }, (_, i) => Object.assign({ ...q }, { spanId: `${i}` }))))
    expect(pattern!.calls).toHaveLength(100_000)
  })
})
