import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')

/** A service with OpenTelemetry's own HTTP instrumentation, which patches node:http before the server is made. */
const service = `
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { InMemorySpanExporter, SimpleSpanProcessor, AlwaysOffSampler, AlwaysOnSampler } = require('@opentelemetry/sdk-trace-base')
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
  const exporter = new InMemorySpanExporter()
  const sampler = process.env.SAMPLED === 'no' ? new AlwaysOffSampler() : new AlwaysOnSampler()
  const provider = new NodeTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] })
  if (process.env.PROVIDER === 'no') {
    // As the SDK for Node leaves it with OTEL_TRACES_EXPORTER=none.
    const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
    require('@opentelemetry/api').context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  } else provider.register()
  registerInstrumentations({ instrumentations: [new HttpInstrumentation()] })
  const http = require('node:http')
  const { correlationId, currentTrace } = require(${JSON.stringify(path.join(root, 'dist/src/index.js'))})
  const { traceHttp } = require(${JSON.stringify(path.join(root, 'dist/adapters/http.js'))})
  const trace = traceHttp({ route: () => '/orders/:id' })
  let inHandler
  const server = http.createServer((req, res) => trace(req, res, () => req.resume().on('end', () => {
    inHandler = currentTrace()
    res.end('ok')
  })))
  server.listen(0, '127.0.0.1', async () => {
    const res = await fetch('http://127.0.0.1:' + server.address().port + '/orders/1', { method: 'POST', body: 'x', headers: { traceparent: '00-${'a'.repeat(32)}-${'b'.repeat(16)}-01' } })
    await res.text()
    server.close()
    server.closeAllConnections()
    setTimeout(() => {
      const spans = exporter.getFinishedSpans().filter((span) => span.kind === 1)
      console.log(JSON.stringify({ names: spans.map((span) => span.name), header: res.headers.get('x-trace-id'), same: spans[0] ? inHandler.spanId === spans[0].spanContext().spanId : inHandler.traceId, scope: spans[0]?.instrumentationScope.name }))
    }, 20)
  })`

async function run(env: Record<string, string>) {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', service], { cwd: root, env: { ...process.env, ...env } })
  return JSON.parse(stdout)
}

describe("beside OpenTelemetry's HTTP instrumentation", () => {
  it('uses the server span that it opened, names it by the route, and opens none of its own', async () => {
    expect(await run({})).toEqual({
      names: ['POST /orders/:id'],
      header: 'a'.repeat(32),
      same: true,
      scope: '@opentelemetry/instrumentation-http',
    })
  })

  it('keeps the trace of a request that is not sampled', async () => {
    expect(await run({ SAMPLED: 'no' })).toEqual({ names: [], header: 'a'.repeat(32), same: 'a'.repeat(32) })
  })

  it('keeps the trace where the instrumentation has no provider, whose spans have no IDs', async () => {
    expect(await run({ PROVIDER: 'no' })).toEqual({ names: [], header: 'a'.repeat(32), same: 'a'.repeat(32) })
  })
})
