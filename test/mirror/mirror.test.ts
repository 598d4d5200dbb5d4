import { type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import fc from 'fast-check'
import { configure } from 'spanlog'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { state } from '../../src/context/state.js'
import type { Severity } from '../../src/fields/severity.js'
import type { Line, WrittenLine } from '../../src/mirror/line.js'
import { mirrorLine, takersOf } from '../../src/mirror/mirror.js'

const telemetry = recordTelemetry()
const defaults = state.settings
afterEach(() => {
  telemetry.reset()
  state.settings = defaults
})
afterAll(() => telemetry.stop())

const info = { number: 9, text: 'info' }
const error = { number: 17, text: 'error' }

type Written = WrittenLine & { severity: Severity }
const line = (rest: Partial<Written> = {}): Written => ({ severity: info, message: 'hello', fields: {}, ...rest })

/** A line as an adapter makes it, and how often it was read. */
class TestLine implements Line {
  at: number | undefined
  reads = 0
  readonly severity: Severity
  readonly length: number

  constructor(private readonly written: Written) {
    this.severity = written.severity
    this.length = written.message.length
  }

  keep(): void {
    this.at = performance.now()
  }

  read(): WrittenLine {
    this.reads++
    return this.written
  }

  time(): unknown {
    return undefined
  }
}

function recorded(act: (span: Span) => void) {
  const span = trace.getTracer('test').startSpan('work')
  act(span)
  span.end()
  const [first] = telemetry.spans()
  if (first === undefined) throw new Error('no span was recorded')
  return first
}

function eventOf(rest: Partial<Written>) {
  const { events } = recorded((span) => log(span, line(rest)))
  return { name: events[0]?.name, attributes: events[0]?.attributes ?? {}, count: events.length }
}

/** Logs as an adapter does. */
function log(span: Span, written: Written): TestLine | undefined {
  const takers = takersOf(span, written.severity, false)
  const made = new TestLine(written)
  if (takers !== undefined) mirrorLine(takers, made)
  return takers && made
}

const takes = (span: Span, number: number): boolean => takersOf(span, { number, text: 'any' }, false) !== undefined

describe('whether a span takes a line', () => {
  it.each([
    ['takes an info line by default', {}, 9, true],
    ['leaves out a debug line by default', {}, 5, false],
    ['takes a debug line where the level is debug', { mirror: { level: 'debug' } }, 5, true],
    ['leaves out a warning where the level is error', { mirror: { level: 'error' } }, 13, false],
    ['leaves out everything where mirroring is off', { mirror: false }, 21, false],
    ['leaves out everything where the limit is 0', { mirror: { limit: 0 } }, 9, false],
  ])('%s', (_, options, severity, expected) => {
    configure(options)
    recorded((span) => expect(takes(span, severity)).toBe(expected))
  })

  it('leaves out every line of a span that does not record', () => {
    const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 })
    expect(takes(span, 21)).toBe(false)
  })

  it('leaves out every line of a span that has ended', () => {
    const span = trace.getTracer('test').startSpan('work')
    span.end()
    expect(takes(span, 21)).toBe(false)
  })

  it('survives a span that throws', () => {
    const span = {
      isRecording() {
        throw new Error('broken span')
      },
    } as unknown as Span
    expect(takes(span, 21)).toBe(false)
    expect(() => log(span, line())).not.toThrow()
  })
})

describe('a full span', () => {
  it('keeps 64 lines, counts the rest on itself and for the process, and leaves the events of others', () => {
    const before = state.mirrorDropped
    const span = recorded((active) => {
      active.addEvent('the user’s own')
      for (let i = 0; i < 200; i++) log(active, line({ message: `line ${i}` }))
    })
    expect(span.events.map((event) => event.name)).toEqual(['the user’s own', ...Array.from({ length: 64 }, (_, i) => `line ${i}`)])
    expect(span.attributes['spanlog.dropped_log_events']).toBe(136)
    expect(state.mirrorDropped - before).toBe(136)
  })

  it('counts an exception as an event, and puts it on the line itself where one place is left', () => {
    configure({ mirror: { limit: 3 } })
    const span = recorded((active) => {
      for (let i = 0; i < 3; i++) log(active, line({ severity: error, message: `line ${i}`, error: { message: `error ${i}` } }))
    })
    expect(span.events.map(({ name, attributes }) => [name, attributes['exception.message']])).toEqual([
      ['line 0', undefined],
      ['exception', 'error 0'],
      ['line 1', 'error 1'],
    ])
    expect(span.attributes['spanlog.dropped_log_events']).toBe(1)
  })

  it('has room for its lines before exceptions of lines that are no errors', () => {
    configure({ mirror: { limit: 4 } })
    const span = recorded((active) => {
      for (let i = 0; i < 3; i++) log(active, line({ message: `line ${i}`, error: { message: `error ${i}` } }))
    })
    expect(span.events.map(({ name, attributes }) => [name, attributes['exception.message']])).toEqual([
      ['line 0', undefined],
      ['exception', 'error 0'],
      ['line 1', 'error 1'],
      ['line 2', 'error 2'],
    ])
  })

  it('fails for an error that it leaves out, but not for a warning', () => {
    configure({ mirror: { limit: 0 } })
    recorded((span) => log(span, line({ severity: { number: 13, text: 'warn' } })))
    recorded((span) => log(span, line({ severity: error })))
    expect(telemetry.spans().map((span) => span.status.code)).toEqual(['unset', 'error'])
  })

  it('has no count where nothing was left out', () => {
    expect(recorded((span) => log(span, line())).attributes).toEqual({})
  })
})

describe('the event of a line', () => {
  it('has the message as its name, the fields as attributes, and the severity', () => {
    expect(eventOf({ message: 'order placed', fields: { orderId: 7 }, severity: { number: 13, text: 'warning' } })).toEqual({
      name: 'order placed',
      attributes: { orderId: 7, 'log.severity_number': 13, 'log.severity_text': 'warning' },
      count: 1,
    })
  })

  it('is named log where the message is empty', () => {
    expect(eventOf({ message: '' }).name).toBe('log')
  })

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['a nested object by dotted keys', { user: { id: 7, name: { first: 'Ada' } } }, { 'user.id': 7, 'user.name.first': 'Ada' }],
    [
      'an array of one primitive type as it is',
      { tags: ['a', 'b'], counts: [1, 2], empty: [] },
      { tags: ['a', 'b'], counts: [1, 2], empty: [] },
    ],
    ['a mixed array, and one of objects, as JSON', { mixed: [1, 'a'], items: [{ sku: 1 }] }, { mixed: '[1,"a"]', items: '[{"sku":1}]' }],
    ['null and an empty object as JSON', { a: null, b: {} }, { a: 'null', b: '{}' }],
    ['a date as its ISO text', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['a bigint as its digits', { big: 2n ** 64n }, { big: '18446744073709551616' }],
    ['a nested error as its message', { cause: new Error('refused') }, { cause: 'refused' }],
    ['no function, symbol or undefined', { f() {}, s: Symbol('s'), u: undefined, kept: 1 }, { kept: 1 }],
    ['a deep object as JSON from the sixth level on', { a: { b: { c: { d: { e: { f: { g: 1 } } } } } } }, { 'a.b.c.d.e.f': '{"g":1}' }],
  ])('holds %s', (_, fields, expected) => {
    const { 'log.severity_number': _number, 'log.severity_text': _text, ...rest } = eventOf({ fields }).attributes
    expect(rest).toEqual(expected)
  })

  it('keeps its own severity where a field of the line has the same name', () => {
    expect(eventOf({ fields: { 'log.severity_number': 'mine' } }).attributes['log.severity_number']).toBe(9)
  })

  it('does not let a field named __proto__ touch anything', () => {
    const fields = JSON.parse('{"__proto__":["polluted"],"a":{"__proto__":{"polluted":true}}}') as Record<string, unknown>
    const { attributes } = eventOf({ fields })
    expect(Array.isArray(Object.getPrototypeOf(attributes))).toBe(false)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(attributes['a.__proto__.polluted']).toBe(true)
  })

  it('says so where it leaves fields out', () => {
    const { attributes } = eventOf({ fields: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i])) })
    expect(Object.keys(attributes).filter((key) => /^f\d/.test(key))).toHaveLength(64)
    expect(attributes['spanlog.fields_cut']).toBe(true)
  })

  it('survives a cycle and a getter that throws', () => {
    const cycle: Record<string, unknown> = { id: 1 }
    cycle['self'] = cycle
    expect(eventOf({ fields: { cycle } }).attributes).toMatchObject({ 'cycle.id': 1, 'cycle.self.id': 1 })
    const broken = Object.defineProperty({}, 'bad', { enumerable: true, get: () => JSON.parse('{') })
    expect(() => recorded((span) => log(span, line({ fields: broken })))).not.toThrow()
  })

  it('is bounded, and never throws, for whatever fields a line may have', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true })), (fields) => {
        telemetry.reset()
        const { attributes, count } = eventOf({ fields, message: 'm'.repeat(10_000) })
        expect(count).toBe(1)
        expect(Object.keys(attributes).length).toBeLessThanOrEqual(67)
        for (const value of Object.values(attributes)) if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(4096)
      }),
    )
  })
})

describe('an error in a line', () => {
  const failure = { type: 'TypeError', message: 'x is no function', stack: 'TypeError: x is no function\n    at y' }

  it('becomes an exception beside the event of the line', () => {
    const { events } = recorded((span) => log(span, line({ message: 'it failed', severity: error, error: failure })))
    expect(events.map(({ name }) => name)).toEqual(['it failed', 'exception'])
    expect(events[1]?.attributes).toEqual({
      'exception.type': 'TypeError',
      'exception.message': 'x is no function',
      'exception.stacktrace': failure.stack,
    })
  })

  it.each<[string, Partial<Written>, { code: string; message?: string }]>([
    [
      'an error line fails the span with its message',
      { severity: error, message: 'it failed', error: failure },
      { code: 'error', message: 'it failed' },
    ],
    [
      'without a message of its own, with that of the error',
      { severity: error, message: '', error: failure },
      { code: 'error', message: 'x is no function' },
    ],
    ['a fatal line without an error fails the span too', { severity: { number: 21, text: 'fatal' } }, { code: 'error', message: 'hello' }],
    ['a warning with an error leaves the status unset', { severity: { number: 13, text: 'warn' }, error: failure }, { code: 'unset' }],
  ])('%s', (_, rest, status) => {
    expect(recorded((span) => log(span, line(rest))).status).toEqual(status)
  })

  it.each([
    ['ok', SpanStatusCode.OK, 'ok'],
    ['an error of its own', SpanStatusCode.ERROR, 'error'],
  ])('never overrides a status that the user set to %s', (_, code, expected) => {
    const { status } = recorded((span) => {
      span.setStatus({ code, message: 'mine' })
      log(span, line({ severity: error }))
    })
    expect(status.code).toBe(expected)
    expect(status.message).not.toBe('hello')
  })
})
