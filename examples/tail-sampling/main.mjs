// Tail sampling: what failed or was slow is kept, and of the rest a share; decided when the request is over.
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { configure, withSpan } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import pino from 'spanlog/pino' // was: 'pino'
import { startTracing } from 'spanlog/tracing'

const tracing = startTracing({
  serviceName: 'orders',
  exporters: ['console'], // one line a span, on stderr
  tailSampling: {
    keep: ['errors', { slowerThanMs: 200 }, { probability: 0.01 }],
    drop: [{ rootName: /health/ }],
  },
})
configure({ flightRecorder: true }) // and the debug lines of what failed

const log = pino()
const trace = traceHttp({ logger: log })
const server = createServer((req, res) =>
  trace(req, res, async () => {
    const id = req.url.split('/')[2]
    log.debug({ orderId: id }, 'looking it up')
    await withSpan('load order', () => setTimeout(id === 'slow' ? 300 : 1))
    res.writeHead(id === 'missing' ? 500 : 200).end()
  }),
)
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${server.address().port}`

for (let i = 0; i < 50; i++) await fetch(`${url}/orders/${i}`)
await fetch(`${url}/orders/missing`)
await fetch(`${url}/orders/slow`)
server.close()
server.closeAllConnections()

await tracing.forceFlush()
const { keptTraces, droppedTraces } = tracing.tailSampling
log.info({ keptTraces, droppedTraces }, 'decided')
await tracing.shutdown()
