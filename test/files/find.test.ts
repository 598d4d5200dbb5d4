import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findAny } from '../../src/files/find.js'
import { traceForms } from '../../src/logs/needles.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'

describe('findAny', () => {
  it('finds what indexOf finds first, for needles and texts of few letters', () => {
    const word = (minLength: number, maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength, maxLength })
    fc.assert(
      fc.property(fc.array(word(2, 6), { minLength: 1, maxLength: 4 }), word(0, 80), fc.nat(10), (needles, text, from) => {
        const bytes = Buffer.from(text)
        const ends = needles.flatMap((needle) => {
          const at = text.indexOf(needle, from)
          return at < 0 ? [] : [at + needle.length - 1]
        })
        expect(findAny(needles)(bytes, from, bytes.length)).toBe(ends.length === 0 ? -1 : Math.min(...ends))
      }),
      { numRuns: 2000 },
    )
  })

  it('finds every form of a trace ID', () => {
    const { needles } = traceForms(TRACE)
    expect(needles).toEqual([TRACE, TRACE.toUpperCase(), '1-0af76519-16cd43dd8448eb211c80319c', String(0x8448eb211c80319cn)])
    for (const needle of needles) expect(findAny(needles)(Buffer.from(`{"a":"${needle}"}`), 0, 60)).toBe(5 + needle.length)
  })
})
