import fc from 'fast-check'
import type { LoggerOptions } from 'pino'
import { withSpan } from 'spanlog'
import { pino } from 'spanlog/pino'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { flatten } from '../../src/mirror/attributes.js'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

/** The event of one line, and the event that its text makes. */
function logged(options: LoggerOptions, bindings: object, object: object, message: string) {
  telemetry.reset()
  const log = pino({ base: null, ...options }, telemetry.stream).child(bindings)
  withSpan('work', () => log.info(object, message))
  const [line = {}] = telemetry.lines()
  const own = Object.entries(line).filter(([key]) => !['level', 'time', 'trace_id', 'span_id', 'trace_flags', 'msg'].includes(key))
  const [event] = telemetry.spans()[0]?.events ?? []
  return {
    event: { name: event?.name, attributes: event?.attributes },
    written: {
      name: line.msg,
      attributes: { ...flatten(Object.fromEntries(own)), 'log.severity_number': 9, 'log.severity_text': 'info' },
    },
  }
}

const charge = { card: '4111', amount: 12, paid: true }
let reads = 0

describe('a line of plain values is on its span as it was written, though its text is not parsed', () => {
  it.each<[string, LoggerOptions, object, object, string]>([
    ['as it is', {}, {}, charge, 'charged'],
    ['of a child', {}, { orderId: 4711, shop: { city: 'Bern' } }, charge, 'charged'],
    ['whose child has one of its fields', {}, { amount: 1 }, charge, 'charged'],
    ['whose child has its message', {}, { msg: 'bound' }, charge, 'charged'],
    ['that has its message twice', {}, {}, { ...charge, msg: 'given' }, 'charged'],
    ['with a field redacted', { redact: ['card'] }, {}, charge, 'charged'],
    ['with a field redacted to as many characters', { redact: { paths: ['card'], censor: '****' } }, {}, charge, 'charged'],
    ['with a field removed', { redact: { paths: ['card'], remove: true } }, {}, charge, 'charged'],
    ['with a serializer', { serializers: { card: (card: string) => card.replace(/\d/g, '*') } }, {}, charge, 'charged'],
    ['with a formatter', { formatters: { log: (line) => ({ ...line, card: '****' }) } }, {}, charge, 'charged'],
    ['with a hook that hides', { hooks: { streamWrite: (line) => line.replace('4111', '****') } }, {}, charge, 'charged'],
    ['with a message redacted by its key', { redact: { paths: ['msg'], censor: '*******' } }, {}, charge, 'charged'],
    ['under a nested key', { nestedKey: 'payload' }, {}, charge, 'charged'],
    ['that JSON escapes', {}, {}, { text: 'a "b" \\ \n', other: '\u0001' }, 'say "hi"'],
    ['of numbers that JSON has not', {}, {}, { a: Number.NaN, b: Number.NEGATIVE_INFINITY, c: -0 }, 'charged'],
    ['of values left out', {}, {}, { a: undefined, b: () => 1, c: 1 }, 'charged'],
    [
      'with a getter that gives another value each time',
      {},
      {},
      {
        get count() {
          return ++reads
        },
      },
      'charged',
    ],
  ])('%s', (_, options, bindings, object, message) => {
    const { event, written } = logged(options, bindings, object, message)
    expect(event).toEqual(written)
  })

  it('for whatever it holds', () => {
    const key = fc.oneof(fc.constantFrom('card', 'amount', 'msg', 'toString', 'constructor'), fc.string({ unit: 'binary', minLength: 1 }))
    const reserved = new Set(['level', 'time', 'trace_id', 'span_id', 'trace_flags', '__proto__', 'err'])
    const fields = fc.dictionary(
      key.filter((name) => !reserved.has(name)),
      fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean()),
      { noNullPrototype: true },
    )
    const options = fc.constantFrom<LoggerOptions>({}, { redact: ['card', 'amount'] })
    fc.assert(
      fc.property(options, fields, fields, fc.string({ unit: 'binary', minLength: 1 }), (chosen, bindings, object, message) => {
        const { event, written } = logged(chosen, bindings, object, message)
        expect(event).toEqual(written)
      }),
    )
  })
})
