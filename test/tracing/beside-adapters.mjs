// A service that has OpenTelemetry's instrumentations and our adapters at once: one request, each edge of it one span.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { memoryTraces } from 'spanlog/traces'
import { startTracing } from 'spanlog/tracing'

const recent = memoryTraces()
const tracing = startTracing({ exporters: [recent], instrumentations: 'auto' })
const { default: express } = await import('express')
const { traceFetch, traceHttp } = await import('spanlog/http')

const fetchTraced = traceFetch(fetch)
const app = express()
app.use(traceHttp())
app.get('/names/:id', (req, res) => res.send(req.params.id))
app.get('/greetings/:id', async (req, res) => {
  const answer = await fetchTraced(`http://127.0.0.1:${server.address().port}/names/${req.params.id}`)
  res.send(await answer.text())
})
const server = createServer(app).listen(0, '127.0.0.1')
await once(server, 'listening')

const traceId = '0af7651916cd43dd8448eb211c80319c'
const { get } = await import('node:http')
const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
const [response] = await once(get({ port: server.address().port, host: '127.0.0.1', path: '/greetings/7', headers }), 'response')
response.resume()
await once(response, 'end')
await new Promise((resolve) => setTimeout(resolve, 100))
await tracing.forceFlush()
const { trace } = await recent.trace(traceId)
console.log(JSON.stringify(trace.spans.filter(({ kind }) => kind !== 'internal').map(({ kind, name }) => `${kind} ${name}`)))
process.exit(0)
