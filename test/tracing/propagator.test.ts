import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { configure } from 'spanlog'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { state } from '../../src/context/state.js'
import { propagatorFromEnv, StrictPropagator } from '../../src/tracing/propagator.js'

const telemetry = recordTelemetry()
afterAll(() => telemetry.stop())
const propagator = new StrictPropagator()
const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const parent = (flags: string) => `00-${traceId}-${spanId}-${flags}`

const extract = (carrier: Record<string, unknown>) => propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
function inject(context: Context): Record<string, string> {
  const carrier = {}
  propagator.inject(context, carrier, defaultTextMapSetter)
  return carrier
}
/** The headers that go out from a span of the real SDK which goes on with what came in. */
function passOn(carrier: Record<string, unknown>): Record<string, string> {
  const context = extract(carrier)
  return inject(trace.setSpan(context, trace.getTracer('test').startSpan('work', {}, context)))
}

describe('what comes in', () => {
  it.each<[string, Record<string, unknown>, object | undefined]>([
    ['a valid parent', { traceparent: parent('01') }, { traceId, spanId, traceFlags: 1, isRemote: true }],
    ['a parent in an array of one, as HTTP clients give it', { traceparent: [parent('01')] }, { traceId, spanId }],
    ['flags that level 2 does not know: cleared', { traceparent: parent('ff') }, { traceFlags: 3 }],
    ['a future version with more behind its flags', { traceparent: `cc-${traceId}-${spanId}-01-what-comes` }, { traceId }],
    ['two parents: refused', { traceparent: [parent('01'), parent('01')] }, undefined],
    ['upper case: refused', { traceparent: parent('01').toUpperCase() }, undefined],
    ['more behind the flags of version 00: refused', { traceparent: `${parent('01')}-x` }, undefined],
    ['version ff: refused', { traceparent: `ff-${traceId}-${spanId}-01` }, undefined],
    ['an all-zero trace ID: refused', { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` }, undefined],
    ['an all-zero span ID: refused', { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }, undefined],
    ['a tracestate alone: refused', { tracestate: 'a=1' }, undefined],
    ['nothing', {}, undefined],
  ])('%s', (_, carrier, expected) => {
    const spanContext = trace.getSpanContext(extract(carrier))
    if (expected === undefined) expect(spanContext).toBeUndefined()
    else expect(spanContext).toMatchObject(expected)
  })

  it('is read through the getter, whatever the carrier is', () => {
    const getter: TextMapGetter<string> = {
      keys: () => ['traceparent'],
      get: (carrier, key) => (key === 'traceparent' ? carrier : undefined),
    }
    expect(trace.getSpanContext(propagator.extract(ROOT_CONTEXT, parent('01'), getter))).toMatchObject({ traceId })
  })

  it('through a getter that throws leaves the context as it is', () => {
    const getter: TextMapGetter = {
      keys: () => [],
      get: () => {
        throw new Error('broken getter')
      },
    }
    expect(propagator.extract(ROOT_CONTEXT, {}, getter)).toBe(ROOT_CONTEXT)
  })
})

describe('what goes out of a span of the SDK', () => {
  it.each([
    ['keeps the random flag of the trace that came in', '03', '03'],
    ['does not claim randomness for a trace that came in without the flag', '01', '01'],
    ['sends unknown flags as zero', 'fd', '01'],
  ])('%s', (_, flags, expected) => {
    const { traceparent } = passOn({ traceparent: parent(flags) })
    expect(traceparent).toMatch(new RegExp(`^00-${traceId}-(?!${spanId})[0-9a-f]{16}-${expected}$`))
  })

  it('sets the random flag on a trace that begins here', () => {
    expect(passOn({})['traceparent']).toMatch(/-03$/)
  })

  it.each<[string, unknown, string | undefined]>([
    ['passes a tracestate on', 'a=1,b=2', 'a=1,b=2'],
    ['joins several tracestate headers', ['a=1', 'b=2'], 'a=1,b=2'],
    ['keeps the newest of a repeated key', 'a=1,a=2', 'a=1'],
    [
      'passes 32 members on',
      Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(','),
      Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(','),
    ],
    ['discards a tracestate of 33 members whole', Array.from({ length: 33 }, (_, i) => `k${i}=v`).join(','), undefined],
    ['discards a tracestate with an illegal member whole', 'a=1,B=2', undefined],
    ['discards a tracestate with a key of 257 characters whole', `${'k'.repeat(257)}=v,a=1`, undefined],
    ['takes a key that ends in @, as level 2 does', 'foo@=1', 'foo@=1'],
  ])('%s', (_, tracestate, expected) => {
    expect(passOn({ traceparent: parent('01'), tracestate })['tracestate']).toBe(expected)
  })
})

describe('nothing goes out', () => {
  it('outside a trace', () => {
    expect(inject(ROOT_CONTEXT)).toEqual({})
  })

  it('of a request that is kept out of tracing, such as an export', () => {
    expect(inject(suppressTracing(extract({ traceparent: parent('01') })))).toEqual({})
  })
})

describe('OTEL_PROPAGATORS', () => {
  afterEach(() => {
    delete process.env['OTEL_PROPAGATORS']
    state.settings.headers = undefined
  })

  it.each([
    ['left out: trace context and baggage', undefined, ['traceparent', 'tracestate', 'baggage']],
    ['tracecontext', 'tracecontext', ['traceparent', 'tracestate']],
    ['baggage', 'baggage', ['baggage']],
    ['both, with spaces and twice', ' baggage , tracecontext, baggage', ['traceparent', 'tracestate', 'baggage']],
    ['none', 'none', []],
    ['one that is not known is left out', 'jaeger,tracecontext', ['traceparent', 'tracestate']],
    ['formats of others', 'xray,tracecontext', ['x-amzn-trace-id', 'traceparent', 'tracestate']],
  ])('%s', (_, value, fields) => {
    state.settings.headers = undefined
    if (value !== undefined) process.env['OTEL_PROPAGATORS'] = value
    expect(propagatorFromEnv().fields()).toEqual(fields)
  })

  it('reads and writes B3 where it names it', () => {
    state.settings.headers = undefined
    process.env['OTEL_PROPAGATORS'] = 'b3'
    const named = propagatorFromEnv()
    const context = named.extract(ROOT_CONTEXT, { b3: `${traceId}-${'b'.repeat(16)}-1` }, defaultTextMapGetter)
    const carrier = {}
    named.inject(context, carrier, defaultTextMapSetter)
    expect(carrier).toEqual({ b3: `${traceId}-${'b'.repeat(16)}-1` })
  })

  it('lets baggage through beside the trace', () => {
    const carrier = { traceparent: parent('01'), baggage: 'tenant=blue' }
    const context = propagatorFromEnv().extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
    expect(propagation.getBaggage(context)?.getEntry('tenant')?.value).toBe('blue')
    expect(trace.getSpanContext(context)).toMatchObject({ traceId })
  })
})

describe('propagateTo', () => {
  afterEach(() => configure({ propagateTo: false }))

  /** What goes out of a span that an instrumentation opened. */
  const sent = (kind: SpanKind, attributes: Attributes): Record<string, string> => {
    const span = new BasicTracerProvider().getTracer('test').startSpan('GET', { kind, attributes })
    const context = propagation.setBaggage(trace.setSpan(ROOT_CONTEXT, span), propagation.createBaggage({ tenant: { value: 'blue' } }))
    const carrier = {}
    propagatorFromEnv().inject(context, carrier, defaultTextMapSetter)
    return carrier
  }
  const http = { 'http.request.method': 'GET' }
  const both = ['baggage', 'traceparent']

  it.each<[string, SpanKind, Attributes, string[]]>([
    ['lets a request to a host of ours take the trace along', SpanKind.CLIENT, { ...http, 'server.address': 'orders' }, both],
    ['keeps trace and baggage from another host', SpanKind.CLIENT, { ...http, 'server.address': 'evil.example' }, []],
    ['knows the old names', SpanKind.CLIENT, { 'http.method': 'GET', 'net.peer.name': 'evil.example' }, []],
    ['keeps them where the host is not known', SpanKind.CLIENT, http, []],
    ['leaves other clients alone', SpanKind.CLIENT, { 'rpc.system': 'grpc', 'server.address': 'evil.example' }, both],
    ['leaves what is sent while a request is served alone', SpanKind.SERVER, { ...http, 'server.address': 'evil.example' }, both],
    ['leaves messages alone', SpanKind.PRODUCER, {}, both],
  ])('%s', (_, kind, attributes, names) => {
    configure({ propagateTo: ['orders', '*.internal'] })
    expect(Object.keys(sent(kind, attributes)).toSorted()).toEqual(names)
  })

  it('lets everything out where it is not set', () => {
    expect(Object.keys(sent(SpanKind.CLIENT, { ...http, 'server.address': 'evil.example' })).toSorted()).toEqual(both)
  })
})
