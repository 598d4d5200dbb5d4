import { PassThrough } from 'node:stream'
import { configure, spanlogStats, withSpan } from 'spanlog'
import pino from 'spanlog/pino'
import { afterEach, describe, expect, it, vi } from 'vitest'

// The clock that the built package reads; its start is when it was loaded.
let now = performance.now()
const step = (ms: number) => {
  now += ms
}
const log = pino(new PassThrough().resume())

afterEach(() => {
  vi.restoreAllMocks()
  configure({ overheadBudget: 0.1 })
})

/** Each measured piece of ours takes so long, by a clock that stands still otherwise. */
function eachTakes(ms: number): void {
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += ms
    return now
  })
}

describe('the time spent in our own code', () => {
  it('is estimated from one call in 61, part by part', () => {
    const before = spanlogStats().overhead
    for (let i = 0; i < 61 * 20; i++) withSpan('work', () => log.info('x'))
    const { measured, spansMs, linesMs } = spanlogStats().overhead
    expect(measured - before.measured).toBeGreaterThanOrEqual(40)
    expect(spansMs).toBeGreaterThan(before.spansMs)
    expect(linesMs).toBeGreaterThan(before.linesMs)
  })

  it('stands for all the calls that were not measured', () => {
    const before = spanlogStats().overhead
    eachTakes(1)
    for (let i = 0; i < 61 * 10; i++) withSpan('work', () => undefined)
    const { measured, spansMs } = spanlogStats().overhead
    // Two pieces a span, of a millisecond each.
    expect(measured - before.measured).toBe(20)
    expect(spansMs - before.spansMs).toBeCloseTo(61 * 20, 0)
  })

  it('is warned of past its budget, and not within it', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const work = () => {
      for (let i = 0; i < 61 * 4; i++) withSpan('work', () => undefined)
    }
    configure({ overheadBudget: false })
    eachTakes(10)
    step(11_000)
    work()
    expect(warn).not.toHaveBeenCalled()
    configure({ overheadBudget: 0.2 })
    step(11_000)
    work()
    step(11_000)
    work()
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/more of the time than its budget.*of 20\.0 %/), expect.anything())
    expect(spanlogStats().overhead.share).toBeGreaterThan(0.2)
  })

  it.each([[0], [1.5], ['10 %']])('has no budget of %s', (overheadBudget) => {
    expect(() => configure({ overheadBudget: overheadBudget as never })).toThrow(/`overheadBudget`/)
  })
})
