import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api'
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray'
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3'
import fc from 'fast-check'
import { configure, currentTrace, extractTrace, injectTrace, runWithTrace, SpanlogError, type TraceHeaders, withSpan } from 'spanlog'
import { afterEach, describe, expect, it } from 'vitest'
import { headerFormats } from '../../src/context/headers/formats.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const half = '8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const decimal = (hex: string) => String(BigInt(`0x${hex}`))

afterEach(() => configure({ headers: ['w3c'] }))

const read = (format: TraceHeaders, headers: object): SpanContext | undefined => {
  configure({ headers: [format] })
  return extractTrace(headers)
}
const sampled = { traceId, spanId, traceFlags: 1, isRemote: true }
const unsampled = { ...sampled, traceFlags: 0 }
const short = { ...sampled, traceId: `${'0'.repeat(16)}${half}` }

const xray = 'x-amzn-trace-id'
const root = 'Root=1-0af76519-16cd43dd8448eb211c80319c'
const ids = { 'X-B3-TraceId': traceId, 'X-B3-SpanId': spanId }
const dd = { 'x-datadog-trace-id': decimal(half), 'x-datadog-parent-id': decimal(spanId) }
const tid = { 'x-datadog-tags': `_dd.p.dm=-0,_dd.p.tid=${traceId.slice(0, 16)}` }

describe('headers of others', () => {
  it.each<[string, TraceHeaders, object, SpanContext]>([
    ['B3 in one header', 'b3', { b3: `${traceId}-${spanId}-1` }, sampled],
    ['B3 in one header, read by b3multi too', 'b3multi', { b3: `${traceId}-${spanId}-1` }, sampled],
    ['B3 that is not sampled', 'b3', { b3: `${traceId}-${spanId}-0` }, unsampled],
    ['B3 that leaves the decision open', 'b3', { b3: `${traceId}-${spanId}` }, unsampled],
    ['B3 for debugging, with a parent', 'b3', { b3: `${traceId}-${spanId}-d-${'a'.repeat(16)}` }, sampled],
    ['B3 with an ID of 64 bits', 'b3', { b3: `${half}-${spanId}-1` }, short],
    ['B3 in several headers', 'b3multi', { ...ids, 'X-B3-Sampled': '1', 'X-B3-ParentSpanId': 'a'.repeat(16) }, sampled],
    ['B3 in several headers, read by b3 too', 'b3', { ...ids, 'x-b3-sampled': '0' }, unsampled],
    ['B3 in several headers, in the words of before', 'b3multi', { ...ids, 'x-b3-sampled': 'true' }, sampled],
    ['B3 in several headers, for debugging', 'b3multi', { ...ids, 'x-b3-flags': '1' }, sampled],
    ['B3 in several headers with an ID of 64 bits', 'b3multi', { ...ids, 'X-B3-TraceId': half, 'x-b3-sampled': '1' }, short],
    ['B3 of which one header stands before the several', 'b3', { ...ids, 'x-b3-sampled': '0', b3: `${traceId}-${spanId}-1` }, sampled],
    ['X-Ray', 'xray', { 'X-Amzn-Trace-Id': `${root};Parent=${spanId};Sampled=1` }, sampled],
    ['X-Ray in another order, beside more', 'xray', { [xray]: `Self=1-a; Sampled=0 ;Parent=${spanId}; ${root};Lineage=a:1` }, unsampled],
    ['X-Ray that asks for a decision', 'xray', { [xray]: `${root};Parent=${spanId};Sampled=?` }, unsampled],
    ['X-Ray that leaves the decision open', 'xray', { [xray]: `${root};Parent=${spanId}` }, unsampled],
    ['Datadog', 'datadog', { ...dd, ...tid, 'x-datadog-sampling-priority': '1' }, sampled],
    ['Datadog that is kept by hand', 'datadog', { ...dd, ...tid, 'x-datadog-sampling-priority': '2' }, sampled],
    ['Datadog that is dropped by hand', 'datadog', { ...dd, ...tid, 'x-datadog-sampling-priority': '-1' }, unsampled],
    ['Datadog that leaves the decision open', 'datadog', { ...dd, ...tid }, unsampled],
    ['Datadog with an ID of 64 bits', 'datadog', { ...dd, 'x-datadog-sampling-priority': '1' }, short],
    ['Datadog with a broken tag', 'datadog', { ...dd, 'x-datadog-tags': '_dd.p.tid=zz', 'x-datadog-sampling-priority': '1' }, short],
  ])('are read: %s', (_, format, headers, expected) => {
    expect(read(format, headers)).toEqual(expected)
  })

  it.each<[string, TraceHeaders, object]>([
    ['B3 that only decides', 'b3', { b3: '0' }],
    ['B3 in upper case', 'b3', { b3: `${traceId}-${spanId}-1`.toUpperCase() }],
    ['B3 with something behind', 'b3', { b3: `${traceId}-${spanId}-1-x` }],
    ['B3 with something before', 'b3', { b3: `x${traceId}-${spanId}-1` }],
    ['B3 of zeros', 'b3', { b3: `${'0'.repeat(32)}-${spanId}-1` }],
    ['B3 without a span', 'b3multi', { 'x-b3-traceid': traceId }],
    ['B3 with another decision', 'b3multi', { ...ids, 'x-b3-sampled': 'yes' }],
    [
      'B3 with two trace IDs',
      'b3multi',
      [
        ['x-b3-traceid', traceId],
        ['x-b3-traceid', traceId],
        ['x-b3-spanid', spanId],
      ],
    ],
    ['B3 whose one header is broken, beside several', 'b3', { ...ids, 'x-b3-sampled': '1', b3: 'broken' }],
    ['X-Ray of a load balancer', 'xray', { [xray]: root }],
    ['X-Ray of another version', 'xray', { [xray]: `${root.replace('=1', '=2')};Parent=${spanId};Sampled=1` }],
    ['X-Ray with two roots', 'xray', { [xray]: `${root};${root};Parent=${spanId};Sampled=1` }],
    ['X-Ray with another decision', 'xray', { [xray]: `${root};Parent=${spanId};Sampled=2` }],
    ['X-Ray with a short parent', 'xray', { [xray]: `${root};Parent=${spanId.slice(1)};Sampled=1` }],
    ['Datadog without a parent', 'datadog', { 'x-datadog-trace-id': '1' }],
    ['Datadog of zero', 'datadog', { ...dd, 'x-datadog-parent-id': '0' }],
    ['Datadog past 64 bits', 'datadog', { ...dd, 'x-datadog-trace-id': '18446744073709551616' }],
    ['Datadog in hex', 'datadog', { ...dd, 'x-datadog-trace-id': half }],
    ['Datadog with a sign', 'datadog', { ...dd, 'x-datadog-trace-id': '-1' }],
    ['Datadog with a priority that is none', 'datadog', { ...dd, 'x-datadog-sampling-priority': 'high' }],
  ])('are refused: %s', (_, format, headers) => {
    expect(read(format, headers)).toBeUndefined()
  })

  it('are written beside each other, in place of what stood there', () => {
    configure({ headers: ['w3c', 'b3', 'b3multi', 'xray', 'datadog'] })
    const carrier = runWithTrace({ traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'a=1' }, () =>
      injectTrace({ B3: 'old', 'X-B3-Flags': '1', 'X-Datadog-Tags': 'old', accept: 'text/plain' }),
    )
    expect(carrier).toEqual({
      accept: 'text/plain',
      traceparent: `00-${traceId}-${spanId}-01`,
      tracestate: 'a=1',
      b3: `${traceId}-${spanId}-1`,
      'x-b3-traceid': traceId,
      'x-b3-spanid': spanId,
      'x-b3-sampled': '1',
      [xray]: `${root};Parent=${spanId};Sampled=1`,
      'x-datadog-trace-id': decimal(half),
      'x-datadog-parent-id': decimal(spanId),
      'x-datadog-sampling-priority': '1',
      'x-datadog-tags': `_dd.p.tid=${traceId.slice(0, 16)}`,
    })
  })

  it.each<[string, TraceHeaders[], string]>([
    ['the first of them', ['b3', 'w3c'], 'b'],
    ['the first of them, in another order', ['w3c', 'b3'], 'a'],
    ['the next, where the first is broken', ['xray', 'b3', 'w3c'], 'b'],
  ])('count by their order: %s', (_, headers, digit) => {
    configure({ headers })
    const carrier = { traceparent: `00-${'a'.repeat(32)}-${spanId}-01`, b3: `${'b'.repeat(32)}-${spanId}-1`, [xray]: 'broken' }
    expect(extractTrace(carrier)?.traceId).toBe(digit.repeat(32))
  })

  it('are not read where nobody asked for them', () => {
    expect(extractTrace({ b3: `${traceId}-${spanId}-1`, [xray]: `${root};Parent=${spanId};Sampled=1` })).toBeUndefined()
  })

  it('carry a trace through each format, with no SDK', () => {
    for (const format of Object.keys(headerFormats) as TraceHeaders[]) {
      configure({ headers: [format] })
      const [own, carrier] = withSpan('order', () => [currentTrace(), injectTrace()] as const)
      expect(extractTrace(carrier)).toMatchObject({ traceId: own?.traceId, spanId: own?.spanId, isRemote: true })
    }
  })

  const hex = (length: number) =>
    fc
      .array(fc.constantFrom(...Array.from({ length: 16 }, (_, digit) => digit.toString(16))), { minLength: length, maxLength: length })
      .map((digits) => digits.join(''))
      .filter((text) => /[1-9a-f]/.test(text))
  const anyTrace = fc.record({ traceId: hex(32), spanId: hex(16), traceFlags: fc.constantFrom(0, 1) })

  it('come back as they went, whatever the trace', () => {
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(headerFormats) as TraceHeaders[])), anyTrace, (format, given) => {
        const written = headerFormats[format].write(given)
        const back = headerFormats[format].read((name) => [written[name]].filter((value) => value !== undefined))
        expect(back).toEqual(given)
      }),
    )
  })

  it.each<[string, TraceHeaders, TextMapPropagator]>([
    ['B3 in one header', 'b3', new B3Propagator()],
    ['B3 in several', 'b3multi', new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER })],
    ['X-Ray', 'xray', new AWSXRayPropagator()],
  ])("agree with OpenTelemetry's own propagator: %s", (_, format, theirs) => {
    fc.assert(
      fc.property(anyTrace, (given) => {
        const carrier: Record<string, string> = {}
        theirs.inject(trace.setSpanContext(ROOT_CONTEXT, given), carrier, defaultTextMapSetter)
        const written = headerFormats[format].write(given)
        expect(Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined))).toEqual(carrier)
        const back = trace.getSpanContext(theirs.extract(context.active(), carrier, defaultTextMapGetter))
        expect(headerFormats[format].read((name) => [carrier[name]].filter((value) => value !== undefined))).toMatchObject({
          traceId: back?.traceId,
          spanId: back?.spanId,
          traceFlags: back?.traceFlags,
        })
      }),
    )
  })

  it('never throw, whatever comes', () => {
    const fields = Object.values(headerFormats).flatMap((format) => format.fields)
    const value = fc.oneof(fc.string(), fc.constantFrom(traceId, spanId, `${root};Parent=${spanId}`, '1', '__proto__=1;constructor=2'))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...fields), fc.oneof(value, fc.array(value)) as fc.Arbitrary<unknown>), (carrier) => {
        for (const format of Object.values(headerFormats))
          format.read((name) => [carrier[name]].flat().filter((one) => one !== undefined) as string[])
      }),
    )
  })

  it.each([
    ['no array', 'b3', /`headers` to be an array of one format or more/],
    ['none', [], /`headers` to be an array of one format or more/],
    ['an unknown one', ['w3c', 'jaeger'], /`headers` to be formats out of w3c, b3, b3multi, xray, datadog, got "jaeger"/],
    ['one twice', ['b3', 'b3'], /`headers` to name each format once/],
  ])('are refused in configure: %s', (_, headers, message) => {
    expect(() => configure({ headers: headers as never })).toThrow(SpanlogError)
    expect(() => configure({ headers: headers as never })).toThrow(message)
  })
})
