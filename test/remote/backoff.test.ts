import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { backoffMs } from '../../src/remote/client.js'

afterEach(() => {
  vi.restoreAllMocks()
})

it.for([
  [1, 125, 250],
  [2, 250, 500],
  [4, 1000, 2000],
  [6, 2500, 5000],
  [50, 2500, 5000],
])('the pause after try %i is between %i and %i ms', ([tries = 0, least = 0, most = 0]) => {
  const random = vi.spyOn(Math, 'random')
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (chance) => {
      random.mockReturnValue(chance)
      const ms = backoffMs(tries)
      expect(ms).toBeGreaterThanOrEqual(least)
      expect(ms).toBeLessThanOrEqual(most)
    }),
  )
  random.mockReturnValue(0)
  expect(backoffMs(tries)).toBe(least)
})
