import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findAny } from '../../src/files/find.js'
import { sampledMemory, samplerIn, tableBytes } from '../../src/files/sampled-memory.js'
import { traceForms } from '../../src/logs/needles.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'

const memory = sampledMemory(1 << 16) as ArrayBuffer

/** The bytes `skip` behind the beginning of what is free, amid digits, of which words are marked. */
function sampled(bytes: Buffer, skip = 0): Buffer {
  const free = Buffer.from(memory, tableBytes)
  free.fill(TRACE)
  bytes.copy(free, skip)
  return free.subarray(skip, skip + bytes.length)
}

describe.each([
  ['JavaScript', (bytes: Buffer) => bytes],
  ['WebAssembly', sampled],
])('findAny, in %s', (_runtime, placed) => {
  const word = (minLength: number, maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b'), minLength, maxLength })

  it.each([
    ['short', 1, 6],
    ['long', 7, 12],
  ])('finds one of several %s needles where there is one, and none behind the end of one that it passed over', (_, least, most) => {
    fc.assert(
      fc.property(
        fc.array(word(least, most), { minLength: 1, maxLength: 4 }),
        fc.array(fc.oneof(word(0, 30), fc.constant(0), fc.constant(1)), { maxLength: 8 }),
        fc.nat(20),
        fc.nat(20),
        fc.nat(70),
        (needles, parts, from, less, skip) => {
          const text = parts.map((part) => (typeof part === 'number' ? (needles[part] ?? '') : part)).join('')
          const to = Math.max(0, text.length - less)
          const at = findAny(needles)(placed(Buffer.from(text), skip), from, to)
          const standsAt = (place: number) => needles.filter((needle) => text.startsWith(needle, place) && place + needle.length <= to)
          const ends = Array.from({ length: to }, (__, place) =>
            place < from ? [] : standsAt(place).map(({ length }) => place + length),
          ).flat()
          if (ends.length === 0) {
            expect(at).toBe(-1)
          } else {
            expect(at).toBeGreaterThanOrEqual(from)
            expect(standsAt(at)).not.toEqual([])
            expect(at).toBeLessThan(Math.min(...ends))
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('finds every form of a trace ID, wherever it stands, and no ID that differs in one digit', () => {
    const { needles } = traceForms(TRACE)
    expect(needles).toEqual([TRACE, TRACE.toUpperCase(), '1-0af76519-16cd43dd8448eb211c80319c', String(0x8448eb211c80319cn)])
    const find = findAny(needles)
    for (const needle of needles) {
      for (let before = 0; before < 100; before++) {
        // At any place of the memory that it is in.
        const bytes = placed(Buffer.from(`${'-'.repeat(before % 7)}${'f'.repeat(before)}${needle}"}`).subarray(before % 7), before % 7)
        expect(find(bytes, 0, bytes.length)).toBe(before)
        expect(find(bytes, 0, before + needle.length)).toBe(before)
        expect(find(bytes, 0, before + needle.length - 1)).toBe(-1)
        expect(find(bytes, before + 1, bytes.length)).toBe(-1)
        const other = needle.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
        expect(find(placed(Buffer.from(`${'f'.repeat(before)}${other}"}`)), 0, bytes.length)).toBe(-1)
      }
    }
  })

  it('finds a text of a thousand bytes', () => {
    const text = Array.from({ length: 200 }, (_, n) => String(n).padStart(5)).join('')
    const find = findAny([text])
    for (let before = 0; before < 300; before += 7) {
      const bytes = placed(Buffer.from(`${'-'.repeat(before)}${text}`))
      expect(find(bytes, 0, bytes.length)).toBe(before)
      expect(find(bytes, 0, bytes.length - 1)).toBe(-1)
    }
  })

  it('finds each of many, in text full of its digits, one after the other', () => {
    const { needles } = traceForms(TRACE)
    const find = findAny(needles)
    const text = Array.from({ length: 400 }, (_, n) => TRACE.slice(n % 31) + needles[n % 4] + 'f'.repeat(n % 9)).join('-')
    const bytes = placed(Buffer.from(text), 3)
    const found: number[] = []
    for (let at = find(bytes, 0, bytes.length); at >= 0; at = find(bytes, at + 1, bytes.length)) found.push(at)
    const stands = (at: number) => needles.some((needle) => text.startsWith(needle, at))
    expect(found).toEqual(Array.from(text, (_, at) => at).filter(stands))
    expect(found.length).toBeGreaterThanOrEqual(400)
  })
})

describe('sampledMemory', () => {
  it('is searched by WebAssembly, and other memory is not', () => {
    expect(samplerIn(memory)).toBeTypeOf('function')
    expect(samplerIn(new ArrayBuffer(8))).toBeUndefined()
  })

  it('is searched by several, with needles of different lengths, in turn', () => {
    const texts = ['abcdefg', '0123456789abcdefghij', TRACE]
    const finds = texts.map((text) => findAny([text]))
    const bytes = sampled(Buffer.from(`-${texts.join('-')}-`))
    for (let round = 0; round < 2; round++) {
      expect(finds.map((find) => find(bytes, 0, bytes.length))).toEqual([1, 9, 30])
    }
  })
})
