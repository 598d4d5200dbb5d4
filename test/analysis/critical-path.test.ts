import fc from 'fast-check'
import { criticalPath, selfTimes } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import { anyTrace, chain, deepFreeze, drawn, epoch, idOf, span, tidyTrace, traceOf } from './traces.js'

/** The path drawn as the pictures have it: each column the initial of the span that owns it. */
function draw(picture: string): string {
  const row: string[] = []
  for (const { name, startUnixNano, endUnixNano } of criticalPath(drawn(picture))) {
    for (let at = startUnixNano; at < endUnixNano; at++) row[Number(at - epoch)] = name.charAt(0)
  }
  return Array.from(row, (letter) => letter ?? ' ').join('')
}

describe('criticalPath, drawn', () => {
  it.each([
    [
      'is the root where nothing hangs on it',
      `
      root     |--------|
      =        rrrrrrrrr`,
    ],
    [
      'gives a child its time and its parent the rest',
      `
      root     |---------|
      db<root     |--|
      =        rrrdddrrrr`,
    ],
    [
      'starts from the child that ends last and goes back to the one that ended before it',
      `
      root       |----------------|
      db<root       |----|
      http<root            |---|
      =          rrrdddddrrhhhhrrr`,
    ],
    [
      'leaves out what ran beside something longer',
      `
      root         |---------|
      short<root      |--|
      long<root       |----|
      =            rrrlllllrr`,
    ],
    [
      'goes down into grandchildren and back up',
      `
      root       |-------------|
      api<root     |--------|
      db<api         |--|
      x<api              |--|
      =          rraadddaxxxrrr`,
    ],
    [
      'keeps children that touch',
      `
      root       |-------|
      one<root     |--|
      two<root        |--|
      =          rrooottt`,
    ],
    [
      'takes the child that started first where two end together',
      `
      root       |-------|
      late<root      |-|
      mail<root    |---|
      =          rrmmmmrr`,
    ],
    [
      'clips a child that outlives its parent',
      `
      root         |------|
      async<root       |---------|
      =            rrrraaa`,
    ],
    [
      'clips a child that began before its parent',
      `
      root           |------|
      early<root  |-----|
      =              eeerrrr`,
    ],
    [
      'clips a child that is longer than its parent on both sides, and its children with it',
      `
      root              |------|
      wide<root      |-------------|
      in<wide         |----|
      =                 iiiwwww`,
    ],
    [
      'drops a child wholly before its parent, with what hangs on it',
      `
      root               |------|
      out<root      |--|
      in<out               |-|
      =                  rrrrrrr`,
    ],
    [
      'drops a child wholly after its parent',
      `
      root           |---|
      out<root            |--|
      =              rrrr`,
    ],
    [
      'drops a child that begins where its parent ends',
      `
      root           |---|
      out<root           |--|
      =              rrrr`,
    ],
    [
      'leaves out children without length, wherever they stand',
      `
      root         |-------|
      a<root       |
      b<root           |
      c<root               |
      d<b              |--|
      =            rrrrrrrr`,
    ],
    [
      'leaves out a child that ends before it starts',
      `
      root         |-------|
      a<root         ~--|
      =            rrrrrrrr`,
    ],
    [
      'leaves the consumer of a producer out, but not its other children',
      `
      root                   |-----------|
      p<root:producer          |------|
      consume<p:consumer          |----|
      send<p:client              |-|
      =                      rrppssppprrr`,
    ],
    [
      'takes a consumer that a server calls as any child',
      `
      root:server             |-----|
      consume<root:consumer     |-|
      =                       rrccrr`,
    ],
    [
      'begins at an orphan where the root is missing',
      `
      orphan<gone     |------|
      db<orphan         |--|
      =               oodddoo`,
    ],
    [
      'takes the root that names no parent before a longer orphan',
      `
      orphan<gone   |------------|
      root            |--|
      =               rrr`,
    ],
    [
      'takes the longest of several roots',
      `
      one        |--|
      two            |------|
      three                   |-|
      =              ttttttt`,
    ],
    [
      'cuts a cycle above its earliest span',
      `
      first<last      |--------|
      mid<first         |----|
      last<mid            |-|
      =               ffmmllmff`,
    ],
    [
      'takes a span that is its own parent for a root',
      `
      self<self       |---|
      =               ssss`,
    ],
    [
      'is empty for a root without length',
      `
      root            |
      =`,
    ],
  ])('%s', (_, picture) => {
    const expected = /^ *=(.*)$/m.exec(picture)![1]!
    expect(draw(picture).trim()).toBe(expected.trim())
    const column = picture.split('\n').find((line) => /^ *=/.test(line))!
    if (expected.trim() !== '') expect(draw(picture).search(/\S/)).toBe(column.indexOf(expected.trim()))
  })
})

describe('criticalPath', () => {
  it('is empty for a trace without spans, and for a span that the trace does not have', () => {
    expect(criticalPath({ traceId: '0'.repeat(32), spans: [] })).toEqual([])
    expect(criticalPath(traceOf(span()), { spanId: idOf('gone') })).toEqual([])
  })

  it('explains one span where asked', () => {
    const trace = drawn(`
      root      |---------|
      api<root     |---|
      db<api        |-|`)
    expect(criticalPath(trace, { spanId: idOf('api') }).map(({ name }) => name)).toEqual(['api', 'db', 'api'])
  })

  it('gives the path of every root where asked, one root after another', () => {
    const trace = drawn(`
      one       |-----|
      a<one       |-|
      two<gone     |-----|`)
    expect(criticalPath(trace, { everyRoot: true }).map(({ name }) => name)).toEqual(['one', 'a', 'one', 'two'])
  })

  it('hangs the server that shares its ID with its client under it, and children of the server under the server', () => {
    const shared = idOf('call')
    const trace = traceOf(
      span({ name: 'root', start: 0, end: 20 }),
      span({ name: 'bank', spanId: shared, parent: 'root', kind: 'server', service: 'bank', start: 6, end: 12 }),
      span({ name: 'shop', spanId: shared, parent: 'root', kind: 'client', start: 4, end: 15 }),
      span({ name: 'query', parent: 'call', service: 'bank', start: 8, end: 10 }),
      span({ name: 'dns', parent: 'call', service: 'shop', start: 4, end: 5 }),
    )
    expect(criticalPath(trace).map(({ name, startUnixNano }) => `${name} ${startUnixNano - epoch}`)).toEqual([
      'root 0',
      'dns 4',
      'shop 5',
      'bank 6',
      'query 8',
      'bank 10',
      'shop 12',
      'root 15',
    ])
  })

  it('counts a start of 0 as a time', () => {
    const trace = traceOf(
      span({ name: 'root', startUnixNano: 0n, endUnixNano: 10n }),
      span({ name: 'db', parent: 'root', startUnixNano: 0n, endUnixNano: 4n }),
    )
    expect(criticalPath(trace).map(({ name, startUnixNano, endUnixNano }) => [name, startUnixNano, endUnixNano])).toEqual([
      ['db', 0n, 4n],
      ['root', 4n, 10n],
    ])
  })

  // OpenTelemetry's SDK for JavaScript cuts starts to milliseconds, and measures durations in nanoseconds.
  it.each<[string, starts: number[], expected: string[]]>([
    ['takes calls one after another whose starts were cut to milliseconds', [1e6, 4e6, 7e6], ['root 1', 'a 3', 'b 3', 'c 3.4', 'root 1.6']],
    ['leaves out what overlaps by more', [1e6, 3e6, 7e6], ['root 3', 'b 3.4', 'root 0.6', 'c 3.4', 'root 1.6']],
    ['leaves out what overlaps a start that was not cut', [1e6, 4e6 + 1, 7e6], ['root 4', 'b 3', 'c 3.4', 'root 1.6']],
  ])('%s', (_, starts, expected) => {
    const calls = starts.map((start, i) => span({ name: 'abc'[i]!, parent: 'root', start, end: start + 3.4e6 }))
    const path = criticalPath(traceOf(span({ end: 12e6 }), ...calls))
    expect(path.map((one) => `${one.name} ${Number(((Number(one.endUnixNano) - Number(one.startUnixNano)) / 1e6).toFixed(1))}`)).toEqual(
      expected,
    )
  })

  it('does not overflow on a chain of 100,000 spans, nor on 100,000 children, nor on 100,000 roots', () => {
    const n = 100_000
    expect(criticalPath(chain(n))).toHaveLength(2 * n - 1)
    const children = Array.from({ length: n }, (_, i) =>
      span({ name: `c${i}`, spanId: i.toString(16).padStart(16, 'a'), parent: 'root', start: i, end: i + 1 }),
    )
    expect(criticalPath(traceOf(span({ name: 'root', start: 0, end: n }), ...children))).toHaveLength(n)
    expect(
      criticalPath(traceOf(...children.map((child) => Object.assign(child, { parentSpanId: idOf('gone') }))), { everyRoot: true }),
    ).toHaveLength(n)
  })

  it('refuses an option that does not exist', () => {
    expect(() => criticalPath(traceOf(span()), { span: 'x' } as never)).toThrow(/criticalPath has no option `span`/)
  })

  it('has sections in order, not empty, that sum to the duration of the root, whatever the trace', () => {
    fc.assert(
      fc.property(anyTrace, ({ traceId, spans }) => {
        const trace = deepFreeze({ traceId, spans })
        const sections = criticalPath(trace)
        let sum = 0n
        for (const [i, { startUnixNano, endUnixNano }] of sections.entries()) {
          expect(startUnixNano).toBeLessThan(endUnixNano)
          // Within one root nothing is left between: each section begins where the one before ended.
          if (i > 0) expect(startUnixNano).toBe(sections[i - 1]!.endUnixNano)
          sum += endUnixNano - startUnixNano
        }
        const lengths = spans.map((s) => (s.endUnixNano > s.startUnixNano ? s.endUnixNano - s.startUnixNano : 0n))
        const roots = spans.filter((s) => s.parentSpanId === undefined)
        if (roots.length === 1 && new Set(spans.map((s) => s.spanId)).size === spans.length) {
          expect(sum).toBe(lengths[spans.indexOf(roots[0]!)])
        } else expect([...lengths, 0n]).toContain(sum)
      }),
      { numRuns: 500 },
    )
  })
})

describe('selfTimes', () => {
  it.each([
    [
      'counts children that run side by side once',
      `
      root      |---------|
      a<root      |---|
      b<root        |---|`,
      { root: 4, a: 4, b: 4 },
    ],
    [
      'clamps a child to its parent and leaves it its own time',
      `
      root      |-----|
      a<root       |-----|`,
      { root: 3, a: 6 },
    ],
    [
      'counts a child within another child once',
      `
      root      |---------|
      a<root      |-----|
      b<root        |-|`,
      { root: 4, a: 6, b: 2 },
    ],
    [
      'is 0 for a parent that its child covers',
      `
      root        |---|
      a<root    |-------|`,
      { root: 0, a: 8 },
    ],
    [
      'does not count a consumer against its producer',
      `
      p:producer        |-----|
      c<p:consumer        |-|`,
      { p: 6, c: 2 },
    ],
    [
      'is 0 for a span that ends before it starts',
      `
      root      |-----|
      a<root      ~-|`,
      { root: 6, a: 0 },
    ],
  ])('%s', (_, picture, expected) => {
    expect(Object.fromEntries(selfTimes(drawn(picture)).map(({ name, selfNano }) => [name, Number(selfNano)]))).toEqual(expected)
  })

  it('sums to the duration of the root where children lie in their parents and do not overlap', () => {
    fc.assert(
      fc.property(tidyTrace, (trace) => {
        expect(selfTimes(deepFreeze(trace)).reduce((sum, { selfNano }) => sum + selfNano, 0n)).toBe(1_000_000_000n)
      }),
    )
  })

  it('equals the nanoseconds of the span in which none of its children ran, counted one by one', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        // The tree must be what the picture says: parents by unique ID, no cycles.
        const spans = trace.spans.map((s, i) => ({ ...s, spanId: idOf(`u${i}`) }))
        for (const [i, s] of spans.entries())
          if (i > 0) s.parentSpanId = spans[Number.parseInt(s.parentSpanId?.slice(2, 4) ?? '0', 16) % i]!.spanId
        for (const [i, { selfNano }] of selfTimes(deepFreeze(traceOf(...spans))).entries()) {
          const me = spans[i]!
          const children = spans.filter(
            (c, j) => j > 0 && c.parentSpanId === me.spanId && !(c.kind === 'consumer' && me.kind === 'producer'),
          )
          let counted = 0n
          for (let at = me.startUnixNano; at < me.endUnixNano; at++) {
            if (!children.some((c) => c.startUnixNano <= at && at < c.endUnixNano)) counted++
          }
          expect(selfNano).toBe(counted)
        }
      }),
    )
  })
})
