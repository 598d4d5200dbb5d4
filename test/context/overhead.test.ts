import { PassThrough } from 'node:stream'
import { trace } from '@opentelemetry/api'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import { configure, spanlogStats, withSpan } from 'spanlog'
import pino from 'spanlog/pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { estimateMs } from '../../src/context/overhead.js'

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
    configure({ overheadBudget: false })
    eachTakes(1)
    const spans = (count: number) => {
      for (let i = 0; i < count; i++) withSpan('work', () => undefined)
    }
    // The first of these end what was begun by the test before.
    spans(61 * 10)
    const before = spanlogStats().overhead
    spans(61 * 10)
    const { measured, spansMs } = spanlogStats().overhead
    expect(measured - before.measured).toBe(20)
    // Two pieces a span, each of a millisecond before the SDK's part and one behind it.
    expect(spansMs - before.spansMs).toBeCloseTo(61 * 20 * 2, 0)
  })

  it('does not count what the SDK takes', () => {
    configure({ overheadBudget: false })
    let sdkMs = 0
    const slow = () => {
      now += 50
      sdkMs += 50
    }
    const processor = { onStart: slow, onEnd: slow, forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() }
    const provider = new NodeTracerProvider({ spanProcessors: [processor] })
    trace.setGlobalTracerProvider(provider)
    eachTakes(1)
    const before = spanlogStats().overhead
    for (let i = 0; i < 61 * 20; i++) withSpan('work', () => undefined)
    trace.disable()
    expect(sdkMs).toBe(61 * 20 * 100)
    // A difference of sums.
    expect(Math.round(spanlogStats().overhead.spansMs - before.spansMs)).toBeLessThanOrEqual(61 * 40 * 2)
  })

  it('is not warned of where the machine puts a few calls aside', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    let asked = 0
    // The clock is asked four times for a measured span's start or end: one in twenty of them takes a second.
    vi.spyOn(performance, 'now').mockImplementation(() => (++asked % 80 === 1 ? now : (now += asked % 80 === 2 ? 1_000 : 0)))
    for (let i = 0; i < 61 * 200; i++) {
      step(10)
      withSpan('work', () => undefined)
    }
    expect(asked).toBeGreaterThan(80 * 10)
    expect(warn).not.toHaveBeenCalled()
    expect(spanlogStats().overhead.share).toBe(0)
  })

  it('is estimated alike whatever a tenth of the calls take', () => {
    const calls = fc.array(fc.double({ min: 0.001, max: 0.1, noNaN: true }), { minLength: 18, maxLength: 18 })
    const outliers = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(calls, outliers, fc.nat(17), (usual, longest, at) => {
        const samples = [...usual.slice(0, at), ...longest, ...usual.slice(at)]
        const ms = estimateMs(samples)
        expect(ms).toBeLessThanOrEqual(Math.max(...usual) * 20 + 1e-9)
        expect(ms).toBeGreaterThanOrEqual(0)
        // One after the other or all at once, and where nothing sticks out it is the sum.
        expect(estimateMs(samples.toReversed())).toBeCloseTo(ms, 9)
        expect(estimateMs(usual.map(() => 0.5).concat(0.5, 0.5))).toBeCloseTo(10, 9)
      }),
    )
  })

  it('is warned of past its budget, and not within it', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const work = () => {
      for (let i = 0; i < 61 * 40; i++) withSpan('work', () => undefined)
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
