// The flight recorder: debug lines cost no output, until a request fails; and one request can be debugged in each service.
import { createServer } from 'node:http'
import { configure, debugHeaders, spanlogStats } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import pino from 'spanlog/pino' // was: 'pino'

configure({ flightRecorder: true, debugTraces: { secret: 'a secret of these services' } })

const log = pino() // its level is info
const trace = traceHttp({ logger: log })

const server = createServer((req, res) =>
  trace(req, res, () => {
    const id = req.url.split('/')[2]
    log.debug({ orderId: id }, 'looking it up')
    const stock = { 7: 3 }[id]
    log.debug({ orderId: id, stock }, 'looked up')
    res.writeHead(stock === undefined ? 500 : 200).end()
  }),
)
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${server.address().port}`

await fetch(`${url}/orders/7`) // one line: what was kept is dropped
await fetch(`${url}/orders/8`) // three lines: it failed
await fetch(`${url}/orders/7`, { headers: debugHeaders() }) // three lines: it was asked for
server.close()

const { written, dropped } = spanlogStats().flightRecorder
log.info({ written, dropped }, 'kept lines')
