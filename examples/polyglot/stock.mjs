// Knows what is left: node:http and winston.
import { createServer } from 'node:http'
import { traceHttp } from 'spanlog/http'
import { startTracing } from 'spanlog/tracing'
import winston from 'spanlog/winston' // was: 'winston'

startTracing({ serviceName: 'stock', exporters: [{ type: 'file', path: process.env.SPAN_FILE }], ratio: 1 })
const log = winston.createLogger({
  defaultMeta: { service: 'stock' },
  format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
  transports: [new winston.transports.Console()],
})

const trace = traceHttp({ route: () => '/stock/:item' })
const server = createServer((req, res) =>
  trace(req, res, () => {
    log.info('counting', { item: req.url.split('/').at(-1) })
    res.end(JSON.stringify({ left: 3 }))
  }),
)
server.listen(0, '127.0.0.1', () => log.info(`listening on ${server.address().port}`))
