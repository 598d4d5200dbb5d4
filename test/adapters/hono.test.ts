import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { stream, streamText } from 'hono/streaming'
import { correlationId } from 'spanlog'
import { traceHono } from 'spanlog/hono'
import { describe, expect, it } from 'vitest'
import { describeServerEdge, type EdgeOptions } from '../contract/server-edge.js'

const later = () => new Promise((resolve) => setTimeout(resolve, 2))

function application(options: EdgeOptions): Hono {
  const orders = new Hono().get('/:id', async (c) => {
    await later()
    return c.json({ id: correlationId() })
  })
  const app = new Hono()
  app.use(traceHono(options))
  app.route('/orders', orders)
  app.post('/echo', async (c) => c.json({ body: await c.req.json(), id: correlationId() }))
  app.get('/fail', async () => {
    await later()
    throw new Error('boom')
  })
  app.get('/refused', () => {
    throw new HTTPException(409)
  })
  app.get('/stream', (c) =>
    streamText(c, async (body) => {
      await body.write(correlationId() ?? 'none')
      await later()
      await body.write(correlationId() ?? 'none')
    }),
  )
  app.get('/slow', (c) =>
    stream(c, async (body) => {
      await body.write('part')
      await new Promise(() => {})
    }),
  )
  app.get('/health', (c) => c.json({ id: correlationId() ?? null }))
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text('no', 500)))
  return app
}

describeServerEdge('traceHono', {
  ignoreHealth: (c: Context) => c.req.path === '/health',
  refuse: (options) => traceHono(options as never),
  async start(options) {
    const server = createAdaptorServer(application(options)) as Server
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      stop: () => {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(resolve))
      },
    }
  },
})

describe('traceHono without a server', () => {
  const traceId = 'a'.repeat(32)
  const headers = { traceparent: `00-${traceId}-${'b'.repeat(16)}-01`, 'content-length': '7' }
  const lines: object[] = []
  const log = (line: object) => lines.push({ ...line, traceId: correlationId() })
  const logger = { info: log, warn: log, error: log }

  it.each([
    ['an answer', '/orders/7?token=x', { status: 200, route: '/orders/:id', path: '/orders/7' }],
    ['an error', '/fail', { status: 500, route: '/fail', path: '/fail' }],
    ['an unknown path', '/nowhere', { status: 404, path: '/nowhere' }],
  ])('continues the trace, and is over with %s', async (_, path, line) => {
    lines.length = 0
    const res = await application({ logger }).request(path, { headers })
    expect([res.status, res.headers.get('x-trace-id')]).toEqual([line.status, traceId])
    expect(lines).toEqual([{ method: 'GET', durationMs: expect.any(Number), traceId, ...line }])
  })

  it('is over where nothing but itself matched, and Hono answers for an error further out', async () => {
    lines.length = 0
    const app = new Hono()
    app.notFound(() => {
      throw new Error('boom')
    })
    app.use(traceHono({ logger })).onError((_error, c) => c.text('no', 500))
    expect((await app.request('/x')).status).toBe(500)
    expect(lines).toEqual([expect.objectContaining({ status: 500, path: '/x' })])
  })

  it('opens one span where it is used twice', async () => {
    lines.length = 0
    const app = new Hono().use(traceHono({ logger })).use(traceHono({ logger }))
    app.get('/', (c) => c.text(correlationId() ?? ''))
    const res = await app.request('/', { headers })
    expect([await res.text(), lines.length]).toEqual([traceId, 1])
  })
})
