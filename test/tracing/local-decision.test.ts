import { type Context, context, propagation, ROOT_CONTEXT, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-base'
import { configure } from 'spanlog'
import { LocalDecisionSampler, startTracing, type TracingOptions } from 'spanlog/tracing'
import { afterEach, describe, expect, it } from 'vitest'
import { withoutDecision } from '../../src/context/trust.js'
import { samplerFromEnv } from '../../src/tracing/local-decision-sampler.js'

const remote = (traceFlags: number): SpanContext => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags, isRemote: true })
const under = (parent: SpanContext): Context => trace.setSpanContext(ROOT_CONTEXT, parent)
const on = new ParentBasedSampler({ root: new AlwaysOnSampler() })
const off = new ParentBasedSampler({ root: new AlwaysOffSampler() })

function flagsOf(sampler: Sampler, parent: SpanContext): number[] {
  const tracer = new BasicTracerProvider({ sampler }).getTracer('test')
  const server = tracer.startSpan('server', {}, under(parent))
  const inside = tracer.startSpan('inside', {}, trace.setSpan(ROOT_CONTEXT, server))
  expect([server, inside].map((span) => span.spanContext().traceId)).toEqual([parent.traceId, parent.traceId])
  return [server, inside].map((span) => span.spanContext().traceFlags & 1)
}

describe('a trace whose sampled flag is not heeded', () => {
  it.each<[string, Sampler, SpanContext, number]>([
    ['is sampled where one that begins here is, whatever it said', new LocalDecisionSampler(on), withoutDecision(remote(0)), 1],
    ['is not sampled where none that begins here is, whatever it said', new LocalDecisionSampler(off), withoutDecision(remote(1)), 0],
    ['is not sampled by a sampler that does not know of it', on, withoutDecision(remote(1)), 0],
  ])('%s', (_, sampler, parent, flag) => {
    expect(flagsOf(sampler, parent)).toEqual([flag, flag])
  })

  it.each([0, 1])('leaves other traces as they came: %i', (flag) => {
    expect(flagsOf(new LocalDecisionSampler(on), remote(flag))).toEqual([flag, flag])
    expect(flagsOf(new LocalDecisionSampler(off), remote(flag))).toEqual([flag, flag])
  })

  it('is marked by untracedSampled where there is no SDK', () => {
    expect(withoutDecision(remote(3)).traceFlags).toBe(2)
    configure({ untracedSampled: true })
    expect(withoutDecision(remote(2)).traceFlags).toBe(3)
    configure({ untracedSampled: false })
  })
})

describe('OTEL_TRACES_SAMPLER', () => {
  afterEach(() => {
    delete process.env['OTEL_TRACES_SAMPLER']
    delete process.env['OTEL_TRACES_SAMPLER_ARG']
    context.disable()
    propagation.disable()
  })

  it.each([
    [undefined, undefined],
    ['always_on', undefined],
    ['always_off', undefined],
    ['traceidratio', '0.25'],
    ['traceidratio', undefined],
    ['traceidratio', '7'],
    ['parentbased_always_on', undefined],
    ['parentbased_always_off', undefined],
    ['parentbased_traceidratio', '0.5'],
    ['no_such', undefined],
  ])('%s with %s is what the SDK makes of it', (name, arg) => {
    if (name !== undefined) process.env['OTEL_TRACES_SAMPLER'] = name
    if (arg !== undefined) process.env['OTEL_TRACES_SAMPLER_ARG'] = arg
    const { _sampler: theirs } = new BasicTracerProvider().getTracer('test') as unknown as { _sampler: Sampler }
    expect(samplerFromEnv().toString()).toBe(theirs.toString())
  })

  it.each<[string, TracingOptions, number]>([
    ['decides alone where no option does', {}, 0],
    ["counts for nothing beside sampling: 'development'", { sampling: 'development' }, 2],
    ["counts for nothing beside sampling: 'critical', which keeps what failed", { sampling: 'critical' }, 1],
    ['counts for nothing beside a tail sampler', { tailSampling: { keep: [{ rootName: 'fine' }] } }, 1],
  ])('as always_off %s', async (_, options, kept) => {
    process.env['OTEL_TRACES_SAMPLER'] = 'always_off'
    const exporter = new InMemorySpanExporter()
    const tracing = startTracing({ exporters: [exporter], ...options })
    const tracer = tracing.provider.getTracer('test')
    const failed = tracer.startSpan('failed')
    failed.setStatus({ code: SpanStatusCode.ERROR })
    failed.end()
    tracer.startSpan('fine').end()
    await tracing.forceFlush()
    // 'critical' keeps 1 % of what went well.
    expect(exporter.getFinishedSpans().filter(({ name }) => options.sampling !== 'critical' || name === 'failed')).toHaveLength(kept)
    await tracing.shutdown()
  })
})
