import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import Fastify from 'fastify'
import { correlationId } from 'spanlog'
import { traceFastify } from 'spanlog/fastify'
import { describeServerEdge } from '../contract/server-edge.js'

const portOf = (app: { server: { address(): unknown } }) => (app.server.address() as AddressInfo).port
const later = () => new Promise((resolve) => setTimeout(resolve, 2))

describeServerEdge('traceFastify', {
  ignoreHealth: (req: { url: string }) => req.url === '/health',
  refuse: (options) => Fastify().register(traceFastify, options as never),
  async start(options) {
    const app = Fastify({ forceCloseConnections: true })
    app.get('/orders/:id', async () => {
      await later()
      return { id: correlationId() }
    })
    await app.register(traceFastify, options)
    app.post('/echo', (request) => Promise.resolve({ id: correlationId(), body: request.body }))
    app.get('/fail', async () => {
      await later()
      throw new Error('boom')
    })
    app.get('/refused', () => Promise.reject(Object.assign(new Error('no'), { statusCode: 409 })))
    app.get('/stream', (_request, reply) => reply.send(Readable.from(chunks())))
    app.get('/slow', (_request, reply) => {
      reply.hijack()
      reply.raw.write('part')
    })
    app.get('/health', () => Promise.resolve({ id: correlationId() ?? null }))
    await app.listen({ host: '127.0.0.1', port: 0 })
    return { port: portOf(app), stop: () => app.close() }
  },
})

async function* chunks() {
  yield correlationId()
  await later()
  yield correlationId()
}
