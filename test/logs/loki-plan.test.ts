import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finestNano, gridOver, joinUpTo, type Stretch, settledBy, stepFor, stepWithin, stretchOf } from '../../src/logs/loki/plan.js'

// Some of them on the edge of a step of every grid below a day.
const nano = fc.oneof(
  fc.bigInt({ min: 10n ** 10n, max: 2n ** 62n }),
  fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 15n }), fc.constantFrom(-1n, 0n, 1n)).map(([n, offset]) => n * finestNano * 2n ** 26n + offset),
)
const window = fc.tuple(nano, fc.bigInt({ min: 1n, max: 10n ** 17n })).map(([from, length]) => ({ from, to: from + length }))

/** Neighbours, as counts over a grid come. */
const stretches = fc
  .array(fc.nat({ max: 30 }), { maxLength: 40 })
  .map((counts) => counts.map((count, index) => stretchOf(1000 + index * 4, 4, count)))

describe('the grid over a window', () => {
  it('covers it to the nanosecond, in steps aligned to the epoch, no more than Loki takes', () => {
    fc.assert(
      fc.property(window, ({ from, to }) => {
        const stepMs = stepFor(from, to)
        const { firstMs, lastMs } = gridOver(from, to, stepMs)
        const [first, last] = [stretchOf(firstMs, stepMs, 0), stretchOf(lastMs, stepMs, 0)]
        expect(first.from <= from && from < first.to).toBe(true)
        expect(last.from < to && to <= last.to).toBe(true)
        expect(firstMs % stepMs).toBe(0)
        expect(lastMs % stepMs).toBe(0)
        expect((lastMs - firstMs) / stepMs + 1).toBeLessThanOrEqual(1024)
      }),
    )
  })

  it('over a step, or over joined steps, falls exactly into finer ones, never coarser', () => {
    fc.assert(
      fc.property(window, fc.nat({ max: 8000 }), fc.nat({ max: 8000 }), ({ from, to }, skip, many) => {
        const stepMs = stepFor(from, to)
        const { firstMs, lastMs } = gridOver(from, to, stepMs)
        const steps = (lastMs - firstMs) / stepMs + 1
        const begin = skip % steps
        const count = 1 + (many % (steps - begin))
        const start = stretchOf(firstMs + begin * stepMs, stepMs, 1)
        const stretch: Stretch = { from: start.from, to: start.from + BigInt(count * stepMs) * finestNano, count: 1 }
        const finer = stepWithin(stretch)
        expect(finer).toBeLessThanOrEqual(stepMs)
        if (count === 1 && stepMs > 1) expect(finer).toBeLessThan(stepMs)
        const grid = gridOver(stretch.from, stretch.to, finer)
        expect(stretchOf(grid.firstMs, finer, 0).from).toBe(stretch.from)
        expect(stretchOf(grid.lastMs, finer, 0).to).toBe(stretch.to)
      }),
    )
  })
})

describe('joining', () => {
  it('keeps each line once, in order, and goes over the cap for single steps only', () => {
    fc.assert(
      fc.property(stretches, fc.integer({ min: 1, max: 50 }), (steps, cap) => {
        const joined = joinUpTo(steps, cap)
        const sum = (all: readonly Stretch[]) => all.reduce((total, { count }) => total + count, 0)
        expect(sum(joined)).toBe(sum(steps))
        for (const [index, { from, to, count }] of joined.entries()) {
          const inside = steps.filter((step) => step.from >= from && step.to <= to)
          expect(sum(inside)).toBe(count)
          expect(count).toBeGreaterThan(0)
          if (count > cap) expect(inside.filter((step) => step.count > 0).length).toBe(1)
          expect(joined[index + 1] === undefined || (joined[index + 1]?.from ?? 0n) >= to).toBe(true)
        }
      }),
    )
  })
})

describe('what a page settles', () => {
  it.for<[string, bigint[], number[], { stretches: number; entries: number }]>([
    ['all of it', [0n, 1n, 5n], [2, 1], { stretches: 2, entries: 3 }],
    ['nothing, where the first step holds more', [0n, 1n], [3, 1], { stretches: 0, entries: 0 }],
    ['nothing, where the first step holds less', [0n, 1n], [1, 1], { stretches: 0, entries: 0 }],
    ['up to the step where it was cut', [0n, 1n, 4n], [2, 3, 7], { stretches: 1, entries: 2 }],
    ['nothing behind a hole, though later steps agree', [0n, 9n], [1, 1, 1], { stretches: 1, entries: 1 }],
  ])('%s', ([, offsets, counts, settled]) => {
    const steps = counts.map((count, index) => ({ from: BigInt(index) * 4n, to: BigInt(index + 1) * 4n, count }))
    expect(settledBy(offsets, steps)).toEqual(settled)
  })
})
