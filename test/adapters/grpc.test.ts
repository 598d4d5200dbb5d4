import { once } from 'node:events'
import { connect } from 'node:http2'
import { setTimeout as wait } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { addFields, currentTrace, runWithTrace, SpanlogError, withSpan } from 'spanlog'
import { clientInterceptor, serverInterceptor } from 'spanlog/grpc'
import pino from 'spanlog/pino'
import { recordTelemetry, type TelemetryRecorder } from 'spanlog/testing'
import type { TraceSpan } from 'spanlog/traces'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addressOf } from '../../adapters/grpc/target.js'
import { eventually } from '../support/http.js'
import { calls, connectTo, type OrdersClient, ordersDefinition, ordersHandlers, serve, sides } from '../support/orders-service.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const carrier = { traceparent: `00-${traceId}-b7ad6b7169203331-03`, tracestate: 'a=1,b=2' }

let places: Record<string, (string | undefined)[]>
/** Keeps in which span each place of the user's code was. */
const at =
  (side: string) =>
  (where: string): void => {
    const { traceId: id, spanId } = currentTrace() ?? {}
    places[`${side}: ${where}`] = [id, spanId]
  }
beforeEach(() => {
  places = {}
})

let server: grpc.Server
let client: OrdersClient
let port: number
async function start(handlers = ordersHandlers(at('server')), interceptors = [serverInterceptor()]): Promise<void> {
  server = new grpc.Server({ interceptors })
  port = await serve(server, ordersDefinition().service, handlers)
  client = connectTo(port, [clientInterceptor()])
}
afterEach(() => {
  client?.close()
  server?.forceShutdown()
})

describe.each(['with an SDK', 'without an SDK'])('%s', (setting) => {
  let telemetry: TelemetryRecorder | undefined
  beforeAll(() => {
    if (setting === 'with an SDK') telemetry = recordTelemetry()
  })
  afterAll(() => telemetry?.stop())
  afterEach(() => telemetry?.reset())

  it.each(Object.entries(calls))('%s is one trace on both sides, in each callback and event', async (_, call) => {
    await start()
    let caller: string | undefined
    await withSpan('call', async (span) => {
      caller = span.spanContext().spanId
      await call(client, at('client'))
      at('client')('after')
    })
    const traces = new Set(Object.values(places).map(([id]) => id))
    expect(traces.size).toBe(1)
    expect([...traces][0]).toMatch(/^[0-9a-f]{32}$/)
    const spansOf = (side: string) => new Set(Object.entries(places).flatMap(([place, [, id]]) => (place.startsWith(side) ? [id] : [])))
    expect(Object.keys(places).filter((place) => place.startsWith('server')).length).toBeGreaterThan(1)
    expect([...spansOf('client')]).toEqual([caller])
    expect(spansOf('server').size).toBe(1)
    expect([...spansOf('server')]).not.toEqual([caller])
  })

  it('keeps concurrent calls on one connection apart', async () => {
    await start()
    await Promise.all(
      ['1', '2', '3', '4', '5'].map((id) =>
        withSpan('call', async (span) => {
          await Promise.all(Object.values(calls).map((call) => call(client, (where) => at(id)(where))))
          const own = Object.entries(places).filter(([place]) => place.startsWith(`${id}:`))
          expect(new Set(own.map(([, [trace]]) => trace))).toEqual(new Set([span.spanContext().traceId]))
        }),
      ),
    )
  })

  it('lines in a handler carry the IDs and the fields that are added on the way', async () => {
    const lines: Record<string, unknown>[] = []
    const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) })
    await start({
      ...ordersHandlers(() => {}),
      async get(_: unknown, callback: grpc.sendUnaryData<object>) {
        addFields({ orderId: '7' })
        await wait(1)
        log.info('found')
        callback(null, {})
      },
    })
    await runWithTrace(carrier, () => calls['a unary call']?.(client, () => {}))
    log.info('outside')
    expect(lines).toEqual([
      expect.objectContaining({ msg: 'found', trace_id: traceId, orderId: '7' }),
      expect.not.objectContaining({ trace_id: traceId, orderId: '7' }),
    ])
  })

  it('passes tracestate and flags on', async () => {
    let metadata: grpc.Metadata | undefined
    await start({
      ...ordersHandlers(() => {}),
      get(call: grpc.ServerUnaryCall<object, object>, callback: grpc.sendUnaryData<object>) {
        metadata = call.metadata
        callback(null, {})
      },
    })
    await runWithTrace(carrier, () => calls['a unary call']?.(client, () => {}))
    expect(metadata?.get('traceparent')).toEqual([expect.stringMatching(new RegExp(`^00-${traceId}-[0-9a-f]{16}-03$`))])
    expect(metadata?.get('tracestate')).toEqual(['a=1,b=2'])
  })
})

describe('the spans of a call', () => {
  let telemetry: TelemetryRecorder
  beforeAll(() => {
    telemetry = recordTelemetry()
  })
  afterEach(() => telemetry.reset())
  afterAll(() => telemetry.stop())
  const both = () => eventually(() => sides(telemetry))

  it('say its method, its status and where it went', async () => {
    await start()
    await runWithTrace(carrier, () => calls['a unary call']?.(client, () => {}))
    const spans = await both()
    const rpc = { 'rpc.system.name': 'grpc', 'rpc.method': 'shop.Orders/Get', 'rpc.status_code': 'OK' }
    expect(spans.client).toMatchObject({ name: 'shop.Orders/Get', traceId, parentSpanId: 'b7ad6b7169203331', status: { code: 'unset' } })
    expect(spans.client.attributes).toEqual({ ...rpc, 'server.address': '127.0.0.1', 'server.port': port })
    expect(spans.server).toMatchObject({ name: 'shop.Orders/Get', traceId, parentSpanId: spans.client.spanId, status: { code: 'unset' } })
    expect(spans.server.attributes).toEqual(rpc)
  })

  it.each([
    ['CANCELLED', 'unset'],
    ['UNKNOWN', 'error'],
    ['INVALID_ARGUMENT', 'unset'],
    ['DEADLINE_EXCEEDED', 'error'],
    ['NOT_FOUND', 'unset'],
    ['ALREADY_EXISTS', 'unset'],
    ['PERMISSION_DENIED', 'unset'],
    ['RESOURCE_EXHAUSTED', 'unset'],
    ['FAILED_PRECONDITION', 'unset'],
    ['ABORTED', 'unset'],
    ['OUT_OF_RANGE', 'unset'],
    ['UNIMPLEMENTED', 'error'],
    ['INTERNAL', 'error'],
    ['UNAVAILABLE', 'error'],
    ['DATA_LOSS', 'error'],
    ['UNAUTHENTICATED', 'unset'],
  ])('tell %s: an error of the client, and %s of the server', async (status, ofServer) => {
    await start()
    await expect(calls['a unary call']?.(client, () => {}, status)).rejects.toThrow(`this is ${status}`)
    const spans = await both()
    expect(spans.client.status).toEqual({ code: 'error', message: `this is ${status}` })
    expect(spans.client.attributes).toMatchObject({ 'rpc.status_code': status, 'error.type': status })
    expect(spans.server.status.code).toBe(ofServer)
    expect(spans.server.attributes['rpc.status_code']).toBe(status)
    expect(spans.server.attributes['error.type']).toBe(ofServer === 'error' ? status : undefined)
  })

  it('tell the error of a stream that has already answered', async () => {
    await start()
    await expect(calls['a server stream']?.(client, () => {}, 'INTERNAL')).rejects.toThrow('this is INTERNAL')
    const spans = await both()
    expect([spans.client, spans.server].map((span) => [span.status.code, span.attributes['rpc.status_code']])).toEqual([
      ['error', 'INTERNAL'],
      ['error', 'INTERNAL'],
    ])
  })

  it.each([
    ['a handler that throws', { get: () => { throw new Error('boom') } }, 'UNKNOWN'], // biome-ignore format: one row
    ['an answer that cannot be written', { get: (_: unknown, callback: grpc.sendUnaryData<unknown>) => callback(null, { id: { toString: () => { throw new Error('unwritable') } } }) }, 'INTERNAL'], // biome-ignore format: one row
    ['a method without a handler', { get: undefined }, 'UNIMPLEMENTED'],
  ] as const)('tell what grpc-js answers for %s', async (_, handlers, status) => {
    await start({ ...ordersHandlers(() => {}), ...handlers } as unknown as grpc.UntypedServiceImplementation)
    await expect(calls['a unary call']?.(client, () => {})).rejects.toThrow(status)
    const clientSpan = await eventually(() => telemetry.spans().find(({ kind }) => kind === 'client'))
    expect(clientSpan.attributes['rpc.status_code']).toBe(status)
    const serverSpans = telemetry.spans().filter(({ kind }) => kind === 'server')
    expect(serverSpans.map(({ attributes }) => attributes['rpc.status_code'])).toEqual(serverSpans.length > 0 ? [status] : [])
  })

  it('end where the client cancels, and the handler hears of it in the trace', async () => {
    await start()
    await runWithTrace(carrier, async () => {
      const call = client.get({ id: 'slow' }, () => at('client')('callback'))
      await eventually(() => 'server: handler' in places)
      call.cancel()
    })
    const spans = await both()
    await eventually(() => 'client: callback' in places && 'server: cancelled' in places)
    expect([spans.client.status.code, spans.client.attributes['rpc.status_code']]).toEqual(['error', 'CANCELLED'])
    expect([spans.server.status.code, spans.server.attributes['rpc.status_code']]).toEqual(['unset', 'CANCELLED'])
    expect(places['server: cancelled']).toEqual([traceId, spans.server.spanId])
    expect(places['client: callback']?.[0]).toBe(traceId)
  })

  it('tell the client that its deadline is past', async () => {
    await start()
    const error = await new Promise<grpc.ServiceError | null>((resolve) => {
      client.get({ id: 'slow' }, new grpc.Metadata(), { deadline: Date.now() + 50 }, resolve)
    })
    expect(error?.code).toBe(grpc.status.DEADLINE_EXCEEDED)
    const spans = await both()
    expect(spans.client.attributes['rpc.status_code']).toBe('DEADLINE_EXCEEDED')
    // Whoever notices first: the client's reset is a cancelling to the server.
    expect(['DEADLINE_EXCEEDED', 'CANCELLED']).toContain(spans.server.attributes['rpc.status_code'])
  })

  it('tell of a deadline that the server kept by itself', async () => {
    await start()
    const session = connect(`http://127.0.0.1:${port}`)
    const request = session.request({
      ':method': 'POST',
      ':path': '/shop.Orders/Get',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': '20m',
    })
    request.end(Buffer.from([0, 0, 0, 0, 6, 0x0a, 4, ...Buffer.from('slow')]))
    const [headers] = (await once(request, 'response')) as [Record<string, string>]
    expect(headers['grpc-status']).toBe('4')
    const span = await eventually(() => telemetry.spans()[0])
    expect([span.status.code, span.attributes['rpc.status_code']]).toEqual(['error', 'DEADLINE_EXCEEDED'])
    session.destroy()
  })

  it('tell of a server that is not there', async () => {
    await start()
    server.forceShutdown()
    await expect(calls['a unary call']?.(client, () => {})).rejects.toThrow('UNAVAILABLE')
    expect(telemetry.spans().map((span) => [span.kind, span.attributes['rpc.status_code']])).toEqual([['client', 'UNAVAILABLE']])
  })

  it.each([
    ['none', {}],
    ['a malformed one', { traceparent: 'garbage' }],
    ['one in upper case', { traceparent: carrier.traceparent.toUpperCase() }],
    ['two', { traceparent: [carrier.traceparent, carrier.traceparent] }],
  ])('begin a trace where the metadata has %s', async (_, given: Record<string, string | string[]>) => {
    await start()
    const metadata = new grpc.Metadata()
    for (const [name, values] of Object.entries(given)) for (const value of [values].flat()) metadata.add(name, value)
    const untraced = connectTo(port)
    await new Promise((resolve) => void untraced.get({ id: '7' }, metadata, resolve))
    untraced.close()
    const span = await eventually(() => telemetry.spans()[0])
    expect(span.parentSpanId).toBeUndefined()
    expect(span.traceId).not.toBe(traceId)
  })

  it("take the place of what stood in the metadata, and leave the caller's own object as it was", async () => {
    let received: grpc.MetadataValue[] = []
    await start({
      ...ordersHandlers(() => {}),
      get(call: grpc.ServerUnaryCall<object, object>, callback: grpc.sendUnaryData<object>) {
        received = [...call.metadata.get('traceparent'), ...call.metadata.get('tracestate'), ...call.metadata.get('shop')]
        callback(null, {})
      },
    })
    const metadata = new grpc.Metadata()
    metadata.set('traceparent', `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`)
    metadata.set('tracestate', 'stale=1')
    metadata.set('shop', '42')
    const before = metadata.getMap()
    await new Promise((resolve) => void client.get({ id: '7' }, metadata, resolve))
    const spans = await both()
    expect(received).toEqual([`00-${spans.client.traceId}-${spans.client.spanId}-03`, '42'])
    expect(metadata.getMap()).toEqual(before)
  })

  it('are one each where the interceptors are given twice, beside others', async () => {
    const through: grpc.Interceptor = (options, nextCall) => new grpc.InterceptingCall(nextCall(options))
    const throughServer: grpc.ServerInterceptor = (_, call) => new grpc.ServerInterceptingCall(call)
    await start(ordersHandlers(at('server')), [serverInterceptor(), serverInterceptor(), throughServer])
    const twice = connectTo(port, [through, clientInterceptor(), clientInterceptor()])
    for (const call of Object.values(calls)) await call(twice, () => {})
    twice.close()
    await eventually(() => telemetry.spans().length === 8)
    await wait(20)
    expect(telemetry.spans()).toHaveLength(8)
  })

  it('see the answer of another interceptor that refuses a call', async () => {
    const refuse: grpc.ServerInterceptor = (_, call) =>
      new grpc.ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: () => call.sendStatus({ code: grpc.status.UNAUTHENTICATED, details: 'who are you?' }),
          }),
      })
    await start(ordersHandlers(at('server')), [serverInterceptor(), refuse])
    await expect(calls['a unary call']?.(client, () => {})).rejects.toThrow('who are you?')
    expect((await both()).server.attributes['rpc.status_code']).toBe('UNAUTHENTICATED')
  })

  it('are none for what is ignored', async () => {
    const ignore = (method: string) => method === 'shop.Orders/Get'
    await start(ordersHandlers(at('server')), [serverInterceptor({ ignore })])
    const quiet = connectTo(port, [clientInterceptor({ ignore })])
    await calls['a unary call']?.(quiet, () => {})
    await calls['a server stream']?.(quiet, () => {})
    quiet.close()
    const spans = await both()
    expect([spans.client.name, spans.server.name, telemetry.spans().length]).toEqual(['shop.Orders/List', 'shop.Orders/List', 2])
  })

  it.each([
    ['link', (span: TraceSpan) => span.traceId !== traceId && span.links[0]?.traceId === traceId],
    ['ignore-sampled', (span: TraceSpan) => span.traceId === traceId && span.links.length === 0],
  ] as const)('treat what came in as told: %s', async (incoming, holds) => {
    await start(ordersHandlers(at('server')), [serverInterceptor({ incoming })])
    await runWithTrace(carrier, () => calls['a unary call']?.(client, () => {}))
    expect((await both()).server).toSatisfy(holds)
  })

  it.each([
    ['127.0.0.1', true],
    ['elsewhere', false],
  ])('go on only where they may: to %s, %s', async (host, goes) => {
    await start()
    const limited = connectTo(port, [clientInterceptor({ propagateTo: [host] })])
    await calls['a unary call']?.(limited, () => {})
    limited.close()
    const spans = await both()
    expect(spans.server.parentSpanId === spans.client.spanId).toBe(goes)
  })

  it('are made also where `ignore` throws', async () => {
    await start(ordersHandlers(at('server')), [
      serverInterceptor({
        ignore: () => {
          throw new Error('ignore is broken')
        },
      }),
    ])
    await calls['a unary call']?.(client, () => {})
    expect((await both()).server.name).toBe('shop.Orders/Get')
  })
})

describe('wrong options', () => {
  it.each([
    ['an unknown one', { logger: {} }],
    ['an `ignore` that is no function', { ignore: 'health' }],
    ['no object', 7],
    ['null', null],
  ])('are refused: %s', (_, options) => {
    for (const make of [clientInterceptor, serverInterceptor]) {
      expect(() => make(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
      expect(() => make(options as never)).toThrow(SpanlogError)
    }
  })

  it.each([
    ['a policy that does not exist', () => serverInterceptor({ incoming: 'trust' as never })],
    ['hosts that are none', () => clientInterceptor({ propagateTo: ['http://shop'] })],
  ])('are refused: %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('the target of a channel', () => {
  it.each([
    ['dns:///grpc.io:50051', { host: 'grpc.io', port: 50051 }],
    ['dns:orders:50051', { host: 'orders', port: 50051 }],
    ['dns://1.1.1.1/orders:50051', { host: 'orders', port: 50051 }],
    ['orders:50051', { host: 'orders', port: 50051 }],
    ['ipv6:[2001:db8::1]:50051', { host: '2001:db8::1', port: 50051 }],
    ['unix:/run/containerd/containerd.sock', { host: '/run/containerd/containerd.sock' }],
    ['unix:///run/containerd/containerd.sock', { host: '/run/containerd/containerd.sock' }],
    ['zk://zookeeper:2181/my-server', { host: 'zk://zookeeper:2181/my-server' }],
    ['ipv4:198.51.100.123:50051,198.51.100.124:50051', { host: 'ipv4:198.51.100.123:50051,198.51.100.124:50051' }],
    ['', { host: '' }],
  ])('%s', (target, address) => {
    expect(addressOf(target)).toEqual(address)
  })
})
