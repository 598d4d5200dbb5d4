import { createTraceState, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import fc from 'fast-check'
import { adaptiveSampler, loadSampler, probabilitySampler, ruleSampler, type TraceSampler } from 'spanlog/tracing'
import { describe, expect, it } from 'vitest'
import { newTraceId } from '../../../src/context/ids.js'
import { randomnessOf, thresholdOf } from '../../../src/tracing/sampling/threshold.js'

type Start = { name?: string; kind?: SpanKind; attributes?: Record<string, string | number>; traceId?: string }

function ask(sampler: TraceSampler, { name = 'GET /', kind = SpanKind.SERVER, attributes = {}, traceId = newTraceId() }: Start = {}) {
  return sampler.shouldSample(ROOT_CONTEXT, traceId, name, kind, attributes, [])
}
const isKept = (sampler: TraceSampler, start?: Start) => ask(sampler, start).decision === 2

describe('a threshold', () => {
  // The examples of the specification, and those of its table that have four digits.
  it.each<[probability: number, precision: number, text: string]>([
    [1, 4, '0'],
    [0.5, 4, '8'],
    [0.25, 4, 'c'],
    [0.1, 4, 'e666'],
    [0.01, 4, 'fd70a'],
    [0.001, 4, 'ffbe77'],
    [1 / 3, 3, 'aab'],
    [1 / 3, 14, 'aaaaaaaaaaaaac'],
    [2 / 3, 4, '5555'],
    [0.9999999, 4, '0'],
    [2 ** -56, 4, 'ffffffffffffff'],
  ])('of %d with %d digits is %s', (probability, precision, text) => {
    expect(thresholdOf(probability, precision).text).toBe(text)
  })

  it('is as close to its probability as its digits allow', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), (probability) => {
        const { value, text } = thresholdOf(probability)
        expect(BigInt(`0x${text.padEnd(14, '0')}`)).toBe(value)
        const actual = 1 - Number(value) / 2 ** 56
        // A digit is a factor of 16: four digits behind the leading fs leave at most 1/16^3 of the part that varies.
        expect(Math.abs(actual - probability)).toBeLessThanOrEqual(probability * 16 ** -3 + 2 ** -16)
      }),
    )
  })

  it('is compared with what the tracestate says, else with the last 56 bits of the trace ID', () => {
    const traceId = `${'0'.repeat(18)}c0000000000001`
    expect(randomnessOf(traceId, undefined)).toBe(0xc0000000000001n)
    expect(randomnessOf(traceId, createTraceState('ot=th:8;rv:00000000000002'))).toBe(2n)
    expect(randomnessOf(traceId, createTraceState('ot=rv:short'))).toBe(0xc0000000000001n)
  })
})

describe('probabilitySampler', () => {
  it.each([0.5, 0.1, 0.01])('keeps a share of %d of the traces, within the bounds of chance', (rate) => {
    const sampler = probabilitySampler(rate)
    const n = 100_000
    let kept = 0
    for (let i = 0; i < n; i++) if (isKept(sampler)) kept++
    // Five standard deviations: one run in two million goes beyond by chance.
    expect(Math.abs(kept - n * rate)).toBeLessThan(5 * Math.sqrt(n * rate * (1 - rate)))
  })

  it('keeps what a service that keeps less keeps', () => {
    const [few, many] = [probabilitySampler(0.05), probabilitySampler(0.2)]
    const kept = Array.from({ length: 20_000 }, () => newTraceId()).filter((traceId) => isKept(few, { traceId }))
    expect(kept.length).toBeGreaterThan(500)
    expect(kept.filter((traceId) => !isKept(many, { traceId }))).toEqual([])
  })

  it('tells the threshold of what it keeps', () => {
    const traceId = 'f'.repeat(32)
    expect(ask(probabilitySampler(0.1), { traceId }).traceState?.serialize()).toBe('ot=th:e666')
    expect(ask(probabilitySampler(1), { traceId }).traceState?.serialize()).toBe('ot=th:0')
    expect(ask(probabilitySampler(0), { traceId })).toEqual({ decision: 0 })
  })

  it.each<[what: string, flags: number, decision: number]>([
    ['sampled', TraceFlags.SAMPLED, 2],
    ['not sampled', TraceFlags.NONE, 0],
  ])('follows a parent that is %s, and leaves its tracestate', (_what, traceFlags, decision) => {
    const traceState = createTraceState('ot=th:8;rv:12345678901234,a=b')
    const parent = { traceId: newTraceId(), spanId: '1'.repeat(16), traceFlags, isRemote: true, traceState }
    const context = trace.setSpanContext(ROOT_CONTEXT, parent)
    for (const rate of [0, 1]) {
      const result = probabilitySampler(rate).shouldSample(context, parent.traceId, 'x', SpanKind.SERVER, {}, [])
      expect(result).toEqual({ decision, traceState })
    }
  })
})

describe('ruleSampler', () => {
  const sampler = ruleSampler({
    service: 'shop',
    rules: [
      { service: 'bank', name: 'GET /', rate: 0 },
      { attributes: { 'url.path': /^\/health/ }, rate: 0 },
      { name: /^POST/, kind: 'server', rate: 1 },
      { name: 'nested', rate: probabilitySampler(1) },
      { attributes: { 'tenant.id': 7, plan: 'gold' }, rate: 1 },
    ],
    fallback: 0,
  })

  it.each<[what: string, start: Start, kept: boolean]>([
    ['the first rule that fits decides', { name: 'POST /x', attributes: { 'url.path': '/health' } }, false],
    ['a name fits by expression', { name: 'POST /x' }, true],
    ['all parts of a rule must fit', { name: 'POST /x', kind: SpanKind.CLIENT }, false],
    ['a rule may ask another sampler', { name: 'nested' }, true],
    ['attributes fit by value', { attributes: { 'tenant.id': 7, plan: 'gold' } }, true],
    ['and not by their text', { attributes: { 'tenant.id': '7', plan: 'gold' } }, false],
    ['what fits no rule falls back', { name: 'GET /' }, false],
  ])('%s', (_what, start, kept) => {
    expect(isKept(sampler, start)).toBe(kept)
  })

  it('leaves out rules of other services', () => {
    const rules = [{ service: /^shop/, rate: 1 }]
    expect(isKept(ruleSampler({ rules, fallback: 0, service: 'shop-eu' }))).toBe(true)
    expect(isKept(ruleSampler({ rules, fallback: 0, service: 'bank' }))).toBe(false)
    expect(isKept(ruleSampler({ rules, fallback: 0 }))).toBe(false)
  })

  it('matches alike each time with an expression that has the flag g', () => {
    const one = ruleSampler({ rules: [{ name: /GET/g, rate: 1 }], fallback: 0 })
    expect([isKept(one), isKept(one), isKept(one)]).toEqual([true, true, true])
  })

  it('keeps so many a second whatever the rate, and says no threshold of these', () => {
    let nowMs = 0
    const one = ruleSampler({ rules: [{ rate: 0, perSecond: 2 }], fallback: 1, now: () => nowMs })
    const keptIn = (second: number) => {
      nowMs = second * 1000
      return Array.from({ length: 5 }, () => ask(one)).map(({ decision }) => decision)
    }
    expect([keptIn(0), keptIn(1), keptIn(60)]).toEqual([
      [2, 2, 0, 0, 0],
      [2, 2, 0, 0, 0],
      [2, 2, 0, 0, 0],
    ])
    nowMs = 61_000
    expect(ask(one)).toEqual({ decision: 2 })
  })

  it('keeps one every other second where half a trace a second is asked for', () => {
    let nowMs = 0
    const one = ruleSampler({ rules: [{ rate: 0, perSecond: 0.5 }], fallback: 1, now: () => nowMs })
    const kept = Array.from({ length: 8 }, (_, second) => {
      nowMs = second * 1000
      return isKept(one)
    })
    expect(kept.filter(Boolean)).toHaveLength(4)
  })
})

/** Traces that begin evenly, each operation at its rate a second; kept ones are counted by the second. */
function simulate(sampler: TraceSampler, clock: { ms: number }, seconds: number, demand: (second: number) => Record<string, number>) {
  const kept: Record<string, number>[] = []
  for (let second = 0; second < seconds; second++) {
    const counts: Record<string, number> = {}
    const starts = Object.entries(demand(second)).flatMap(([name, rate]) =>
      Array.from({ length: rate }, (_, i) => ({ name, at: (i / rate) * 1000 })),
    )
    const base = second * 1000
    for (const { name, at } of starts.toSorted((a, b) => a.at - b.at)) {
      clock.ms = base + at
      if (isKept(sampler, { name })) counts[name] = (counts[name] ?? 0) + 1
    }
    kept.push(counts)
  }
  return kept
}
const total = (kept: Record<string, number>[]) => kept.flatMap((counts) => Object.values(counts)).reduce((sum, n) => sum + n, 0)

describe('adaptiveSampler', () => {
  const newSampler = (tracesPerSecond: number, clock: { ms: number }) => adaptiveSampler({ tracesPerSecond, now: () => clock.ms })

  it.each<[what: string, demand: Record<string, number>]>([
    ['one operation', { a: 500 }],
    ['a frequent and a rare one', { a: 900, b: 5 }],
    ['ten alike', Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`op${i}`, 40]))],
  ])('reaches its target with %s', (_what, demand) => {
    const clock = { ms: 0 }
    const kept = simulate(newSampler(20, clock), clock, 120, () => demand)
    const perSecond = total(kept.slice(40)) / 80
    expect(perSecond).toBeGreaterThan(16)
    expect(perSecond).toBeLessThan(24)
  })

  it('keeps all where fewer begin than it may keep', () => {
    const clock = { ms: 0 }
    const kept = simulate(newSampler(20, clock), clock, 60, () => ({ a: 5, b: 5 }))
    expect(total(kept)).toBe(600)
  })

  it('keeps a greater share of what is rare', () => {
    const clock = { ms: 0 }
    const kept = simulate(newSampler(20, clock), clock, 120, () => ({ often: 1000, rare: 4 })).slice(40)
    const rate = (name: string, begun: number) => kept.reduce((sum, counts) => sum + (counts[name] ?? 0), 0) / (begun * kept.length)
    expect(rate('rare', 4)).toBeGreaterThan(0.8)
    expect(rate('often', 1000)).toBeLessThan(0.05)
  })

  it('brakes within the interval in which a burst comes', () => {
    const clock = { ms: 0 }
    const kept = simulate(newSampler(10, clock), clock, 10, () => ({ a: 2000 }))
    expect(total(kept)).toBeLessThan(300)
  })

  it('follows the load up and down', () => {
    const clock = { ms: 0 }
    const kept = simulate(newSampler(20, clock), clock, 360, (second) => ({ a: second < 120 ? 100 : second < 240 ? 1000 : 100 }))
    for (const [from, to] of [
      [60, 120],
      [180, 240],
      [320, 360],
    ] as const) {
      const perSecond = total(kept.slice(from, to)) / (to - from)
      expect(perSecond, `from second ${from}`).toBeGreaterThan(14)
      expect(perSecond, `from second ${from}`).toBeLessThan(26)
    }
  })

  it('never goes beyond its floor and ceiling', () => {
    const clock = { ms: 0 }
    const sampler = adaptiveSampler({ tracesPerSecond: 1, minRate: 0.1, maxRate: 0.5, now: () => clock.ms })
    const high = total(simulate(sampler, clock, 60, () => ({ a: 1000 })).slice(20)) / 40
    expect(high).toBeGreaterThan(90)
    const generous = adaptiveSampler({ tracesPerSecond: 1000, maxRate: 0.5, now: () => clock.ms })
    expect(total(simulate(generous, clock, 60, () => ({ a: 100 }))) / 60).toBeLessThan(60)
  })

  it('tells no more operations apart than it may, and keeps within its target', () => {
    const clock = { ms: 0 }
    const sampler = adaptiveSampler({ tracesPerSecond: 20, maxOperations: 10, now: () => clock.ms })
    const kept = simulate(sampler, clock, 120, (second) =>
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`id ${second} ${i}`, 1])),
    )
    expect(total(kept.slice(60)) / 60).toBeLessThan(60)
  })
})

describe('loadSampler', () => {
  it('falls by half under pressure, to its floor, and rises again', () => {
    let nowMs = 0
    let load = { eventLoopUtilization: 0.1, memory: 0.1 }
    const sampler = loadSampler({ maxRate: 0.8, minRate: 0.1, now: () => nowMs, measure: () => load })
    const threshold = () => {
      nowMs += 1000
      return ask(sampler, { traceId: 'f'.repeat(32) }).traceState?.get('ot')
    }
    const at = (probability: number) => `th:${thresholdOf(probability).text}`
    expect(threshold()).toBe(at(0.8))
    load = { eventLoopUtilization: 0.95, memory: 0.1 }
    expect([threshold(), threshold(), threshold(), threshold(), threshold()]).toEqual([0.4, 0.2, 0.1, 0.1, 0.1].map(at))
    load = { eventLoopUtilization: 0.1, memory: 0.9 }
    expect(threshold()).toBe(at(0.1))
    load = { eventLoopUtilization: 0.1, memory: 0.1 }
    expect([threshold(), threshold()]).toEqual([0.125, 0.15625].map(at))
    nowMs += 60_000
    expect(threshold()).toBe(at(0.8))
  })

  it('measures this process where nothing else is given', () => {
    const sampler = loadSampler({ intervalMs: 1, limits: { memory: 0, eventLoopUtilization: 0 }, minRate: 0.25 })
    const until = performance.now() + 20
    while (performance.now() < until) ask(sampler)
    expect(ask(sampler, { traceId: 'f'.repeat(32) }).traceState?.get('ot')).toBe('th:c')
  })
})

describe('in a provider of the SDK', () => {
  it('a root is decided on, and its children follow with its tracestate', () => {
    const exporter = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({
      sampler: ruleSampler({ rules: [{ name: 'kept', rate: 1 }], fallback: 0 }),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    })
    for (const name of ['kept', 'dropped']) {
      const root = provider.getTracer('t').startSpan(name)
      provider.getTracer('t').startSpan(`child of ${name}`, {}, trace.setSpan(ROOT_CONTEXT, root)).end()
      root.end()
    }
    expect(exporter.getFinishedSpans().map((span) => [span.name, span.spanContext().traceState?.serialize()])).toEqual([
      ['child of kept', 'ot=th:0'],
      ['kept', 'ot=th:0'],
    ])
  })
})

describe('a wrong option is refused:', () => {
  it.each<[what: string, make: () => unknown, message: RegExp]>([
    ['per cent', () => probabilitySampler(10), /rate.*share from 0 to 1.*10/],
    ['a rule without a rate', () => ruleSampler({ rules: [{ name: 'x' } as never], fallback: 1 }), /rules\[0\]\.rate/],
    ['an unknown kind', () => ruleSampler({ rules: [{ kind: 'SERVER' as never, rate: 1 }], fallback: 1 }), /rules\[0\]\.kind.*internal/],
    ['an unknown part of a rule', () => ruleSampler({ rules: [{ nam: 'x', rate: 1 } as never], fallback: 1 }), /rules\[0\].*nam/],
    ['no fallback', () => ruleSampler({ rules: [], fallback: undefined as never }), /fallback/],
    ['a target of none', () => adaptiveSampler({ tracesPerSecond: 0 }), /tracesPerSecond.*positive/],
    ['a floor above the ceiling', () => adaptiveSampler({ tracesPerSecond: 1, minRate: 0.5, maxRate: 0.1 }), /minRate.*at most maxRate/],
    ['another limit', () => loadSampler({ limits: { cpu: 1 } as never }), /limits.*cpu/],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(message)
  })
})
