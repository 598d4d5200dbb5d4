// oxlint-disable typescript/no-floating-promises -- node:test collects the promises of its own calls
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { memoryTraces } from 'spanlog/traces'
import { countErrors, enrichSpans, filterSpans, oldAttributeNames, redactSpans } from 'spanlog/tracing'

function provider(stage, ...beside) {
  const [behind, untouched] = [new InMemorySpanExporter(), new InMemorySpanExporter()]
  const sdk = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders', 'service.version': '1.4' }),
    spanProcessors: [...beside, stage(new SimpleSpanProcessor({ exporter: behind })), new SimpleSpanProcessor({ exporter: untouched })],
  })
  return { tracer: sdk.getTracer('test'), behind: () => behind.getFinishedSpans(), untouched: () => untouched.getFinishedSpans() }
}

describe('in a provider of the 3.x line', () => {
  it('redactSpans hands on a whole copy, and leaves the span', () => {
    const { tracer, behind, untouched } = provider(redactSpans())
    tracer.startSpan('work', { attributes: { password: 'x', 'db.query.text': "SELECT 'Ada'" } }).end()
    assert.deepEqual({ ...behind()[0].attributes }, { password: '[REDACTED]', 'db.query.text': 'SELECT ?' })
    assert.equal(untouched()[0].attributes.password, 'x')
    assert.deepEqual(behind()[0].duration, untouched()[0].duration)
    assert.equal(behind()[0].spanContext().spanId, untouched()[0].spanContext().spanId)
  })

  it('filterSpans leaves out a health check with what is beneath it', () => {
    const { tracer, behind } = provider(filterSpans())
    const root = tracer.startSpan('GET', { attributes: { 'url.path': '/health' } })
    tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root)).end()
    root.end()
    tracer.startSpan('other').end()
    assert.deepEqual(
      behind().map(({ name }) => name),
      ['other'],
    )
  })

  it('enrichSpans, countErrors and oldAttributeNames do their work', () => {
    const errors = countErrors()
    const { tracer, behind } = provider(
      oldAttributeNames('old'),
      enrichSpans({ resource: ['service.version'], abGroup: () => 'B' }),
      errors,
    )
    const span = tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes: { 'http.request.method': 'GET' } })
    span.setStatus({ code: SpanStatusCode.ERROR }).end()
    assert.deepEqual({ ...behind()[0].attributes }, { 'http.method': 'GET', 'service.version': '1.4', 'app.ab_group': 'B' })
    assert.deepEqual(
      errors.errors().map(({ service, operation, count }) => [service, operation, count]),
      [['orders', 'GET', 1]],
    )
  })

  it('memoryTraces is an exporter', async () => {
    const recent = memoryTraces()
    const sdk = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: recent })] })
    const span = sdk.getTracer('test').startSpan('work')
    span.end()
    await sdk.forceFlush()
    assert.equal((await recent.trace(span.spanContext().traceId)).trace.spans[0].name, 'work')
  })
})
