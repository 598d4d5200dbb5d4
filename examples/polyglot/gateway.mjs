// The front door: Fastify and pino.
import Fastify from 'fastify'
import { traceFastify } from 'spanlog/fastify'
import { traceFetch } from 'spanlog/http'
import pino from 'spanlog/pino' // was: 'pino'
import { startTracing } from 'spanlog/tracing'

startTracing({ serviceName: 'gateway', exporters: [{ type: 'file', path: process.env.SPAN_FILE }], ratio: 1 })
const log = pino({ base: { service: 'gateway' } })
const fetch = traceFetch(globalThis.fetch)

const app = Fastify({ loggerInstance: log })
await app.register(traceFastify)
app.get('/orders/:item', async (request) => {
  request.log.info({ item: request.params.item }, 'order received')
  const price = await fetch(`${process.env.UPSTREAM}/prices/${request.params.item}`)
  return price.json()
})
await app.listen({ host: '127.0.0.1', port: 0 })
log.info(`listening on ${app.server.address().port}`)
