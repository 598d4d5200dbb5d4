import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import Koa, { type Context } from 'koa'
import { correlationId, SpanlogError } from 'spanlog'
import { traceKoa } from 'spanlog/koa'
import { describe, expect, it } from 'vitest'
import { describeServerEdge, type EdgeOptions } from '../contract/server-edge.js'
import { eventually, send } from '../support/http.js'

const later = () => new Promise((resolve) => setTimeout(resolve, 2))

async function* chunks() {
  yield correlationId()
  await later()
  yield correlationId()
}

const handlers: [RegExp, string, (ctx: Context) => unknown][] = [
  [
    /^GET \/orders\/\w+$/,
    '/orders/:id',
    async (ctx) => {
      await later()
      ctx.body = { id: correlationId() }
    },
  ],
  [
    /^POST \/echo$/,
    '/echo',
    async (ctx) => {
      const text = (await ctx.req.toArray()).join('')
      ctx.body = { id: correlationId(), body: JSON.parse(text) }
    },
  ],
  [
    /^GET \/fail$/,
    '/fail',
    async () => {
      await later()
      throw new Error('boom')
    },
  ],
  [/^GET \/refused$/, '/refused', (ctx) => ctx.throw(409, 'no')],
  [
    /^GET \/stream$/,
    '/stream',
    (ctx) => {
      ctx.body = Readable.from(chunks())
    },
  ],
  [
    /^GET \/slow$/,
    '/slow',
    (ctx) => {
      ctx.body = new Readable({ read() {} })
      ;(ctx.body as Readable).push('part')
    },
  ],
  [
    /^GET \/health$/,
    '/health',
    (ctx) => {
      ctx.body = { id: correlationId() ?? null }
    },
  ],
]

/** A router that leaves the route where that of Koa does. */
async function route(ctx: Context): Promise<void> {
  for (const [pattern, path, handle] of handlers) {
    if (!pattern.test(`${ctx.method} ${ctx.path}`)) continue
    ctx['_matchedRoute'] = path
    await handle(ctx)
  }
}

async function start(app: Koa) {
  app.silent = true
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

describeServerEdge('traceKoa', {
  ignoreHealth: (ctx: Context) => ctx.path === '/health',
  refuse: (options) => traceKoa(options as never),
  start: (options: EdgeOptions) => start(new Koa().use(traceKoa(options)).use(route)),
})

describe('traceKoa', () => {
  it('takes a route of its own, with the context of Koa, and keeps what comes back', async () => {
    const seen: unknown[] = []
    const lines: object[] = []
    const app = new Koa()
    app.use(async (_ctx, next) => void seen.push(await next()))
    const log = (line: object) => lines.push(line)
    app.use(traceKoa<Context>({ route: (ctx) => `/${ctx.path.split('/')[1]}/:any`, logger: { info: log, warn: log, error: log } }))
    app.use((ctx) => {
      ctx.body = 'ok'
      return 'kept' as never
    })
    const { port, stop } = await start(app)
    await send(port, { path: '/orders/7' })
    await eventually(() => lines.length > 0)
    await stop()
    expect(lines).toEqual([expect.objectContaining({ route: '/orders/:any', status: 200 })])
    expect(seen).toEqual(['kept'])
  })

  it('opens one span where it is used twice', async () => {
    const app = new Koa().use(traceKoa()).use(traceKoa())
    app.use((ctx) => {
      ctx.body = correlationId()
    })
    const { port, stop } = await start(app)
    const res = await send(port)
    await stop()
    expect(res.headers['x-trace-id']).toBe(res.text)
  })

  it('refuses a route that is no function', () => {
    expect(() => traceKoa({ route: '/x' as never })).toThrow(SpanlogError)
  })
})
