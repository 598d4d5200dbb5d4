import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { fileTraces, type TraceResult, tempoTraces } from 'spanlog/traces'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTempoDouble } from '../support/tempo-double/server.js'

/** Makes one trace with the SDK and hands its spans to the exporter. */
async function record(exporter: SpanExporter): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders' }),
    spanProcessors: [new SimpleSpanProcessor(exporter), new SimpleSpanProcessor(memory)],
  })
  const tracer = provider.getTracer('test')
  const root = tracer.startSpan('POST /orders', {
    kind: SpanKind.SERVER,
    attributes: { 'http.response.status_code': 502, tags: ['a', 'b'] },
  })
  const inRoot = trace.setSpan(ROOT_CONTEXT, root)
  const child = tracer.startSpan(
    'charge',
    { kind: SpanKind.CLIENT, links: [{ context: root.spanContext(), attributes: { why: 'test' } }] },
    inRoot,
  )
  child.recordException(new TypeError('card refused'))
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'card refused' })
  child.end()
  root.end()
  await provider.forceFlush()
  return memory.getFinishedSpans()
}

function expectSame({ trace: read, complete, reasons }: TraceResult, [child, root]: ReadableSpan[]): void {
  expect({ complete, reasons }).toEqual({ complete: true, reasons: [] })
  expect(read?.traceId).toBe(root!.spanContext().traceId)
  const [first, second] = [root!, child!].map((one) => read?.spans.find(({ spanId }) => spanId === one.spanContext().spanId))
  expect(first).toMatchObject({
    name: 'POST /orders',
    service: 'orders',
    kind: 'server',
    status: { code: 'unset' },
    attributes: { 'http.response.status_code': 502, tags: ['a', 'b'] },
    startUnixNano: BigInt(root!.startTime[0]) * 1_000_000_000n + BigInt(root!.startTime[1]),
    endUnixNano: BigInt(root!.endTime[0]) * 1_000_000_000n + BigInt(root!.endTime[1]),
  })
  expect(first).not.toHaveProperty('parentSpanId')
  expect(second).toMatchObject({
    name: 'charge',
    kind: 'client',
    parentSpanId: root!.spanContext().spanId,
    status: { code: 'error', message: 'card refused' },
    events: [{ name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'card refused' } }],
    links: [{ traceId: root!.spanContext().traceId, spanId: root!.spanContext().spanId, attributes: { why: 'test' } }],
  })
}

describe('a trace of the OpenTelemetry SDK', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'spanlog-sdk-'))
  })
  afterEach(() => rm(dir, { recursive: true }))

  it('is read from a file of its own serializer', async () => {
    const spans = await record(new InMemorySpanExporter())
    const lines = spans.map((one) => Buffer.from(JsonTraceSerializer.serializeRequest([one])!).toString())
    await writeFile(path.join(dir, 'traces.jsonl'), `${lines.join('\n')}\n`)
    expectSame(await fileTraces({ paths: dir }).trace(spans[0]!.spanContext().traceId), spans)
  })

  it('is read from the Tempo double, to which its own exporter sent it', async () => {
    const tempo = await startTempoDouble()
    const spans = await record(new OTLPTraceExporter({ url: `${tempo.url}/v1/traces` }))
    expectSame(await tempoTraces({ url: tempo.url }).trace(spans[0]!.spanContext().traceId), spans)
    await tempo.close()
  })
})
