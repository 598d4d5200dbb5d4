import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlacedLine } from '../../src/logs/files/packed-lines.js'
import { SortedLines } from '../../src/logs/files/runs.js'

describe('SortedLines', () => {
  const line = fc.record({
    time: fc.oneof(
      fc.constantFrom(-1n, 0n, 1n),
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 23n }),
      fc.bigInt({ min: 10n ** 18n, max: 10n ** 18n + 3n }),
    ),
    file: fc.nat(2),
    text: fc.oneof(
      { weight: 2, arbitrary: fc.string({ unit: 'grapheme' }) },
      { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 300, maxLength: 900, size: 'max' }) },
      { weight: 1, arbitrary: fc.constantFrom('é'.repeat(5000), 'x'.repeat(300_000), '') },
    ),
  })
  const byPlace = (a: PlacedLine, b: PlacedLine) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.file - b.file || a.place - b.place)

  it('gives any lines by time, file and place, or the newest of them, in however little memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 60, size: 'max' }),
        fc.constantFrom(1, 200, 10_000, 1 << 25),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        async (written, memoryBytes, newest) => {
          const lines = written.map((each, place) => ({ ...each, place }))
          const sorted = new SortedLines(memoryBytes, newest)
          const found: { file: number; text: string }[] = []
          try {
            for (const each of lines) await sorted.add(each)
            for await (const each of sorted.inOrder()) found.push(each)
          } finally {
            await sorted.close()
          }
          const wanted = lines.toSorted(byPlace).slice(-(newest ?? (lines.length || 1)))
          expect(found).toEqual(wanted.map(({ file, text }) => ({ file, text })))
          expect(sorted.count).toBe(lines.length)
        },
      ),
      { numRuns: 60 },
    )
  })
})
