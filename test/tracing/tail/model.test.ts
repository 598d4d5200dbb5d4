import { SpanStatusCode } from '@opentelemetry/api'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EndedSpan } from '../../../src/tracing/processors/types.js'
import { TailBuffer } from '../../../src/tracing/tail/buffer.js'
import { type TailSamplingOptions, tailSettings } from '../../../src/tracing/tail/options.js'
import { span, traceIdOf } from './spans.js'

const graceMs = 10
const timeoutMs = 100

/** What happens in a process: few traces, so that each meets all of it. */
type Step =
  | { do: 'begin'; trace: number; parent: 'none' | 'remote' | 'sampled' }
  | { do: 'end root'; trace: number; error: boolean; ms: number; healthy: boolean }
  | { do: 'end child'; trace: number; error: boolean; ms: number }
  | { do: 'wait'; ms: number }
  | { do: 'flush' }

const trace = fc.integer({ min: 1, max: 5 })
const error = fc.boolean().map((one) => one)
const ms = fc.constantFrom(1, 40, 60)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('begin' as const), trace, parent: fc.constantFrom('none', 'none', 'remote', 'sampled') }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('end root' as const), trace, error, ms, healthy: fc.boolean() }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('end child' as const), trace, error: fc.constant(false), ms }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('end child' as const), trace, error, ms }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 9, 10, 11, 60, 100) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'flush' as const }) },
  ),
  { maxLength: 60 },
)

/** Trace 1's ID is kept by chance, trace 2's is not. */
const options: TailSamplingOptions = {
  keep: ['errors', { slowerThanMs: 50 }, { and: [{ probability: 0.5 }, { spans: { atLeast: 3 } }] }],
  drop: [{ rootName: 'health' }],
  graceMs,
  timeoutMs,
}

/** A part of a trace, as somebody would tell who has all the time and memory of the world. */
interface Part {
  began: number
  spans: EndedSpan[]
  open: number
  over: number | undefined
  verdict: boolean | undefined
}

class Model {
  readonly kept: EndedSpan[] = []
  now = 0
  private readonly parts = new Map<string, Part>()
  private readonly last = new Map<string, boolean>()
  private readonly everKept = new Set<string>()

  begin(id: string, sampled: boolean): void {
    const part = this.parts.get(id) ?? this.newPart(id, this.everKept.has(id) ? true : undefined)
    part.open++
    part.over = undefined
    if (sampled && part.verdict === undefined) this.decide(id, part, true)
  }

  end(one: EndedSpan): void {
    const id = one.spanContext().traceId
    const isRoot = one.parentSpanContext?.isRemote !== false
    let part = this.parts.get(id)
    if (part === undefined) {
      const verdict = this.everKept.has(id) || this.last.get(id)
      if (verdict !== undefined) {
        if (verdict) this.kept.push(one)
        return
      }
      part = this.newPart(id, undefined)
      part.over = this.now
    }
    if (part.verdict === undefined) part.spans.push(one)
    else if (part.verdict) this.kept.push(one)
    if (isRoot) {
      part.open = Math.max(0, part.open - 1)
      if (part.open === 0) part.over = this.now
    }
  }

  tick(): void {
    const due = [...this.parts].filter(([, { over, began }]) =>
      over === undefined ? began + timeoutMs <= this.now : over + graceMs <= this.now,
    )
    for (const [id] of due) this.close(id)
  }

  flush(): void {
    for (const [id, part] of Array.from(this.parts)) {
      if (part.over !== undefined) this.close(id)
      else if (part.verdict === undefined && part.spans.length > 0 && this.judge(id, part)) this.decide(id, part, true)
    }
  }

  finish(): void {
    this.flush()
    for (const id of Array.from(this.parts.keys())) this.close(id)
  }

  private newPart(id: string, verdict: boolean | undefined): Part {
    const part: Part = { began: this.now, spans: [], open: 0, over: undefined, verdict }
    this.parts.set(id, part)
    return part
  }

  private judge(id: string, { spans, open, began }: Part): boolean {
    if (spans.some(({ name }) => name === 'health')) return false
    const longest = Math.max(open > 0 ? this.now - began : 0, ...spans.map(({ duration }) => duration[1] / 1e6))
    const chance = Number.parseInt(id.slice(18, 20), 16) >= 128
    return spans.some(({ status }) => status.code === SpanStatusCode.ERROR) || longest > 50 || (chance && spans.length >= 3)
  }

  private decide(id: string, part: Part, verdict: boolean): void {
    part.verdict = verdict
    if (verdict) this.kept.push(...part.spans)
    if (verdict) this.everKept.add(id)
  }

  private close(id: string): void {
    const part = this.parts.get(id) as Part
    if (part.verdict === undefined) this.decide(id, part, this.judge(id, part))
    this.last.set(id, part.verdict === true)
    this.parts.delete(id)
  }
}

interface Run {
  kept: EndedSpan[]
  ended: EndedSpan[]
  buffer: TailBuffer
}

function run(plan: readonly Step[], given: TailSamplingOptions, check: (run: Run) => void, model?: Model): Run {
  let now = 0
  const kept: EndedSpan[] = []
  const ended: EndedSpan[] = []
  const buffer = new TailBuffer(
    tailSettings(given),
    (one) => kept.push(one),
    () => now,
  )
  const result = { kept, ended, buffer }
  for (const step of plan) {
    switch (step.do) {
      case 'begin': {
        const parent = step.parent === 'none' ? {} : { parent: step.parent }
        buffer.begin(span({ traceId: traceIdOf(step.trace), flags: step.parent === 'sampled' ? 1 : 0, ...parent }))
        model?.begin(traceIdOf(step.trace), step.parent === 'sampled')
        break
      }
      case 'end root':
      case 'end child': {
        const { error: hasError, ms: duration } = step
        const name = step.do === 'end root' && step.healthy ? 'health' : 'work'
        const one = span({
          traceId: traceIdOf(step.trace),
          error: hasError,
          ms: duration,
          name,
          ...(step.do === 'end child' && { parent: 'local' }),
        })
        ended.push(one)
        buffer.end(one)
        model?.end(one)
        break
      }
      case 'wait':
        now += step.ms
        if (model) model.now = now
        buffer.tick()
        model?.tick()
        break
      case 'flush':
        buffer.flush()
        model?.flush()
    }
    check(result)
  }
  buffer.finish()
  model?.finish()
  return result
}

const ids = (spans: readonly EndedSpan[]) => spans.map((one) => one.spanContext().spanId).toSorted()

describe('whatever happens in whatever order,', () => {
  it('what is kept is what the policies say, none of it is lost, and none comes twice', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const model = new Model()
        const { kept, buffer } = run(plan, options, (so) => expect(ids(so.kept)).toEqual(ids(model.kept)), model)
        expect(ids(kept)).toEqual(ids(model.kept))
        expect(kept.every((one) => (one.spanContext().traceFlags & 1) === 1)).toBe(true)
        expect(buffer.stats).toMatchObject({ waitingTraces: 0, waitingSpans: 0, waitingBytes: 0, evictedTraces: 0, cutSpans: 0 })
      }),
      { numRuns: 1_000 },
    )
  })

  it('no cap is passed, no span comes twice, and what is missing of a kept trace is counted', () => {
    const caps = fc.record({
      maxTraces: fc.integer({ min: 1, max: 4 }),
      maxSpansPerTrace: fc.integer({ min: 1, max: 4 }),
      maxBytes: fc.integer({ min: 1, max: 8_000 }),
      maxDecisions: fc.record({ kept: fc.integer({ min: 1, max: 4 }), dropped: fc.integer({ min: 1, max: 4 }) }),
    })
    fc.assert(
      fc.property(steps, caps, fc.constantFrom(0, graceMs), (plan, cap, grace) => {
        const { kept, ended, buffer } = run(plan, { ...options, keep: [{ probability: 1 }], ...cap, graceMs: grace }, (so) => {
          const { waitingTraces, waitingSpans, waitingBytes } = so.buffer.stats
          expect(waitingTraces).toBeLessThanOrEqual(cap.maxTraces)
          expect(waitingSpans).toBeLessThanOrEqual(cap.maxSpansPerTrace * waitingTraces)
          expect(waitingBytes).toBeLessThanOrEqual(cap.maxBytes)
          if (waitingSpans === 0) expect(waitingBytes).toBe(0)
        })
        const { waitingTraces, waitingSpans, waitingBytes, droppedTraces, lateDroppedSpans, cutSpans } = buffer.stats
        expect([waitingTraces, waitingSpans, waitingBytes]).toEqual([0, 0, 0])
        expect(new Set(ids(kept)).size).toBe(kept.length)
        // Everything is to be kept here but health checks.
        if (droppedTraces === 0) expect(kept.length + cutSpans + lateDroppedSpans).toBe(ended.length)
      }),
      { numRuns: 1_000 },
    )
  })
})
