// The service under test: everything that spanlog does in a process, at once. It tells of itself once a second.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { configure, spanlogStats, withFields, withSpan } from 'spanlog'
import { traceFetch, traceHttp } from 'spanlog/http'
import { LokiTransport } from 'spanlog/loki'
import pino from 'spanlog/pino'
import { startTracing } from 'spanlog/tracing'
import winston from 'spanlog/winston'

const { RECEIVER, SPOOL, LINES } = process.env
configure({ flightRecorder: { level: 'debug' } })
const tracing = startTracing({ serviceName: 'soak', exporters: [{ type: 'otlp', url: `${RECEIVER}/v1/traces` }], detectors: [] })

// pino to a file, winston to Loki: every line of both has a number of its own.
const toFile = pino({ level: 'info', base: null }, pino.destination({ dest: LINES, sync: false, minLength: 4096 }))
const loki = new LokiTransport({ url: RECEIVER, service: 'soak', spool: SPOOL, maxBackoffMs: 2000, timeoutMs: 3000 })
const toLoki = winston.createLogger({ format: winston.format.json(), transports: [loki] })
const written = { file: 0, loki: 0 }
const call = traceFetch(fetch)

const routes = {
  '/ok': async () => line('fine'),
  '/nested': async () => {
    await withFields({ tenant: 'a' }, async () => {
      await withSpan('inner', async () => {
        await sleep(1)
        line('inner')
      })
      await call(`${RECEIVER}/downstream`).then((answer) => answer.text())
    })
  },
  '/fails': async () => {
    line('about to fail')
    await withSpan('charge', () => Promise.reject(new Error('refused')))
  },
  '/slow': () => sleep(500),
}

function line(text) {
  toFile.debug({ padding: 'x'.repeat(200) }, 'only if it fails')
  toFile.info({ n: ++written.file }, text)
  toLoki.info(text, { n: ++written.loki })
}

const trace = traceHttp()
const server = createServer((request, response) =>
  trace(request, response, async () => {
    try {
      await routes[request.url]?.()
      response.end('done')
    } catch {
      response.writeHead(500).end('failed')
    }
  }),
)
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

const telling = setInterval(() => process.send(state()), 1000)
function state() {
  globalThis.gc()
  const { heapUsed, rss, external } = process.memoryUsage()
  const emitters = [process, server, process.stdout, toLoki, loki, tracing.provider]
  const listeners = emitters.reduce((sum, one) => sum + (one.eventNames?.() ?? []).reduce((n, name) => n + one.listenerCount(name), 0), 0)
  return { heapUsed, rss, external, listeners, written, loki: loki.stats(), spans: spanlogStats().spans, mirror: spanlogStats().mirror }
}

process.once('SIGTERM', async () => {
  clearInterval(telling)
  server.close()
  server.closeAllConnections()
  await new Promise((resolve) => toLoki.once('finish', resolve).end())
  await tracing.shutdown()
  toFile.flush(() => process.send({ ...state(), ended: true }, () => process.exit()))
})
