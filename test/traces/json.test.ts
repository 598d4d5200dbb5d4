import fc from 'fast-check'
import { fromJson, type Trace, toJson } from 'spanlog/traces'
import { describe, expect, it } from 'vitest'

const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''))
    .filter((id) => /[1-9a-f]/.test(id))
const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
// JSON has no -0, and a number that is not finite is a string in a span.
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)
const record = fc.dictionary(fc.string(), json, { noNullPrototype: true, maxKeys: 4 })
const traces: fc.Arbitrary<Trace> = fc.record({
  traceId: hex(32),
  spans: fc.array(
    fc.record(
      {
        traceId: hex(32),
        spanId: hex(16),
        parentSpanId: hex(16),
        name: fc.string(),
        service: fc.string(),
        kind: fc.constantFrom('internal', 'server', 'client', 'producer', 'consumer'),
        startUnixNano: nanos,
        endUnixNano: nanos,
        status: fc.record({ code: fc.constantFrom('unset', 'ok', 'error'), message: fc.string() }, { requiredKeys: ['code'] }),
        attributes: record,
        resource: record,
        events: fc.array(fc.record({ timeUnixNano: nanos, name: fc.string(), attributes: record }), { maxLength: 3 }),
        links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), attributes: record }), { maxLength: 2 }),
      },
      {
        requiredKeys: [
          'traceId',
          'spanId',
          'name',
          'service',
          'kind',
          'startUnixNano',
          'endUnixNano',
          'status',
          'attributes',
          'resource',
          'events',
          'links',
        ],
      },
    ),
    { maxLength: 4 },
  ),
})

describe('a trace as JSON', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        expect(fromJson(JSON.parse(JSON.stringify(toJson(trace))))).toEqual(trace)
      }),
    )
  })

  it('has times as decimal strings', () => {
    const trace = { traceId: 'a'.repeat(32), spans: [span] }
    expect(toJson(trace).spans[0]).toMatchObject({ startUnixNano: '1', endUnixNano: '18446744073709551615' })
  })

  const span = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    name: 'n',
    service: 's',
    kind: 'server' as const,
    startUnixNano: 1n,
    endUnixNano: 2n ** 64n - 1n,
    status: { code: 'ok' as const },
    attributes: {},
    resource: {},
    events: [],
    links: [],
  }
  const good = { ...span, startUnixNano: '1', endUnixNano: '2' }

  it.each<[string, unknown, RegExp]>([
    ['a text', '{}', /`trace`/],
    ['a trace ID in upper case', { traceId: 'A'.repeat(32), spans: [] }, /`traceId`/],
    ['a time that is a number', { traceId: 'a'.repeat(32), spans: [{ ...good, startUnixNano: 1 }] }, /`startUnixNano`/],
    ['no time', { traceId: 'a'.repeat(32), spans: [{ ...good, endUnixNano: undefined }] }, /`endUnixNano`/],
    ['a kind by number', { traceId: 'a'.repeat(32), spans: [{ ...good, kind: 2 }] }, /`kind` to be one of internal/],
    ['no status', { traceId: 'a'.repeat(32), spans: [{ ...good, status: undefined }] }, /`status`/],
    ['a parent that is null', { traceId: 'a'.repeat(32), spans: [{ ...good, parentSpanId: null }] }, /`parentSpanId`/],
    ['attributes as pairs', { traceId: 'a'.repeat(32), spans: [{ ...good, attributes: [] }] }, /`attributes`/],
  ])('is refused with %s', (_, json_, message) => {
    expect(() => fromJson(json_)).toThrow(
      expect.objectContaining({ code: 'SPAN_MALFORMED', message: expect.stringMatching(message) as string }),
    )
  })
})
