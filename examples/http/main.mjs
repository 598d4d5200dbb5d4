// node:http alone, with a logger of each request's own.
import { createServer } from 'node:http'
import { traceHttp } from 'spanlog/http'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const trace = traceHttp({ logger: log, route: () => '/orders/:id' })

function serve(req, res) {
  const id = req.url.split('/').at(-1)
  const requestLog = log.child({ user: req.headers['x-user'] ?? 'guest' })
  // `end` runs in the trace too, since `traceHttp` has bound the request: node alone loses it there.
  req.resume().on('end', () => {
    requestLog.info({ orderId: id }, 'order found')
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ id }))
  })
}

createServer((req, res) => trace(req, res, () => serve(req, res))).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  log.info('listening'),
)
