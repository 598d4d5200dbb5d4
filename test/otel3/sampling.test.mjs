// oxlint-disable typescript/no-floating-promises -- node:test collects the promises of its own calls
// oxlint-disable typescript/no-unsafe-enum-assignment -- JavaScript has no enums to be unsafe with
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { adaptiveSampler, loadSampler, probabilitySampler, ruleSampler, tailSampling } from 'spanlog/tracing'

function start(sampler, processors) {
  const tracer = new TracerProvider({ sampler, spanProcessors: processors }).getTracer('test')
  return (name, parent) => tracer.startSpan(name, {}, parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent))
}

const samplers = [
  ['probabilitySampler', probabilitySampler(1), probabilitySampler(0)],
  ['ruleSampler', ruleSampler({ rules: [{ name: 'root', rate: 1 }], fallback: 0 }), ruleSampler({ rules: [], fallback: 0 })],
  [
    'ruleSampler with one of the SDK',
    ruleSampler({ rules: [], fallback: new TraceIdRatioBasedSampler(1) }),
    ruleSampler({ rules: [], fallback: new TraceIdRatioBasedSampler(0) }),
  ],
  ['adaptiveSampler', adaptiveSampler({ tracesPerSecond: 1e6 }), adaptiveSampler({ tracesPerSecond: 1e6, minRate: 0, maxRate: 0 })],
  ['loadSampler', loadSampler({ minRate: 1 }), loadSampler({ minRate: 0, maxRate: 0 })],
  [
    'ParentBasedSampler around one of ours',
    new ParentBasedSampler({ root: probabilitySampler(1) }),
    new ParentBasedSampler({ root: probabilitySampler(0) }),
  ],
]

describe('in a provider of the 3.x line', () => {
  for (const [name, all, none] of samplers) {
    it(`${String(name)} decides on the root, and its children follow`, () => {
      const exporter = new InMemorySpanExporter()
      for (const sampler of [all, none]) {
        const begin = start(sampler, [new SimpleSpanProcessor({ exporter })])
        const root = begin('root')
        begin('child', root).end()
        root.end()
        assert.equal(root.isRecording() || root.spanContext().traceFlags === 1, sampler === all)
      }
      assert.deepEqual(
        exporter.getFinishedSpans().map((span) => span.name),
        ['child', 'root'],
      )
    })
  }

  for (const propagate of ['unsampled', 'sampled']) {
    it(`tailSampling keeps what failed, whole, as sampled (${propagate})`, async () => {
      const exporter = new InMemorySpanExporter()
      const tail = tailSampling({ exporters: [exporter], keep: ['errors'], propagate })
      const begin = start(tail.sampler, [tail.processor])
      for (const name of ['failed', 'fine']) {
        const root = begin(`${name} root`)
        const child = begin(`${name} child`, root)
        if (name === 'failed') child.setStatus({ code: SpanStatusCode.ERROR })
        child.end()
        root.end()
        assert.equal(root.spanContext().traceFlags, propagate === 'sampled' ? 1 : 0)
      }
      await tail.processor.forceFlush()
      assert.deepEqual(
        exporter.getFinishedSpans().map((span) => [span.name, span.spanContext().traceFlags, span.instrumentationScope.name]),
        [
          ['failed child', 1, 'test'],
          ['failed root', 1, 'test'],
        ],
      )
      assert.equal(tail.stats.droppedTraces, 1)
      await tail.processor.shutdown()
    })
  }
})
