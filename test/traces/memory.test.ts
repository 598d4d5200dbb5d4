import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { memoryTraces, type TraceSpan } from 'spanlog/traces'
import { describe, expect, it } from 'vitest'
import type { EndedSpan } from '../../src/traces/memory/ended-span.js'
import { readSpans } from '../../src/traces/otlp.js'
import { describeTraceSource } from '../contract/trace-source.js'
import { randomId, span } from '../support/otlp.js'

const hrTime = (nano: bigint): HrTime => [Number(nano / 1_000_000_000n), Number(nano % 1_000_000_000n)]

/** As the SDK hands it to exporters. */
function ended(one: TraceSpan): EndedSpan {
  const { traceId, spanId, parentSpanId, name, status } = one
  return {
    name,
    kind: SpanKind[one.kind.toUpperCase() as 'SERVER'],
    spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
    parentSpanContext: parentSpanId === undefined ? undefined : { traceId, spanId: parentSpanId, traceFlags: 1 },
    startTime: hrTime(one.startUnixNano),
    endTime: hrTime(one.endUnixNano),
    duration: [0, 0],
    status: { code: SpanStatusCode[status.code.toUpperCase() as 'OK'], ...(status.message !== undefined && { message: status.message }) },
    attributes: one.attributes as never,
    events: one.events.map((event) => ({ name: event.name, time: hrTime(event.timeUnixNano), attributes: event.attributes as never })),
    links: one.links.map((link) => ({ context: { ...link, traceFlags: 1 }, attributes: link.attributes as never })),
    resource: { attributes: one.resource as never },
  }
}

describeTraceSource('memoryTraces', async () => {
  const source = memoryTraces({ maxSpans: 1_000_000 })
  return {
    source,
    push: async (data) => source.export(readSpans(data).spans.map(ended), () => undefined),
    close: () => source.shutdown(),
  }
})

describe('memoryTraces', () => {
  const push = (source: ReturnType<typeof memoryTraces>, ...spans: TraceSpan[]) => source.export(spans.map(ended), () => undefined)

  it('is an exporter of the SDK', async () => {
    const source = memoryTraces()
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'orders' }),
      spanProcessors: [new SimpleSpanProcessor(source)],
    })
    const one = provider.getTracer('test').startSpan('charge', { kind: SpanKind.CLIENT })
    one.end()
    await provider.forceFlush()
    expect(await source.trace(one.spanContext().traceId)).toMatchObject({
      complete: true,
      trace: { spans: [{ name: 'charge', kind: 'client', service: 'orders' }] },
    })
    await provider.shutdown()
    expect(source.stats).toEqual({ spans: 1, forgotten: 0 })
  })

  it('lets go of the trace whose spans came in longest ago, whole, and says so', async () => {
    const source = memoryTraces({ maxSpans: 3 })
    const [a, b, c] = [randomId(16), randomId(16), randomId(16)]
    push(source, span(a), span(b), span(a))
    push(source, span(c))
    expect(await source.trace(b)).toMatchObject({ complete: false, reasons: [{ code: 'MEMORY_FULL' }] })
    expect((await source.trace(a)).trace?.spans).toHaveLength(2)
    push(source, span(c), span(c))
    expect(await source.trace(a)).toMatchObject({ complete: false, reasons: [{ code: 'MEMORY_FULL' }] })
    expect(source.stats).toEqual({ spans: 3, forgotten: 3 })
    source.reset()
    expect(await source.trace(c)).toEqual({ complete: true, reasons: [] })
  })

  it.each([
    ['no spans', { maxSpans: 0 }, /`maxSpans` to be a positive integer/],
    ['a misspelt option', { max: 1 }, /no option `max`/],
  ])('refuses %s', (_, options, message) => {
    expect(() => memoryTraces(options as never)).toThrow(message)
  })
})
