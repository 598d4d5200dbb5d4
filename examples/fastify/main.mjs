// Fastify: its request ID is the trace ID, and its own lines know their trace.
import Fastify from 'fastify'
import { traceFastify } from 'spanlog/fastify'
import pino from 'spanlog/pino' // was: 'pino'

const app = Fastify({ loggerInstance: pino() })
await app.register(traceFastify)

app.get('/orders/:id', (request) => {
  request.log.info({ orderId: request.params.id }, 'order found')
  return { id: request.params.id }
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
