// Takes orders over HTTP, and leaves the charging to a worker: node:http, BullMQ and pino.
import { createServer } from 'node:http'
import { Queue } from 'bullmq'
import { traceHttp } from 'spanlog/http'
import { tracePublish } from 'spanlog/messaging'
import pino from 'spanlog/pino' // was: 'pino'
import { startTracing } from 'spanlog/tracing'
import { connection, exporters } from './settings.mjs'

startTracing({ serviceName: 'gateway', exporters })
const log = pino({ base: { service: 'gateway' } })
const queue = new Queue('charges', { connection })
const addCharge = tracePublish({ system: 'bullmq', destination: 'charges' }, (opts, data) => queue.add('charge', data, opts))

const trace = traceHttp({ logger: log, route: () => '/orders/:id' })
const server = createServer((req, res) =>
  trace(req, res, async () => {
    const orderId = req.url.split('/').at(-1)
    log.info({ orderId }, 'order received')
    await addCharge({ attempts: 2, removeOnComplete: true }, { orderId })
    res.writeHead(202).end()
  }),
)
server.listen(Number(process.env.PORT), '127.0.0.1', () => log.info('listening'))
