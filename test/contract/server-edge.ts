import { type IncomingPolicy, SpanlogError, spanlogStats } from 'spanlog'
import type { CompletionLogger } from 'spanlog/http'
import pino from 'spanlog/pino'
import { recordTelemetry } from 'spanlog/testing'
import type { TraceSpan } from 'spanlog/traces'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, send, sendAndLeave } from '../support/http.js'

export interface EdgeOptions {
  logger?: CompletionLogger
  header?: string | false
  traceparent?: boolean
  /** Must answer for `/health` alone, whatever the framework calls a request. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  ignore?: (request: any) => boolean
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  incoming?: IncomingPolicy | ((request: any) => IncomingPolicy)
  requireTraceparent?: boolean
}

export interface Service {
  port: number
  stop(): Promise<unknown>
}

/**
 * A framework with its edge in front, serving
 *
 * - `GET /orders/:id` after a timer: `{ "id": <correlationId()> }`
 * - `POST /echo`, the JSON body read by the framework's own means: `{ "id": <correlationId()>, "body": … }`
 * - `GET /fail`: throws `new Error('boom')` after a timer; the framework makes a 500 of it
 * - `GET /refused`: throws the framework's own error with status 409
 * - `GET /stream`: two chunks with a timer between, each of them the correlation ID
 * - `GET /slow`: the head and the chunk `part`, and never an end
 * - `GET /health`: `{ "id": <correlationId() ?? null> }`
 */
export interface Framework {
  start(options: EdgeOptions): Promise<Service>
  ignoreHealth: NonNullable<EdgeOptions['ignore']>
  /** What refuses wrong options; it may reject. */
  refuse(options: unknown): unknown
}

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

/** The duties of a server edge, whichever framework it is for. */
export function describeServerEdge(name: string, framework: Framework): void {
  const telemetry = recordTelemetry()
  const logger = pino({ base: null, timestamp: false }, telemetry.stream)
  let service: Service
  let port: number
  beforeAll(async () => {
    service = await framework.start({ logger, traceparent: true, ignore: framework.ignoreHealth })
    port = service.port
  })
  afterEach(() => telemetry.reset())
  afterAll(async () => {
    await service.stop()
    telemetry.stop()
  })

  const serverSpans = (): TraceSpan[] => telemetry.spans().filter(({ kind }) => kind === 'server')
  const serverSpan = (): Promise<TraceSpan> => eventually(() => serverSpans()[0])
  const completions = () => telemetry.lines().filter(({ msg }) => /^request (completed|aborted)$/.test(String(msg)))

  describe(`${name}, as each server edge,`, () => {
    it('continues the trace of the request, and answers with its ID', async () => {
      const res = await send(port, { path: '/orders/7?token=secret', headers: { traceparent, tracestate: 'a=1', 'user-agent': 'test/1' } })
      expect(JSON.parse(res.text)).toEqual({ id: traceId })
      const span = await serverSpan()
      expect(res.headers).toMatchObject({ 'x-trace-id': traceId, traceparent: `00-${traceId}-${span.spanId}-01` })
      expect(span).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331', name: 'GET /orders/:id', status: { code: 'unset' } })
      expect(span.attributes).toEqual({
        'http.request.method': 'GET',
        'http.route': '/orders/:id',
        'url.path': '/orders/7',
        'url.scheme': 'http',
        'network.protocol.version': '1.1',
        'user_agent.original': 'test/1',
        'http.response.status_code': 200,
        'http.response.body.size': res.text.length,
      })
    })

    it.each([
      ['none', {}],
      ['a malformed one', { traceparent: 'garbage' }],
    ])('begins a trace where the request has %s', async (_, headers) => {
      const res = await send(port, { path: '/orders/7', headers })
      const { id } = JSON.parse(res.text)
      expect(id).toMatch(/^[0-9a-f]{32}$/)
      expect(res.headers['x-trace-id']).toBe(id)
      expect((await serverSpan()).parentSpanId).toBeUndefined()
    })

    it('keeps the trace while the body is read, and after', async () => {
      const res = await send(port, {
        method: 'POST',
        path: '/echo',
        headers: { traceparent, 'content-type': 'application/json' },
        body: ['{"a":', '1}'],
      })
      expect(JSON.parse(res.text)).toEqual({ id: traceId, body: { a: 1 } })
      expect((await serverSpan()).attributes).toMatchObject({ 'http.route': '/echo', 'http.request.body.size': 7 })
    })

    it('keeps concurrent requests apart', async () => {
      const ids = Array.from({ length: 20 }, (_, i) => `${i + 1}`.padStart(32, 'c'))
      const answers = await Promise.all(
        ids.map((id) => send(port, { path: `/orders/${id}`, headers: { traceparent: `00-${id}-${'d'.repeat(16)}-01` } })),
      )
      expect(answers.map((res) => [JSON.parse(res.text).id, res.headers['x-trace-id']])).toEqual(ids.map((id) => [id, id]))
      await eventually(() => completions().length === ids.length)
      expect(new Map(completions().map((line) => [line['trace_id'], line['path']]))).toEqual(
        new Map(ids.map((id) => [id, `/orders/${id}`])),
      )
      expect(new Set(serverSpans().map((span) => span.traceId)).size).toBe(ids.length)
    })

    it('keeps the requests of one connection apart', async () => {
      const { Agent } = await import('node:http')
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const first = await send(port, { path: '/orders/1', agent, headers: { traceparent } })
      const second = await send(port, { path: '/orders/2', agent })
      agent.destroy()
      expect(JSON.parse(first.text).id).toBe(traceId)
      expect(JSON.parse(second.text).id).toBe(second.headers['x-trace-id'])
      expect(JSON.parse(second.text).id).not.toBe(traceId)
    })

    it('records once what a handler throws, and is an error at 500', async () => {
      const res = await send(port, { path: '/fail', headers: { traceparent } })
      expect([res.statusCode, res.headers['x-trace-id']]).toEqual([500, traceId])
      const span = await serverSpan()
      expect(span).toMatchObject({ name: 'GET /fail', status: { code: 'error' } })
      expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' })
      const exceptions = span.events.filter((event) => event.name === 'exception')
      expect(exceptions).toEqual([expect.objectContaining({ attributes: expect.objectContaining({ 'exception.message': 'boom' }) })])
      expect(completions()).toEqual([expect.objectContaining({ level: 50, status: 500, route: '/fail', trace_id: traceId })])
    })

    it('takes an error that the framework makes a 4xx of for an answer', async () => {
      expect((await send(port, { path: '/refused' })).statusCode).toBe(409)
      const span = await serverSpan()
      expect(span).toMatchObject({ name: 'GET /refused', status: { code: 'unset' } })
      expect(span.events.filter((event) => event.name === 'exception')).toEqual([])
    })

    it('names an unknown path by its method alone', async () => {
      const res = await send(port, { path: '/nowhere/4711', headers: { traceparent } })
      expect([res.statusCode, res.headers['x-trace-id']]).toEqual([404, traceId])
      const span = await serverSpan()
      expect([span.name, span.status.code, span.attributes['http.route']]).toEqual(['GET', 'unset', undefined])
    })

    it('keeps the trace through a streamed response, and ends with it', async () => {
      const res = await send(port, { path: '/stream', headers: { traceparent } })
      expect(res.text).toBe(traceId + traceId)
      expect((await serverSpan()).attributes).toMatchObject({ 'http.route': '/stream', 'http.response.body.size': 64 })
    })

    it('ends the span and says so when the client goes away', async () => {
      await sendAndLeave(port, '/slow')
      expect(await serverSpan()).toMatchObject({ name: 'GET /slow', attributes: { 'http.response.body.size': 4 } })
      await eventually(() => completions().length > 0)
      expect(completions()).toEqual([expect.objectContaining({ level: 40, msg: 'request aborted', path: '/slow' })])
    })

    it('writes one completion line, inside the trace', async () => {
      await send(port, { path: '/orders/7?token=secret', headers: { traceparent } })
      const { spanId } = await serverSpan()
      expect(completions()).toEqual([
        {
          level: 30,
          msg: 'request completed',
          method: 'GET',
          route: '/orders/:id',
          path: '/orders/7',
          status: 200,
          durationMs: expect.any(Number),
          trace_id: traceId,
          span_id: spanId,
          trace_flags: expect.stringMatching(/^0[13]$/),
        },
      ])
    })

    it('passes ignored requests on untouched', async () => {
      const res = await send(port, { path: '/health', headers: { traceparent } })
      expect([res.statusCode, JSON.parse(res.text), res.headers['x-trace-id']]).toEqual([200, { id: null }, undefined])
      await send(port, { path: '/orders/7' })
      await serverSpan()
      expect(serverSpans()).toHaveLength(1)
      expect(completions()).toHaveLength(1)
    })

    /** Serves one request by other options. */
    const served = async (options: EdgeOptions, headers: Record<string, string>) => {
      const own = await framework.start(options)
      try {
        return await send(own.port, { path: '/orders/7', headers })
      } finally {
        await own.stop()
      }
    }

    it.each<[string, EdgeOptions['incoming']]>([
      ['for all', 'link'],
      ['for each', () => 'link'],
      ['by a function that fails', () => (undefined as unknown as { policy: IncomingPolicy }).policy],
      ['by a function that says something else', () => 'trust' as IncomingPolicy],
    ])('begins a trace with a link to that of the request, if it is not trusted: %s', async (_, incoming) => {
      const res = await served({ ...(incoming && { incoming }) }, { traceparent, tracestate: 'a=1' })
      const span = await serverSpan()
      expect(span.traceId).not.toBe(traceId)
      expect(span.parentSpanId).toBeUndefined()
      expect(span.links).toEqual([expect.objectContaining({ traceId, spanId: 'b7ad6b7169203331' })])
      expect([JSON.parse(res.text).id, res.headers['x-trace-id']]).toEqual([span.traceId, span.traceId])
    })

    it('goes on with the ID alone, if told to ignore the sampled flag', async () => {
      const res = await served({ incoming: 'ignore-sampled', traceparent: true }, { traceparent })
      expect(await serverSpan()).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331', links: [] })
      expect(JSON.parse(res.text).id).toBe(traceId)
    })

    it('counts the requests that name no trace, by route, and serves them, with a warning where one is required', async () => {
      const count = () => spanlogStats().untracedRequests['GET /orders/:id'] ?? 0
      const before = count()
      const warnings: string[] = []
      const warned = (warning: Error) => warnings.push(warning.message)
      process.on('warning', warned)
      const answers = [
        await served({}, { traceparent }),
        await served({}, {}),
        await served({ requireTraceparent: true }, { traceparent: 'malformed' }),
        await served({ requireTraceparent: true }, {}),
      ]
      await eventually(() => count() === before + 3)
      process.off('warning', warned)
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200])
      expect(warnings.filter((text) => text.includes('named no trace'))).toEqual([
        'a request named no trace, where one is required: GET /orders/:id',
      ])
    })

    it.each([
      ['a misspelt option', { loger: logger }, /has no option `loger`/],
      ['a header name with a space', { header: 'x trace' }, /`header` to be the name of an HTTP header, or false, got "x trace"/],
      ['a logger without methods', { logger: {} }, /`logger` to be a logger with a method `info`/],
      ['an unknown policy', { incoming: 'trust' }, /`incoming` to be continue, link, ignore-sampled, or a function, got "trust"/],
      ['a requirement that is none', { requireTraceparent: 'yes' }, /`requireTraceparent` to be a boolean or a function, got "yes"/],
      ['an ignore that is no function', { ignore: '/health' }, /`ignore` to be a function, got "\/health"/],
    ])('refuses %s', async (_, options, message) => {
      const error = await (async () => framework.refuse(options))().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(SpanlogError)
      expect((error as Error).message).toMatch(message)
    })
  })
}
