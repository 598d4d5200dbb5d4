import { createTraceState, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import fc from 'fast-check'
import { adaptiveSampler, loadSampler, probabilitySampler, ruleSampler, type TraceSampler } from 'spanlog/tracing'
import { describe, expect, it } from 'vitest'
import { newTraceId } from '../../../src/context/ids.js'
import { consistentState, isKeptAt, thresholdOf, withThreshold } from '../../../src/tracing/sampling/threshold.js'

type Start = { name?: string; kind?: SpanKind; attributes?: Record<string, string | number>; traceId?: string }

function ask(sampler: TraceSampler, { name = 'GET /', kind = SpanKind.SERVER, attributes = {}, traceId = newTraceId() }: Start = {}) {
  return sampler.shouldSample(ROOT_CONTEXT, traceId, name, kind, attributes, [])
}
const isKept = (sampler: TraceSampler, start?: Start) => ask(sampler, start).decision === 2

describe('a threshold', () => {
  // The table of the specification, for 1-in-n, with 3, 4 and 5 digits.
  it.each<[oneIn: number, three: string, four: string, five: string]>([
    [1, '0', '0', '0'],
    [2, '8', '8', '8'],
    [3, 'aab', 'aaab', 'aaaab'],
    [4, 'c', 'c', 'c'],
    [5, 'ccd', 'cccd', 'ccccd'],
    [8, 'e', 'e', 'e'],
    [10, 'e66', 'e666', 'e6666'],
    [16, 'f', 'f', 'f'],
    [100, 'fd71', 'fd70a', 'fd70a4'],
    [1000, 'ffbe7', 'ffbe77', 'ffbe76d'],
    [10_000, 'fff972', 'fff9724', 'fff97247'],
    [100_000, 'ffff584', 'ffff583a', 'ffff583a5'],
    [1_000_000, 'ffffef4', 'ffffef39', 'ffffef391'],
  ])('of 1 in %d is that of the specification', (oneIn, ...texts) => {
    expect([3, 4, 5].map((precision) => thresholdOf(1 / oneIn, precision).text)).toEqual(texts)
  })

  it.each<[what: string, probability: number, precision: number, text: string]>([
    ['all digits that there are', 1 / 3, 14, 'aaaaaaaaaaaaac'],
    ['nearly all is all', 0.9999999, 4, '0'],
    ['the smallest share is some', 2 ** -56, 4, 'ffffffffffffff'],
    ['a smaller one is the smallest', Number.MIN_VALUE, 4, 'ffffffffffffff'],
  ])('%s', (_what, probability, precision, text) => {
    expect(thresholdOf(probability, precision).text).toBe(text)
  })

  it('is as close to its probability as its digits allow', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), (probability) => {
        const actual = 1 - Number(BigInt(`0x${thresholdOf(probability).text.padEnd(14, '0')}`)) / 2 ** 56
        // A digit is a factor of 16: four digits behind the leading fs leave at most 1/16^3 of the part that varies.
        expect(Math.abs(actual - probability)).toBeLessThanOrEqual(probability * 16 ** -3 + 2 ** -16)
      }),
    )
  })

  it('is compared as a number with the randomness', () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -56, max: 1, noNaN: true }), fc.bigInt({ min: 0n, max: 2n ** 56n - 1n }), (probability, random) => {
        const threshold = thresholdOf(probability)
        const traceId = 'a'.repeat(18) + random.toString(16).padStart(14, '0')
        expect(isKeptAt(threshold, traceId, undefined)).toBe(random >= BigInt(`0x${threshold.text.padEnd(14, '0')}`))
      }),
      { numRuns: 1_000 },
    )
  })

  it.each<[what: string, traceId: string, tracestate: string | undefined, kept: boolean]>([
    ['the last 56 bits of the trace ID', `${'0'.repeat(18)}c0000000000000`, undefined, true],
    ['one less', `${'f'.repeat(18)}bfffffffffffff`, undefined, false],
    ['in upper case', `${'0'.repeat(18)}C0000000000000`, undefined, true],
    ['what the tracestate says explicitly', 'f'.repeat(32), 'ot=th:8;rv:00000000000002', false],
    ['but not if it is malformed', 'f'.repeat(32), 'ot=rv:short', true],
  ])('is compared with %s', (_what, traceId, tracestate, kept) => {
    expect(isKeptAt(thresholdOf(0.25), traceId, tracestate === undefined ? undefined : createTraceState(tracestate))).toBe(kept)
  })

  it.each<[what: string, before: string, after: string]>([
    ['takes the place of another', 'ot=th:8;rv:12345678901234', 'ot=th:c;rv:12345678901234'],
    ['stands beside what others wrote', 'a=b', 'ot=th:c,a=b'],
    ['is left out of a member that would grow too long', `ot=x:${'y'.repeat(251)}`, `ot=x:${'y'.repeat(251)}`],
  ])('%s', (_what, before, after) => {
    expect(withThreshold(createTraceState(before), thresholdOf(0.25)).serialize()).toBe(after)
  })

  it.each<[what: string, tracestate: string, isSampled: boolean, after: string]>([
    ['a threshold that is met by a sampled trace stays', 'ot=th:8;rv:80000000000000', true, 'ot=th:8;rv:80000000000000'],
    ['one that is not met goes', 'ot=th:8;rv:70000000000000,a=b', true, 'ot=rv:70000000000000,a=b'],
    ['one that is met by an unsampled trace goes', 'ot=th:8;rv:80000000000000', false, 'ot=rv:80000000000000'],
    ['one that is none goes, and the member with it', 'ot=th:xyz', true, ''],
    ['zero keeps all', 'ot=th:0', true, 'ot=th:0'],
  ])('of a trace that came in: %s', (_what, tracestate, isSampled, after) => {
    expect(consistentState(createTraceState(tracestate), 'c'.repeat(32), isSampled).serialize()).toBe(after)
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

  it.each<[what: string, flags: number, tracestate: string, decision: number]>([
    ['sampled', TraceFlags.SAMPLED, 'ot=th:8;rv:92345678901234,a=b', 2],
    ['not sampled', TraceFlags.NONE, 'ot=th:8;rv:12345678901234,a=b', 0],
  ])('follows a parent that is %s, and leaves its tracestate', (_what, traceFlags, tracestate, decision) => {
    const traceState = createTraceState(tracestate)
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
    expect(() => ruleSampler({ rules, fallback: 0 })).toThrow(/`service`.*rules\[0\]/)
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

describe('beside the samplers of the SDK', () => {
  const parentBased = new ParentBasedSampler({ root: probabilitySampler(1), remoteParentNotSampled: probabilitySampler(1) })
  it.each<[what: string, sampler: TraceSampler, kept: boolean]>([
    ['a rule may ask one', ruleSampler({ rules: [{ rate: new TraceIdRatioBasedSampler(1) }], fallback: 0 }), true],
    ['so may the fallback', ruleSampler({ rules: [], fallback: new AlwaysOffSampler() }), false],
    ['one may ask ours', parentBased, true],
  ])('%s', (_what, sampler, kept) => {
    expect(isKept(sampler)).toBe(kept)
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
