import { type ContextManager, context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import pino from 'pino'
import { SpanlogError, withSpan } from 'spanlog'
import { recordTelemetry, type TelemetryRecorder } from 'spanlog/testing'
import { afterEach, describe, expect, it } from 'vitest'
import winston from 'winston'

let telemetry: TelemetryRecorder | undefined
const start = (): TelemetryRecorder => (telemetry = recordTelemetry())
afterEach(() => telemetry?.stop())

describe('spans', () => {
  it('come in the order of their ends, in the shape of a trace source', async () => {
    const recorder = start()
    await withSpan('parent', { kind: 'server', attributes: { 'http.route': '/orders' } }, async () => {
      await Promise.resolve()
      withSpan('child', (span) => span.addEvent('halfway', { percent: 50 }))
    })
    const [child, parent] = recorder.spans()
    expect(child).toMatchObject({ name: 'child', kind: 'internal', parentSpanId: parent?.spanId, traceId: parent?.traceId })
    expect(child?.events).toEqual([{ timeUnixNano: expect.any(BigInt), name: 'halfway', attributes: { percent: 50 } }])
    expect(parent).toMatchObject({ name: 'parent', kind: 'server', status: { code: 'unset' }, attributes: { 'http.route': '/orders' } })
    expect(parent).not.toHaveProperty('parentSpanId')
    expect(parent?.startUnixNano).toBeTypeOf('bigint')
    expect(String(parent?.endUnixNano)).toMatch(/^\d{19}$/)
  })

  it('are recorded whatever sampler the environment names', () => {
    process.env['OTEL_TRACES_SAMPLER'] = 'always_off'
    try {
      const recorder = start()
      withSpan('work', () => undefined)
      expect(recorder.spans()).toHaveLength(1)
    } finally {
      delete process.env['OTEL_TRACES_SAMPLER']
    }
  })

  it('of a tracer that was taken before are recorded in each of several recordings', () => {
    const tracer = trace.getTracer('taken once')
    for (const name of ['first', 'second']) {
      const recorder = start()
      tracer.startSpan(name).end()
      expect(recorder.spans().map((span) => span.name)).toEqual([name])
      recorder.stop()
    }
  })

  it('are forgotten by reset', () => {
    const recorder = start()
    withSpan('work', () => recorder.stream.write('{}\n'))
    recorder.reset()
    expect([recorder.spans(), recorder.lines(), recorder.text()]).toEqual([[], [], ''])
  })
})

describe('lines', () => {
  it('of pino and winston are there right after the call', () => {
    const recorder = start()
    pino({ base: null, timestamp: false }, recorder.stream).info({ orderId: 7 }, 'placed')
    winston.createLogger({ transports: [new winston.transports.Stream({ stream: recorder.stream })] }).warn('slow', { ms: 900 })
    expect(recorder.lines()).toEqual([
      { level: 30, orderId: 7, msg: 'placed' },
      { level: 'warn', message: 'slow', ms: 900 },
    ])
  })

  it('that are no JSON object come as text', () => {
    const recorder = start()
    recorder.stream.write('INFO started\n[1]\n{"a":1}\n')
    expect(recorder.lines()).toEqual([{ line: 'INFO started' }, { line: '[1]' }, { a: 1 }])
    expect(recorder.text()).toBe('INFO started\n[1]\n{"a":1}\n')
  })
})

describe('the process', () => {
  it('is as it was after stop', () => {
    start().stop()
    expect(trace.getTracer('x').startSpan('y').isRecording()).toBe(false)
    expect(propagation.fields()).toEqual([])
    expect(
      context.with(trace.setSpanContext(context.active(), { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }), () =>
        trace.getActiveSpan(),
      ),
    ).toBeUndefined()
  })

  it('has its own provider and contexts back after stop', () => {
    const provider = new BasicTracerProvider()
    const manager: ContextManager = new AsyncLocalStorageContextManager().enable()
    trace.setGlobalTracerProvider(provider)
    context.setGlobalContextManager(manager)
    try {
      const before = trace.getTracerProvider()
      const span = provider.getTracer('own').startSpan('request')
      context.with(trace.setSpan(context.active(), span), () => {
        start().stop()
        expect(trace.getTracerProvider()).toBe(before)
        expect(before).toHaveProperty('_delegate', provider)
        expect(trace.getActiveSpan()).toBe(span)
      })
    } finally {
      trace.disable()
      context.disable()
    }
  })

  it('refuses a second recording while one runs, and stop may be called twice', () => {
    const first = start()
    expect(() => recordTelemetry()).toThrowError(expect.objectContaining({ code: 'ALREADY_TRACING' }))
    expect(() => recordTelemetry()).toThrow(SpanlogError)
    first.stop()
    const second = start()
    first.stop()
    withSpan('work', () => undefined)
    expect(second.spans()).toHaveLength(1)
  })
})
