import { afterAll, describe, expect, it } from 'vitest'
import { Application } from '../support/application.js'

const app = new Application({
  '@opentelemetry/core': '@opentelemetry/core',
  '@opentelemetry/instrumentation': '@opentelemetry/instrumentation',
  '@opentelemetry/instrumentation-kafkajs': '@opentelemetry/instrumentation-kafkajs',
  '@opentelemetry/sdk-trace-base': '@opentelemetry/sdk-trace-base',
  '@opentelemetry/sdk-trace-node': '@opentelemetry/sdk-trace-node',
})
afterAll(() => app.remove())

// There is no broker here: as much of kafkajs as its instrumentation wraps, handing what is sent to what listens. The instrumentation is real.
app.write('node_modules/kafkajs/package.json', JSON.stringify({ name: 'kafkajs', version: '2.2.4', main: 'index.js' }))
app.write(
  'node_modules/kafkajs/index.js',
  `const { AsyncResource } = require('node:async_hooks')
  // What comes over the wire comes in a context of its own.
  const wire = new AsyncResource('wire')
  let listening
  const asSent = ({ headers = {}, value = null }, i) => ({
    value, key: null, offset: String(i),
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(String(text))])),
  })
  exports.Kafka = class {
    producer() {
      const send = async ({ topic, messages }) => {
        const sent = messages.map(asSent)
        if (listening.eachBatch) return wire.runInAsyncScope(() => listening.eachBatch({ batch: { topic, partition: 0, messages: sent } }))
        for (const message of sent) await wire.runInAsyncScope(() => listening.eachMessage({ topic, partition: 0, message }))
      }
      return { send, sendBatch: send, transaction() {}, events: {}, on() {} }
    }
    consumer() {
      return { run: async (config) => { listening = config }, events: {}, on() {} }
    }
  }`,
)

const program = (config: string) => `
  const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs')
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
  const exporter = new InMemorySpanExporter()
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
  registerInstrumentations({ instrumentations: [new KafkaJsInstrumentation()] })
  const { Kafka } = require('kafkajs')
  const { currentTrace, withSpan } = require('spanlog')
  const { traceBatch, traceConsume, tracePublish } = require('spanlog/messaging')
  const seen = []
  const here = () => seen.push(currentTrace().spanId)
  const producer = new Kafka().producer()
  const publish = tracePublish({ system: 'kafka', destination: 'orders' }, (messages) => producer.send({ topic: 'orders', messages: [messages].flat() }))
  const main = async () => {
    await new Kafka().consumer().run(${config})
    const { traceId } = await withSpan('request', async (span) => (await publish({ value: 'x' }), span.spanContext()))
    const spans = exporter.getFinishedSpans().filter((span) => span.kind > 0)
    console.log(JSON.stringify({
      spans: spans.map((span) => [span.kind, span.name, span.instrumentationScope.name].join(' ')).sort(),
      handlerIn: seen.map((id) => spans.find((span) => span.spanContext().spanId === id)?.name),
      parents: spans.map((span) => spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId)?.name ?? null),
      links: spans.map((span) => span.links.map((link) => link.context.traceId === traceId)),
      traces: new Set(spans.map((span) => span.spanContext().traceId)).size,
    }))
  }
  main()`
const run = async (config: string): Promise<unknown> => JSON.parse(await app.run('main.cjs', program(config)))
const theirs = '@opentelemetry/instrumentation-kafkajs'

describe("beside OpenTelemetry's instrumentation of kafkajs", () => {
  it('opens the producer span in the place of theirs, and handles in their consumer span', async () => {
    expect(await run(`{ eachMessage: traceConsume({ system: 'kafka' }, async () => here()) }`)).toMatchObject({
      spans: ['3 send orders spanlog', `4 process orders ${theirs}`],
      handlerIn: ['process orders'],
      traces: 1,
    })
  })

  it('handles a batch in their span, which gets the links to its messages', async () => {
    const result = (await run(`{ eachBatch: traceBatch({ system: 'kafka' }, async () => here()) }`)) as {
      spans: string[]
      handlerIn: string[]
      links: boolean[][]
    }
    expect(result.spans).toEqual([`2 poll orders ${theirs}`, '3 send orders spanlog', `4 process orders ${theirs}`])
    expect(result.handlerIn).toEqual(['poll orders'])
    expect(result.links.flat()).toEqual([true, true])
  })
})
