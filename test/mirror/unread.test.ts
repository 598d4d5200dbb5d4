import { deepStrictEqual } from 'node:assert'
import { inspect } from 'node:util'
import { type Span, SpanStatusCode } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
  type SpanLimits,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { configure } from 'spanlog'
import { afterEach, describe, expect, it } from 'vitest'
import { state } from '../../src/context/state.js'
import type { Line, WrittenLine } from '../../src/mirror/line.js'
import { mirrorLine, takersOf } from '../../src/mirror/mirror.js'

const defaults = state.settings
afterEach(() => {
  state.settings = defaults
})

let reads = 0

/** Logs as an adapter does; a line is read where `reads` counts. */
function log(span: Span, message: string, rest: Partial<WrittenLine> & { level?: number; length?: number } = {}): void {
  const { level = 9, length = message.length, ...written } = rest
  const severity = { number: level, text: 'any' }
  const takers = takersOf(span, severity, false)
  if (takers === undefined) return
  const line: Line = {
    severity,
    length,
    at: undefined,
    keep() {
      ;(this as { at: number | undefined }).at = performance.now()
    },
    read() {
      reads++
      return { message, fields: {}, ...written }
    },
    time: () => undefined,
  }
  mirrorLine(takers, line)
}

function tracerOf(options: { spanLimits?: SpanLimits; sampled?: boolean; processors?: SpanProcessor[] } = {}) {
  const { spanLimits, sampled = true, processors = [] } = options
  const decision = sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD
  const sampler = { shouldSample: () => ({ decision }), toString: () => 'fixed' }
  reads = 0
  return new BasicTracerProvider({ sampler, spanProcessors: processors, ...(spanLimits && { spanLimits }) }).getTracer('test')
}

const startSpan = (options?: Parameters<typeof tracerOf>[0]) => tracerOf(options).startSpan('work') as Span & ReadableSpan

describe('a line on a span', () => {
  it.each([
    ['that is exported by nobody', true],
    ['that records and is not sampled', false],
  ])('%s is never read', (_, sampled) => {
    const exporter = new InMemorySpanExporter()
    const span = startSpan({ sampled, processors: sampled ? [] : [new SimpleSpanProcessor(exporter)] })
    log(span, 'hello')
    span.end()
    expect(exporter.getFinishedSpans()).toEqual([])
    expect(reads).toBe(0)
  })

  it('is read once its events are, also after the end, and only once', () => {
    const span = startSpan({ sampled: false })
    log(span, 'hello', { fields: { orderId: 7 } })
    span.end()
    expect(span.events).toEqual([
      {
        name: 'hello',
        attributes: { orderId: 7, 'log.severity_number': 9, 'log.severity_text': 'any' },
        time: expect.any(Array) as unknown,
        droppedAttributesCount: 0,
      },
    ])
    expect([span.events.length, reads]).toEqual([1, 1])
  })

  it('that fails its span is read at once, for the status', () => {
    const span = startSpan()
    log(span, 'refused', { level: 17 })
    expect(reads).toBe(1)
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'refused' })
  })

  it('that is too long to be kept is read at once', () => {
    const span = startSpan()
    log(span, 'hello', { length: 1_000_000 })
    expect(reads).toBe(1)
  })

  it('has the time at which it was written', async () => {
    const span = startSpan()
    const before = Date.now()
    log(span, 'hello')
    const after = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const [seconds, nanos] = span.events[0]?.time ?? [0, 0]
    const ms = seconds * 1000 + nanos / 1e6
    expect(ms).toBeGreaterThanOrEqual(before - 5)
    expect(ms).toBeLessThanOrEqual(after + 5)
  })

  it('that cannot be read is left out, and counted', () => {
    const before = state.mirrorUnreadable
    const span = startSpan()
    const severity = { number: 9, text: 'info' }
    const takers = takersOf(span, severity, false)
    const line: Line = { severity, length: 1, at: undefined, keep() {}, read: () => undefined, time: () => undefined }
    if (takers !== undefined) mirrorLine(takers, line)
    log(span, 'the next')
    expect(span.events.map(({ name }) => name)).toEqual(['the next'])
    expect(state.mirrorUnreadable - before).toBe(1)
  })
})

describe('who looks at the events', () => {
  const looks: [string, (span: ReadableSpan) => unknown][] = [
    ['by index', ({ events }) => events[0]?.name],
    ['by length', ({ events }) => events.length && 'hello'],
    ['by iterating', ({ events }) => [...events][0]?.name],
    ['by mapping', ({ events }) => events.map(({ name }) => name)[0]],
    ['by their keys', ({ events }) => Object.keys(events).length === 1 && 'hello'],
    ['by `in`', ({ events }) => 0 in events && 'hello'],
    ['by a descriptor', ({ events }) => (Object.getOwnPropertyDescriptor(events, 0)?.value as { name?: string } | undefined)?.name],
    ['as JSON', ({ events }) => (JSON.parse(JSON.stringify(events)) as { name: string }[])[0]?.name],
    ['by inspecting them', ({ events }) => /name: '(\w+)'/.exec(inspect(events))?.[1]],
    ['by inspecting the span', (span) => /name: '(hello)'/.exec(inspect(span, { depth: 5 }))?.[1]],
    ['by comparing', ({ events }) => (deepStrictEqual(events, [...events]), events[0]?.name)],
    ['by spreading the span', (span) => ({ ...span }).events[0]?.name],
  ]
  it.each(looks)('%s sees them all', (_, look) => {
    const span = startSpan()
    log(span, 'hello')
    expect(look(span)).toBe('hello')
  })

  it('finds a plain array after the first look', () => {
    const span = startSpan()
    log(span, 'hello')
    expect(span.events.length).toBe(1)
    expect(structuredClone(span.events)).toEqual(span.events)
    expect(Reflect.ownKeys(span.events)).toEqual(['0', 'length'])
  })

  it('may put others in the place of them', () => {
    const span = startSpan()
    log(span, 'hello')
    span.events[0] = { name: 'hidden', time: [0, 0] }
    log(span, 'again')
    expect(span.events.map(({ name }) => name)).toEqual(['hidden', 'again'])
  })

  it('finds them among events of the user, in their order', () => {
    const span = startSpan()
    log(span, 'one')
    span.addEvent('two')
    log(span, 'three')
    log(span, 'four')
    span.recordException(new Error('five'))
    log(span, 'six')
    span.end()
    expect(span.events.map(({ name }) => name)).toEqual(['one', 'two', 'three', 'four', 'exception', 'six'])
  })

  it('finds them in onEnding and onEnd', () => {
    const seen: string[] = []
    const processor: SpanProcessor & { onEnding(span: ReadableSpan): void } = {
      onStart() {},
      onEnding: ({ events }) => void seen.push(`ending ${events.length}`),
      onEnd: ({ events }) => void seen.push(`end ${events.length}`),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    }
    const span = startSpan({ processors: [processor] })
    log(span, 'hello')
    span.end()
    expect(seen).toEqual(['ending 1', 'end 1'])
  })
})

describe('the limits of the SDK', () => {
  const fields = { a: 'x'.repeat(100), b: ['y'.repeat(100)], c: 3, d: 4 }

  it.each<[string, SpanLimits]>([
    ['hold where there are none to speak of', {}],
    ['of attributes an event', { attributePerEventCountLimit: 2 }],
    ['of the length of a value', { attributeValueLengthLimit: 10 }],
    ['of events', { eventCountLimit: 3 }],
    ['of no events at all', { eventCountLimit: 0 }],
  ])('%s hold as they do for addEvent', (_, spanLimits) => {
    const [ours, theirs] = [startSpan({ spanLimits }), startSpan({ spanLimits })]
    const attributes = { ...fields, 'log.severity_number': 9, 'log.severity_text': 'any' }
    for (let i = 0; i < 5; i++) {
      log(ours, `line ${i}`, { fields })
      theirs.addEvent(`line ${i}`, attributes)
      if (i === 2) for (const span of [ours, theirs]) span.addEvent('the user’s own', { a: 'z'.repeat(50) })
    }
    for (const span of [ours, theirs]) span.end()
    const shown = ({ events, droppedEventsCount }: ReadableSpan) => ({
      events: events.map(({ time: _time, ...rest }) => rest),
      droppedEventsCount,
    })
    expect(shown(ours)).toEqual(shown(theirs))
  })

  it('hold for a span that the user fills up after its lines were kept', () => {
    configure({ mirror: { limit: 64 } })
    const span = startSpan({ spanLimits: { eventCountLimit: 70 } })
    for (let i = 0; i < 60; i++) log(span, `line ${i}`)
    for (let i = 0; i < 20; i++) span.addEvent(`own ${i}`)
    expect([span.events.length, span.droppedEventsCount, span.events[0]?.name]).toEqual([70, 10, 'line 10'])
  })
})

describe('a span that is not the SDK’s own', () => {
  it('gets its events by its own method, at once', () => {
    const calls: unknown[][] = []
    const span = {
      isRecording: () => true,
      spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
      addEvent: (...args: unknown[]) => calls.push(args),
    } as unknown as Span
    log(span, 'hello')
    expect(calls.map(([name]) => name)).toEqual(['hello'])
  })

  it('or whose method somebody has wrapped, too', () => {
    const span = startSpan()
    const names: string[] = []
    // oxlint-disable-next-line typescript/unbound-method -- called with the span
    const { addEvent } = span
    span.addEvent = function (this: Span, name, ...rest) {
      names.push(name)
      return addEvent.call(this, name, ...rest)
    }
    log(span, 'hello')
    expect(names).toEqual(['hello'])
  })
})
