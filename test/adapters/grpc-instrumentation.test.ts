import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')

/** A service and its client with OpenTelemetry's own gRPC instrumentation, which patches grpc-js as it is loaded. */
const program = `
  const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc')
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
  const exporter = new InMemorySpanExporter()
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
  registerInstrumentations({ instrumentations: [new GrpcInstrumentation({ ignoreGrpcMethods: ['Place'] })] })
  const grpc = require('@grpc/grpc-js')
  const { loadSync } = require('@grpc/proto-loader')
  const { currentTrace, withSpan } = require(${JSON.stringify(path.join(root, 'dist/src/index.js'))})
  const { clientInterceptor, serverInterceptor } = require(${JSON.stringify(path.join(root, 'dist/adapters/grpc.js'))})
  const { Orders } = grpc.loadPackageDefinition(loadSync(${JSON.stringify(path.join(root, 'examples/grpc/orders.proto'))})).shop
  const server = new grpc.Server({ interceptors: [(definition, call) => new grpc.ServerInterceptingCall(call), serverInterceptor()] })
  const seen = []
  const at = () => seen.push(currentTrace())
  server.addService(Orders.service, {
    get: (call, callback) => setImmediate(() => (at(), callback(null, call.request))),
    place: (call, callback) => call.on('data', () => {}).on('end', () => callback(null, {})),
    list: (call) => (at(), call.write(call.request), setImmediate(() => call.end())),
    talk: (call) => call.on('data', at).on('end', () => call.end()),
  })
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (error, port) => {
    const client = new Orders('127.0.0.1:' + port, grpc.credentials.createInsecure(), { interceptors: [clientInterceptor()] })
    const traceId = await withSpan('call', async (span) => {
      await new Promise((resolve) => client.get({ id: '7' }, resolve))
      await new Promise((resolve) => client.list({ id: '7' }).on('data', () => {}).on('end', resolve))
      await new Promise((resolve) => { const call = client.talk(); call.on('data', () => {}).on('end', resolve); call.end({ id: '7' }) })
      await new Promise((resolve) => client.place(resolve).end({ id: '7' }))
      return span.spanContext().traceId
    })
    client.close()
    server.forceShutdown()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const spans = exporter.getFinishedSpans().filter((span) => span.kind > 0)
    console.log(JSON.stringify({
      spans: spans.map((span) => [span.kind, span.name, span.instrumentationScope.name].join(' ')).sort(),
      traces: new Set(spans.map((span) => span.spanContext().traceId)).size,
      inTheirs: seen.map(({ spanId }) => spans.some((span) => span.kind === 1 && span.spanContext().spanId === spanId)),
      one: spans.every((span) => span.spanContext().traceId === traceId),
    }))
  })`

describe("beside OpenTelemetry's gRPC instrumentation", () => {
  it('leaves its spans alone and opens no others, but for the calls that it is told to ignore', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { cwd: root })
    const theirs = ['Get', 'List', 'Talk'].flatMap((method) =>
      [1, 2].map((kind) => `${kind} grpc.shop.Orders/${method} @opentelemetry/instrumentation-grpc`),
    )
    expect(JSON.parse(stdout)).toEqual({
      spans: [...theirs, '2 shop.Orders/Place spanlog'].toSorted(),
      traces: 1,
      inTheirs: [true, true, true],
      one: true,
    })
  })
})
