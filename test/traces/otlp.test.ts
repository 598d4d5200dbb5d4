import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SpanlogError } from '../../src/errors.js'
import { readSpans } from '../../src/traces/otlp.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const good = { traceId, spanId: '00000000000000a1', startTimeUnixNano: '1000', endTimeUnixNano: '2000' }

function read(...spans: unknown[]): ReturnType<typeof readSpans> {
  return readSpans({ resourceSpans: [{ scopeSpans: [{ spans }] }] }, traceId)
}

describe('OTLP in JSON', () => {
  it('reads both spellings of one trace alike: as it was sent, and as Tempo hands it out', () => {
    const file = path.resolve(import.meta.dirname, '../recorded/tempo.json')
    const { exchanges } = JSON.parse(readFileSync(file, 'utf8')) as {
      exchanges: { name: string; request: { body?: unknown }; response: { json?: { trace?: unknown } } }[]
    }
    const named = (name: string): (typeof exchanges)[number] => exchanges.find((exchange) => exchange.name === name)!
    const sent = readSpans(named('OTLP in: one trace over three services').request.body, traceId)
    const v1 = readSpans(named('v1: the trace').response.json, traceId)
    const v2 = readSpans(named('v2: the trace').response.json?.trace, traceId)
    expect(sent.spans).toHaveLength(5)
    expect(sent.spans.map(({ service, kind, status }) => [service, kind, status.code])).toEqual([
      ['gateway', 'server', 'unset'],
      ['gateway', 'client', 'unset'],
      ['orders', 'server', 'unset'],
      ['orders', 'producer', 'unset'],
      ['payments', 'internal', 'error'],
    ])
    expect(sent.spans[0]?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 502,
      ok: false,
      ratio: 0.5,
      tags: ['a', 'b'],
    })
    expect(v1).toEqual(sent)
    expect(v2).toEqual(sent)
  })

  it.each<[string, object, unknown]>([
    ['a string', { stringValue: 'a' }, 'a'],
    ['an empty string', { stringValue: '' }, ''],
    ['a boolean', { boolValue: false }, false],
    ['an integer as a string', { intValue: '42' }, 42],
    ['an integer as a number', { intValue: 42 }, 42],
    ['an integer past 2^53', { intValue: '-9007199254740993' }, '-9007199254740993'],
    ['minus zero', { intValue: '-0' }, 0],
    ['a double', { doubleValue: -0.25 }, -0.25],
    ['a double as a string', { doubleValue: '1e3' }, 1000],
    ['a double that is none', { doubleValue: 'NaN' }, 'NaN'],
    ['a double without end', { doubleValue: '-Infinity' }, '-Infinity'],
    ['bytes', { bytesValue: 'AP8=' }, 'AP8='],
    ['an array', { arrayValue: { values: [{ intValue: '1' }, { arrayValue: {} }, {}] } }, [1, [], null]],
    ['a map', { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } }, { a: true }],
    ['nothing', {}, null],
    ['a kind that is not known yet', { newValue: 1 }, null],
  ])('reads the value %s', (_, value, expected) => {
    const { spans, skipped } = read({ ...good, attributes: [{ key: 'k', value }] })
    expect({ skipped, attributes: spans[0]?.attributes }).toEqual({ skipped: 0, attributes: { k: expected } })
  })

  it('takes a key that is the name of the prototype for a key', () => {
    const { spans } = read({ ...good, attributes: [{ key: '__proto__', value: { stringValue: 'x' } }] })
    expect(Object.entries(spans[0]!.attributes)).toEqual([['__proto__', 'x']])
    expect(Object.getPrototypeOf(spans[0]!.attributes)).toBe(Object.prototype)
  })

  it.each<[string, object, object]>([
    ['no kind', {}, { kind: 'internal' }],
    ['the kind 0', { kind: 0 }, { kind: 'internal' }],
    ['a kind by name', { kind: 'SPAN_KIND_CONSUMER' }, { kind: 'consumer' }],
    ['no status', {}, { status: { code: 'unset' } }],
    ['a status by name', { status: { code: 'STATUS_CODE_ERROR', message: 'm' } }, { status: { code: 'error', message: 'm' } }],
    ['a status by number', { status: { code: 1, message: '' } }, { status: { code: 'ok' } }],
    ['a parent of zeros', { parentSpanId: '0000000000000000' }, { parentSpanId: undefined }],
    ['a parent of zeros in base64', { parentSpanId: 'AAAAAAAAAAA=' }, { parentSpanId: undefined }],
    ['a parent in upper case', { parentSpanId: '00000000000000AB' }, { parentSpanId: '00000000000000ab' }],
    ['a time as a small number', { startTimeUnixNano: 7 }, { startUnixNano: 7n }],
    ['the largest time', { endTimeUnixNano: '18446744073709551615' }, { endUnixNano: 18_446_744_073_709_551_615n }],
    ['an end before the start', { endTimeUnixNano: '1' }, { endUnixNano: 1n }],
    ['a link to nowhere', { links: [{}] }, { links: [{ traceId: '0'.repeat(32), spanId: '0'.repeat(16), attributes: {} }] }],
    ['an ID in upper case', { traceId: traceId.toUpperCase() }, { traceId }],
    ['fields that are null', { events: null, links: null, attributes: null, kind: null }, { events: [], links: [], attributes: {} }],
  ])('reads %s', (_, given, expected) => {
    const { spans, skipped } = read({ ...good, ...given })
    expect(skipped).toBe(0)
    expect({ parentSpanId: undefined, ...spans[0] }).toMatchObject(expected)
  })

  it('pads a trace ID of 64 bits', () => {
    const padded = '000000000000000000000000000000ab'
    const spans = [
      { ...good, traceId: '00000000000000ab' },
      { ...good, traceId: 'AAAAAAAAAKs=' },
    ]
    expect(readSpans({ resourceSpans: [{ scopeSpans: [{ spans }] }] }, padded).spans.map((span) => span.traceId)).toEqual([padded, padded])
  })

  it('reads the scopes of stores from before 2022', () => {
    expect(readSpans({ batches: [{ instrumentationLibrarySpans: [{ spans: [good] }] }] }, traceId).spans).toHaveLength(1)
  })

  const deep = (levels: number): object => {
    let value: object = { intValue: '1' }
    for (let i = 0; i < levels; i++) value = { arrayValue: { values: [value] } }
    return value
  }

  it.each<[string, unknown, RegExp]>([
    ['no object', 'span', /`span` to be an object, got "span"/],
    ['null', null, /`span` to be an object, got null/],
    ['no trace ID that can be read', { ...good, traceId: 'zz' }, /`traceId`/],
    ['no span ID', { ...good, spanId: undefined }, /`spanId`/],
    ['a span ID of zeros', { ...good, spanId: '0000000000000000' }, /`spanId` to be .*not all zero/],
    ['a span ID that is too long', { ...good, spanId: traceId }, /`spanId` to be 16 hex digits/],
    ['a parent that is no ID', { ...good, parentSpanId: 'root' }, /`parentSpanId`/],
    ['no start', { ...good, startTimeUnixNano: undefined }, /`startTimeUnixNano` to be a time/],
    ['no end', { ...good, endTimeUnixNano: '0' }, /`endTimeUnixNano` to be a time/],
    ['a time with a fraction', { ...good, startTimeUnixNano: 1.5 }, /`startTimeUnixNano`/],
    ['a time that JSON rounded', { ...good, startTimeUnixNano: Number('1795230024010000001') }, /`startTimeUnixNano`/],
    ['a time that is a word', { ...good, endTimeUnixNano: 'now' }, /`endTimeUnixNano`/],
    ['a kind that does not exist', { ...good, kind: 9 }, /`kind` to be 0 to 5 or one of SPAN_KIND_UNSPECIFIED/],
    ['a kind that is a property of arrays', { ...good, kind: 'length' }, /`kind`/],
    ['a status that is a word', { ...good, status: 'error' }, /`status`/],
    ['a status that does not exist', { ...good, status: { code: 3 } }, /`status.code`/],
    ['a name that is a number', { ...good, name: 7 }, /`name` to be a string, got 7 \(number\)/],
    ['attributes as a record', { ...good, attributes: { a: 1 } }, /`attributes` to be an array/],
    ['an integer that is a word', { ...good, attributes: [{ key: 'a', value: { intValue: 'many' } }] }, /`attributes.a`/],
    ['a boolean that is a word', { ...good, attributes: [{ key: 'a', value: { boolValue: 'true' } }] }, /`attributes.a` to be a boolean/],
    ['a double that is empty', { ...good, attributes: [{ key: 'a', value: { doubleValue: '' } }] }, /`attributes.a` to be a number/],
    ['a value of 10,000 levels', { ...good, attributes: [{ key: 'a', value: deep(10_000) }] }, /nested at most 64 deep/],
    ['events that are none', { ...good, events: [1] }, /`event` to be an object/],
    ['an event at no time', { ...good, events: [{ timeUnixNano: 'then' }] }, /`event.timeUnixNano`/],
    ['a link that names no trace', { ...good, links: [{ traceId: 'x' }] }, /`link.traceId`/],
  ])('leaves out a span that is, or has, %s, says why, and keeps its neighbours', (_, broken, message) => {
    const neighbours = [
      { ...good, spanId: '00000000000000a2' },
      { ...good, spanId: '00000000000000a3' },
    ]
    const { spans, skipped, problem } = read(neighbours[0], broken, neighbours[1])
    expect(spans.map(({ spanId }) => spanId)).toEqual(['00000000000000a2', '00000000000000a3'])
    expect(skipped).toBe(1)
    expect(problem).toMatchObject({ code: 'SPAN_MALFORMED' })
    expect((problem as SpanlogError).message).toMatch(message)
  })

  it.each<[string, unknown, number]>([
    ['nothing at all', undefined, 1],
    ['a document that is an array', [], 1],
    ['resources that are no array', { resourceSpans: 'all' }, 1],
    ['a resource that is null', { resourceSpans: [null] }, 1],
    ['scopes that are no array', { resourceSpans: [{ scopeSpans: {} }] }, 1],
    ['a scope that is a number', { resourceSpans: [{ scopeSpans: [4] }] }, 1],
    [
      'a resource that cannot be read, once for each of its spans',
      { resourceSpans: [{ resource: 5, scopeSpans: [{ spans: [good, good] }] }] },
      2,
    ],
    ['an empty document', {}, 0],
    ['an empty scope', { resourceSpans: [{ scopeSpans: [{}] }] }, 0],
  ])('never throws: %s', (_, document, skipped) => {
    expect(readSpans(document, traceId)).toMatchObject({ spans: [], skipped })
  })
})
