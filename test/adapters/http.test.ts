import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  type Server,
} from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import express from 'express'
import { correlationId, currentTrace } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
beforeAll(() => provider.register())
afterAll(() => provider.shutdown())
beforeEach(() => exporter.reset())

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

let server: Server | undefined
afterEach(async () => {
  server?.closeAllConnections()
  if (server?.listening) await new Promise((resolve) => server?.close(resolve))
})

async function listen(listener: RequestListener): Promise<number> {
  server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

async function send(
  port: number,
  options: RequestOptions & { body?: string | string[] } = {},
): Promise<IncomingMessage & { text: string }> {
  const req = httpRequest({ host: '127.0.0.1', port, ...options })
  for (const chunk of [options.body ?? []].flat()) req.write(chunk)
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  return Object.assign(res, { text: (await res.toArray()).join('') })
}

/** The finished server span; it ends a tick after the client has its answer. */
async function serverSpan(): Promise<ReadableSpan> {
  for (let i = 0; i < 12_000 && exporter.getFinishedSpans().length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(exporter.getFinishedSpans()).toHaveLength(1)
  return exporter.getFinishedSpans()[0] as ReadableSpan
}

/** A logger with pino's order of arguments that keeps its lines beside the trace they were written in. */
function keepingLogger() {
  const lines: unknown[] = []
  const at = (level: string) => (fields: object, message: string) => lines.push({ level, message, ...fields, traceId: correlationId() })
  return { lines, info: at('info'), warn: at('warn'), error: at('error') }
}

describe('traceHttp on node:http', () => {
  it('continues the trace of the request, and answers with its ID', async () => {
    const trace = traceHttp()
    const port = await listen((req, res) => trace(req, res, () => res.end(correlationId())))
    const res = await send(port, { headers: { traceparent, tracestate: 'a=1' } })
    expect([res.text, res.headers['x-trace-id'], res.headers.traceparent]).toEqual([traceId, traceId, undefined])
    const span = await serverSpan()
    expect(span.spanContext().traceId).toBe(traceId)
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
    expect(span.spanContext().traceState?.serialize()).toBe('a=1')
  })

  it.each([
    ['none', {}],
    ['a malformed one', { traceparent: 'garbage' }],
    ['one in upper case', { traceparent: traceparent.toUpperCase() }],
  ])('begins a trace where the request has %s', async (_, headers) => {
    const trace = traceHttp()
    const port = await listen((req, res) => trace(req, res, () => res.end(correlationId())))
    const res = await send(port, { headers })
    expect(res.text).toMatch(/^[0-9a-f]{32}$/)
    expect(res.text).not.toBe(traceId)
    expect(res.headers['x-trace-id']).toBe(res.text)
    expect((await serverSpan()).parentSpanContext).toBeUndefined()
  })

  it('gives the span its name, kind and attributes, with body sizes and without the query', async () => {
    const trace = traceHttp({ route: () => '/orders/:id' })
    const port = await listen((req, res) => trace(req, res, () => req.resume().on('end', () => res.end('täst'))))
    await send(port, {
      method: 'POST',
      path: '/orders/7?token=secret',
      headers: { 'user-agent': 'test/1', 'content-length': 5 },
      body: 'hello',
    })
    const span = await serverSpan()
    expect(span.name).toBe('POST /orders/:id')
    expect(span.kind).toBe(SpanKind.SERVER)
    expect(span.status.code).toBe(SpanStatusCode.UNSET)
    expect(span.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/orders/:id',
      'url.path': '/orders/7',
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
      'user_agent.original': 'test/1',
      'http.response.status_code': 200,
      'http.request.body.size': 5,
      'http.response.body.size': 5,
    })
  })

  it.each([
    ['a chunked request', { method: 'POST', body: ['abc', 'defg'] }, 7, 2],
    ['a request without a body', {}, undefined, 2],
    ['a HEAD request', { method: 'HEAD' }, undefined, 0],
  ])('counts the body of %s', async (_, options, requestSize, responseSize) => {
    const trace = traceHttp()
    const port = await listen((req, res) => trace(req, res, () => req.resume().on('end', () => res.end('ok'))))
    await send(port, options)
    expect((await serverSpan()).attributes).toMatchObject({ 'http.response.body.size': responseSize })
    expect((await serverSpan()).attributes['http.request.body.size']).toBe(requestSize)
  })

  it('is an error at 5xx, and not at 4xx', async () => {
    const trace = traceHttp()
    const port = await listen((req, res) => trace(req, res, () => res.writeHead(Number(req.url?.slice(1))).end()))
    await send(port, { path: '/503' })
    expect((await serverSpan()).status).toEqual({ code: SpanStatusCode.ERROR })
    expect((await serverSpan()).attributes['error.type']).toBe('503')
    exporter.reset()
    await send(port, { path: '/404' })
    expect((await serverSpan()).status.code).toBe(SpanStatusCode.UNSET)
  })

  it('keeps the trace through body events, timers and the close of the response', async () => {
    const seen: Record<string, string | undefined> = {}
    const trace = traceHttp()
    const port = await listen((req, res) =>
      trace(req, res, () => {
        req.on('data', () => {
          seen['data'] = correlationId()
        })
        req.on('end', () => {
          seen['end'] = correlationId()
          setTimeout(() => res.end('ok'), 1)
        })
        res.on('finish', () => {
          seen['finish'] = correlationId()
        })
        res.on('close', () => {
          seen['close'] = correlationId()
          server?.emit('over')
        })
      }),
    )
    const over = once(server as Server, 'over')
    await send(port, { method: 'POST', headers: { traceparent }, body: 'x' })
    await over
    expect(seen).toEqual({ data: traceId, end: traceId, finish: traceId, close: traceId })
  })

  it('writes one completion line, inside the trace', async () => {
    const logger = keepingLogger()
    const trace = traceHttp({ logger, route: () => '/a/:b' })
    const port = await listen((req, res) => trace(req, res, () => res.writeHead(req.url === '/a/bad' ? 500 : 201).end()))
    await send(port, { path: '/a/b?c', headers: { traceparent } })
    await send(port, { path: '/a/bad', headers: { traceparent } })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const line = { message: 'request completed', method: 'GET', route: '/a/:b', durationMs: expect.any(Number), traceId }
    expect(logger.lines).toEqual([
      { ...line, level: 'info', path: '/a/b', status: 201 },
      { ...line, level: 'error', path: '/a/bad', status: 500 },
    ])
  })

  it('ends the span and says so when the client goes away', async () => {
    const logger = keepingLogger()
    const trace = traceHttp({ logger })
    const port = await listen((req, res) => trace(req, res, () => res.write('part')))
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
    socket.once('data', () => socket.destroy())
    expect((await serverSpan()).attributes).toMatchObject({ 'http.response.body.size': 4 })
    expect(logger.lines).toEqual([expect.objectContaining({ level: 'warn', message: 'request aborted' })])
  })

  it('answers under another header name, with traceparent if asked, or not at all', async () => {
    const named = traceHttp({ header: 'X-Request-Id', traceparent: true })
    const silent = traceHttp({ header: false })
    const port = await listen((req, res) => (req.url === '/silent' ? silent : named)(req, res, () => res.end(currentTrace()?.spanId)))
    const res = await send(port, { headers: { traceparent } })
    expect(res.headers['x-request-id']).toBe(traceId)
    expect(res.headers.traceparent).toBe(`00-${traceId}-${res.text}-01`)
    expect((await send(port, { path: '/silent' })).headers['x-trace-id']).toBeUndefined()
  })

  it('passes ignored requests on untouched, and opens one span when mounted twice', async () => {
    const trace = traceHttp({ ignore: (req) => req.url === '/health' })
    const port = await listen((req, res) => trace(req, res, () => traceHttp()(req, res, () => res.end('ok'))))
    await send(port, { path: '/x' })
    await serverSpan()
    const only = traceHttp({ ignore: () => true })
    server?.removeAllListeners('request').on('request', (req, res) => only(req, res, () => res.end(correlationId() ?? 'none')))
    const res = await send(port, { path: '/health' })
    expect([res.text, res.headers['x-trace-id']]).toEqual(['none', undefined])
    expect(exporter.getFinishedSpans()).toHaveLength(1)
  })

  it('keeps the request alive when a function or logger of the user throws', async () => {
    const no = () => {
      throw new Error('no')
    }
    const trace = traceHttp({ route: no, ignore: no, logger: { info: no, warn: no, error: no } })
    const port = await listen((req, res) => trace(req, res, () => res.end('ok')))
    expect((await send(port)).text).toBe('ok')
    expect((await serverSpan()).name).toBe('GET')
  })

  it('throws on what the handler throws, recorded', async () => {
    const trace = traceHttp()
    const error = new Error('boom')
    const port = await listen((req, res) => {
      try {
        trace(req, res, () => {
          throw error
        })
      } catch (caught) {
        res.writeHead(500).end(String(caught === error))
      }
    })
    expect((await send(port)).text).toBe('true')
    expect((await serverSpan()).events).toEqual([expect.objectContaining({ name: 'exception' })])
  })

  it('does not mistake a span that the listening server inherited for the request', async () => {
    const trace = traceHttp()
    const [startup, port] = await provider.getTracer('t').startActiveSpan('startup', async (span) => {
      const listening = await listen((req, res) => trace(req, res, () => res.end(correlationId())))
      expect((await send(listening, { headers: { traceparent } })).text).toBe(traceId)
      return [span, listening] as const
    })
    expect((await send(port)).text).not.toBe(startup.spanContext().traceId)
    startup.end()
    expect((await send(port)).text).not.toBe(startup.spanContext().traceId)
  })
})

describe('traceHttp on Express', () => {
  it('knows the route, also of a router, and each request its own trace', async () => {
    const logger = keepingLogger()
    const app = express()
    const router = express.Router()
    router.post('/:id', express.json(), async (req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      res.json({ id: correlationId(), body: req.body })
    })
    app.use(traceHttp({ logger })).use('/orders', router)
    const port = await listen(app)
    const ids = Array.from({ length: 8 }, (_, i) => `${i + 1}`.padStart(32, 'c'))
    const answers = await Promise.all(
      ids.map((id) =>
        send(port, {
          method: 'POST',
          path: `/orders/${id}`,
          headers: { traceparent: `00-${id}-${'d'.repeat(16)}-01`, 'content-type': 'application/json' },
          body: `{"id":"${id}"}`,
        }),
      ),
    )
    expect(answers.map((res) => JSON.parse(res.text))).toEqual(ids.map((id) => ({ id, body: { id } })))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(new Set(exporter.getFinishedSpans().map((span) => span.name))).toEqual(new Set(['POST /orders/:id']))
    expect(logger.lines).toHaveLength(8)
  })

  it('keeps IDs in the path of a router out of the route', async () => {
    const router = express.Router().get('/orders/:oid', (_req, res) => void res.end())
    const port = await listen(express().use(traceHttp()).use('/v1/users/:id', router))
    await send(port, { path: '/v1/users/42/orders/7' })
    expect((await serverSpan()).name).toBe('GET /v1/users/:id/orders/:oid')
  })

  it('names an unknown path by its method alone', async () => {
    const port = await listen(express().use(traceHttp()))
    expect((await send(port, { path: '/nowhere' })).statusCode).toBe(404)
    expect((await serverSpan()).name).toBe('GET')
  })

  it('records nothing twice when an error handler answers', async () => {
    const app = express()
    app.use(traceHttp()).get('/fail', () => {
      throw new Error('boom')
    })
    app.use(((_error, _req, res, _next) => res.status(502).end()) as express.ErrorRequestHandler)
    const port = await listen(app)
    expect((await send(port, { path: '/fail' })).statusCode).toBe(502)
    expect(await serverSpan()).toMatchObject({ name: 'GET /fail', status: { code: SpanStatusCode.ERROR } })
  })
})

describe('traceHttp options', () => {
  it.each([
    ['a misspelt option', { loger: console }, /traceHttp has no option `loger`/],
    ['a header name with a space', { header: 'x trace' }, /`header` to be the name of an HTTP header, or false, got "x trace"/],
    ['a logger without methods', { logger: {} }, /`logger` to be a logger with a method `info`/],
    ['a logger that is none', { logger: false }, /`logger` to be a logger with a method `info`, got false/],
    ['a route that is no function', { route: '/x' }, /`route` to be a function, got "\/x"/],
    ['a traceparent that is no boolean', { traceparent: 1 }, /`traceparent` to be a boolean/],
    ['no object', 'x', /`options` to be an object/],
  ])('refuse %s', (_, options, message) => {
    expect(() => traceHttp(options as never)).toThrow(message)
  })
})
