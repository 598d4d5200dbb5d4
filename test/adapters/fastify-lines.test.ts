import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import plainPino from 'pino'
import { traceFastify } from 'spanlog/fastify'
import { traceHttp } from 'spanlog/http'
import { tracePino } from 'spanlog/instrument'
import pino from 'spanlog/pino'
import { recordTelemetry } from 'spanlog/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, send } from '../support/http.js'

const portOf = (app: { server: { address(): unknown } }) => (app.server.address() as AddressInfo).port
const later = () => new Promise((resolve) => setTimeout(resolve, 2))

describe("traceFastify and Fastify's own lines", () => {
  const telemetry = recordTelemetry()
  let app: FastifyInstance
  afterEach(async () => {
    await app.close()
    telemetry.reset()
  })

  const traceId = 'a'.repeat(32)
  const headers = { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` }
  const serve = async () => {
    await app.register(traceFastify)
    app.get('/', async (request) => {
      await later()
      request.log.info('in the handler')
      return 'ok'
    })
    app.get('/fail', () => Promise.reject(new Error('boom')))
    await app.listen({ host: '127.0.0.1', port: 0 })
    telemetry.reset()
    return portOf(app)
  }
  const requestLines = () => eventually(() => telemetry.lines().some(({ msg }) => msg === 'request completed') && telemetry.lines())

  it.each([
    ['a logger of spanlog/pino', () => Fastify({ loggerInstance: pino(telemetry.stream) })],
    ['a logger of pino that tracePino made aware', () => Fastify({ loggerInstance: tracePino(plainPino(telemetry.stream)) })],
    [
      'its own logger, made aware by tracePino',
      () => {
        const own = Fastify({ logger: { stream: telemetry.stream } })
        tracePino(own.log)
        return own
      },
    ],
  ])('have trace and request ID alike, with %s', async (_, make) => {
    app = make() as unknown as FastifyInstance
    expect((await send(await serve(), { headers })).text).toBe('ok')
    const lines = await requestLines()
    expect(lines.map(({ msg, reqId, trace_id }) => [msg, reqId, trace_id])).toEqual([
      ['incoming request', traceId, traceId],
      ['in the handler', traceId, traceId],
      ['request completed', traceId, traceId],
    ])
    expect(new Set(lines.map(({ span_id }) => span_id))).toEqual(new Set([telemetry.spans()[0]?.spanId]))
  })

  it('have the request ID with a logger that knows nothing of traces', async () => {
    app = Fastify({ logger: { stream: telemetry.stream } })
    await send(await serve(), { headers })
    expect((await requestLines()).map(({ reqId }) => reqId)).toEqual([traceId, traceId, traceId])
  })

  it('show an exception once, though Fastify logs it too', async () => {
    app = Fastify({ loggerInstance: pino(telemetry.stream) }) as unknown as FastifyInstance
    await send(await serve(), { path: '/fail', headers })
    const [span] = await eventually(() => telemetry.spans().length > 0 && telemetry.spans())
    expect(span?.events.filter((event) => event.name === 'exception')).toHaveLength(1)
    expect(span?.status.code).toBe('error')
  })

  it('hold for inject, which has no server', async () => {
    app = Fastify({ loggerInstance: pino(telemetry.stream) }) as unknown as FastifyInstance
    await serve()
    const answer = await app.inject({ url: '/', headers })
    expect([answer.body, answer.headers['x-trace-id']]).toEqual(['ok', traceId])
    const lines = await requestLines()
    expect(lines.map(({ reqId }) => reqId)).toEqual([traceId, traceId, traceId])
    expect(lines.slice(1).map(({ trace_id }) => trace_id)).toEqual([traceId, traceId])
    expect(telemetry.spans()).toHaveLength(1)
  })

  it('leave an ID that came in the header of requestIdHeader', async () => {
    app = Fastify({ requestIdHeader: 'x-request-id', logger: { stream: telemetry.stream } })
    const port = await serve()
    const res = await send(port, { headers: { ...headers, 'x-request-id': 'theirs' } })
    expect(res.headers['x-trace-id']).toBe(traceId)
    expect((await requestLines()).map(({ reqId }) => reqId)).toEqual(['theirs', 'theirs', 'theirs'])
  })

  it('come once, with one span, where the plugin is registered twice and behind traceHttp', async () => {
    const { createServer } = await import('node:http')
    const trace = traceHttp()
    app = Fastify({
      loggerInstance: pino(telemetry.stream),
      serverFactory: (handler) => createServer((req, res) => trace(req, res, () => handler(req, res))),
    }) as unknown as FastifyInstance
    await app.register(traceFastify)
    await send(await serve(), { headers })
    expect((await requestLines()).map(({ reqId, trace_id }) => [reqId, trace_id])).toEqual([1, 2, 3].map(() => [traceId, traceId]))
    expect(telemetry.spans()).toHaveLength(1)
  })

  it("give an ignored request Fastify's own ID, or the user's", async () => {
    app = Fastify({ genReqId: () => 'mine', logger: { stream: telemetry.stream } })
    await app.register(traceFastify, { ignore: () => true })
    app.get('/', () => Promise.resolve('ok'))
    await app.listen({ host: '127.0.0.1', port: 0 })
    telemetry.reset()
    await send(portOf(app), { headers })
    expect((await requestLines()).map(({ reqId }) => reqId)).toEqual(['mine', 'mine'])
    expect(telemetry.spans()).toEqual([])
  })
})
