import fc from 'fast-check'
import { correctClockSkew, criticalPath } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import { anyTrace, chain, deepFreeze, drawn, epoch, span, traceOf } from './traces.js'

/** By how many columns each span was moved. */
const moves = (picture: string) =>
  Object.fromEntries(correctClockSkew(deepFreeze(drawn(picture))).moved.map(({ name, byNano }) => [name, Number(byNano)]))

describe('correctClockSkew', () => {
  it.each([
    [
      'leaves a child that fits alone',
      `
      call@a         |---------|
      answer<call@b   |---|`,
      {},
    ],
    [
      'leaves a child on the same host alone',
      `
      call@a         |---------|
      work<call@a           |-----|`,
      {},
    ],
    [
      'centres a child that begins too early',
      `
      call@a             |-------|
      answer<call@b   |---|`,
      { answer: 5 },
    ],
    [
      'centres a child that ends too late',
      `
      call@a          |-------|
      answer<call@b         |---|`,
      { answer: -4 },
    ],
    [
      'moves a longer child only to the start of its parent',
      `
      call@a              |---|
      answer<call@b   |--------|`,
      { answer: 4 },
    ],
    [
      'leaves a longer child that begins later alone',
      `
      call@a          |---|
      answer<call@b     |--------|`,
      {},
    ],
    [
      'moves descendants of the same host along, and judges those of another by the new times',
      `
      call@a              |-------|
      answer<call@b    |---|
      db<answer@b       |-|
      other<answer@c         |-|`,
      { answer: 5, db: 5 },
    ],
    [
      'moves a consumer only if it begins before its message was sent',
      `
      send:producer@a           |-----|
      early<send:consumer@b   |-|
      late<send:consumer@c               |-|`,
      { early: 2 },
    ],
  ])('%s', (_, picture, expected) => {
    expect(moves(picture)).toEqual(expected)
  })

  it('knows hosts by their resource, whatever the service', () => {
    const on = (host: string, given: Parameters<typeof span>[0]) => span({ ...given, resource: { 'host.name': host } })
    const trace = (host: string) =>
      traceOf(on('x', { start: 10, end: 20 }), on(host, { name: 'child', parent: 'root', service: 'bank', start: 5, end: 9 }))
    expect(correctClockSkew(trace('x')).moved).toEqual([])
    expect(correctClockSkew(trace('y')).moved).toMatchObject([{ name: 'child', byNano: 8n }])
  })

  it('moves events with their span, sorts by the new starts, and gives the trace back where nothing moved', () => {
    const events = [{ timeUnixNano: epoch + 6n, name: 'e', attributes: {} }]
    const trace = traceOf(span({ name: 'early', parent: 'root', service: 'bank', start: 5, end: 9, events }), span({ start: 10, end: 20 }))
    const { trace: corrected } = correctClockSkew(deepFreeze(trace))
    expect(corrected.spans.map(({ name, startUnixNano }) => [name, startUnixNano - epoch])).toEqual([
      ['root', 10n],
      ['early', 13n],
    ])
    expect(corrected.spans[1]!.events[0]!.timeUnixNano).toBe(epoch + 14n)
    expect(correctClockSkew(corrected).trace).toBe(corrected)
    expect(criticalPath(trace)).toHaveLength(1)
    expect(criticalPath(corrected)).toHaveLength(3)
  })

  it('keeps each span and its length, whatever the trace', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const lengths = (spans: typeof trace.spans) =>
          spans.map((s) => `${s.spanId} ${s.kind} ${s.name} ${s.endUnixNano - s.startUnixNano}`).toSorted()
        expect(lengths(correctClockSkew(deepFreeze(trace)).trace.spans)).toEqual(lengths(trace.spans))
      }),
    )
  })

  it('takes a chain of 100,000 spans', () => {
    const trace = chain(100_000)
    for (const [i, s] of trace.spans.entries()) s.service = i % 2 === 0 ? 'a' : 'b'
    expect(correctClockSkew(trace).moved).toEqual([])
  })
})
