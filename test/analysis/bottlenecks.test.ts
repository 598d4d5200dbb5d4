import { bottlenecks } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import { chain, drawn } from './traces.js'

// path:          rrraadddddaddddddddaarrrr
const picture = `
  root           |----------------------|
  beside<root     |----|
  api<root          |---------------|
  db<api              |----|
  db<api                    |------|`

describe('bottlenecks', () => {
  it('ranks by self time on the path, not by length, and leaves out what is not on it', () => {
    const twice = drawn(picture)
    twice.spans[3]!.spanId = 'a'.repeat(16)
    expect(bottlenecks(twice).map(({ name, pathNano, spans }) => [name, Number(pathNano), spans])).toEqual([
      ['root', 7, 1],
      ['db', 7, 1],
      ['db', 5, 1],
      ['api', 4, 1],
    ])
  })

  it('puts the spans of an operation together where asked, with their shares and self times', () => {
    const twice = drawn(picture)
    twice.spans[3]!.spanId = 'a'.repeat(16)
    const found = bottlenecks(twice, { by: 'operation' })
    expect(found.map(({ name, pathNano, spans, selfNano, durationNano }) => [name, pathNano, spans, selfNano, durationNano])).toEqual([
      ['db', 12n, 2, 12n, 12n],
      ['root', 7n, 1, 5n, 23n],
      ['api', 4n, 1, 4n, 16n],
    ])
    expect(found.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  })

  it('is empty for a trace that took no time', () => {
    expect(bottlenecks(drawn('  root   |'))).toEqual([])
  })

  it('takes a chain of 100,000 spans', () => {
    const found = bottlenecks(chain(100_000), { by: 'operation' })
    expect(found.reduce((sum, { spans }) => sum + spans, 0)).toBe(100_000)
  })

  it('refuses an option that does not exist', () => {
    expect(() => bottlenecks(drawn(picture), { limit: 3 } as never)).toThrow('bottlenecks has no option `limit`')
  })
})
