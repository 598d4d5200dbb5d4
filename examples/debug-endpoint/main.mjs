// A service that shows its own latest traces, with their lines: GET /debug/traces/:id
import { createServer } from 'node:http'
import { correlationId, withSpan } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import { eventLogs } from 'spanlog/logs'
import pino from 'spanlog/pino'
import { memoryTraces, toJson } from 'spanlog/traces'
import { startTracing } from 'spanlog/tracing'

const recent = memoryTraces({ maxSpans: 5_000 })
startTracing({ serviceName: 'orders', exporters: [recent], batch: { scheduledDelayMs: 100 }, redact: true })

const log = pino()
const logs = eventLogs(recent)
const trace = traceHttp({ ignore: (req) => req.url?.startsWith('/debug/') })

const server = createServer((req, res) => {
  trace(req, res, () => {
    void serve(req.url ?? '/', res).catch((error) => {
      log.error(error)
      res.writeHead(500).end()
    })
  })
})

async function serve(url, res) {
  const [, traceId] = /^\/debug\/traces\/(\w+)$/.exec(url) ?? []
  if (traceId === undefined) {
    await withSpan('charge card', async () => log.info({ orderId: 'A-17', password: 'hunter2' }, 'charged'))
    res.end(`${correlationId()}\n`)
    return
  }
  // Whoever may read this may read what the spans say: serve it to your own network alone.
  const { trace: found, complete, reasons } = await recent.trace(traceId)
  const { entries } = await logs.forTrace(traceId).collect()
  res.setHeader('content-type', 'application/json')
  res.statusCode = found ? 200 : 404
  res.end(JSON.stringify({ trace: found && toJson(found), lines: entries.map(({ line }) => JSON.parse(line)), complete, reasons }))
}

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => log.info(server.address(), 'listening'))
