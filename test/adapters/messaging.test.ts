import { type Attributes, DiagConsoleLogger, diag, trace as otel, SpanKind } from '@opentelemetry/api'
import fc from 'fast-check'
import { currentTrace, injectTrace, runWithTrace, SpanlogError, withSpan } from 'spanlog'
import { traceBatch, traceConsume, tracePublish } from 'spanlog/messaging'
import { recordTelemetry, type TelemetryRecorder } from 'spanlog/testing'
import type { TraceSpan } from 'spanlog/traces'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NatsHeaders, systems } from '../support/messages.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const carrier = { traceparent: `00-${traceId}-b7ad6b7169203331-03`, tracestate: 'a=1' }
const another = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`

let telemetry: TelemetryRecorder | undefined
afterEach(() => telemetry?.reset())

function record(): void {
  beforeAll(() => {
    telemetry = recordTelemetry()
  })
  afterAll(() => {
    telemetry?.stop()
    telemetry = undefined
  })
}
const spans = (): TraceSpan[] => telemetry?.spans() ?? []
const only = (kind: TraceSpan['kind']): TraceSpan => {
  const found = spans().filter((span) => span.kind === kind)
  expect(found).toHaveLength(1)
  return found[0] as TraceSpan
}

/** Publishes by a function that gives back what it was given. */
const publishBy = (system: string) => tracePublish({ system, destination: 'orders' }, (message: object) => message)

describe.each(Object.entries(systems))('%s', (system, shape) => {
  describe('with an SDK', () => {
    record()

    it('is one trace from the publisher to the handler, a span for each', async () => {
      const published = runWithTrace(carrier, () => publishBy(system)(shape.outgoing()))
      const args = shape.deliver(published)
      const handle = traceConsume({ system, destination: 'orders' }, async (...given: unknown[]) => {
        await Promise.resolve()
        return [currentTrace()?.spanId, given]
      })
      const [inHandler, given] = await handle(...args)
      const [producer, consumer] = [only('producer'), only('consumer')]
      expect([producer.traceId, producer.parentSpanId]).toEqual([traceId, 'b7ad6b7169203331'])
      expect([consumer.traceId, consumer.parentSpanId]).toEqual([traceId, producer.spanId])
      expect(inHandler).toBe(consumer.spanId)
      expect(given).toEqual(args)
      expect([producer.name, consumer.name]).toEqual([shape.send, shape.process])
      expect([producer.status.code, consumer.status.code]).toEqual(['unset', 'unset'])
      expect(producer.attributes).toEqual({
        'messaging.system.name': system,
        'messaging.destination.name': 'orders',
        'messaging.operation.type': 'send',
        ...shape.publishes,
      })
      expect(consumer.attributes).toEqual({
        'messaging.system.name': system,
        'messaging.destination.name': 'orders',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        ...shape.consumes,
      })
      expect([producer.links, consumer.links]).toEqual([[], []])
    })

    it('makes another span of the same trace of what is delivered again', async () => {
      const args = shape.deliver(runWithTrace(carrier, () => publishBy(system)(shape.outgoing())))
      let attempt = 0
      const handle = traceConsume({ system }, async (..._args: unknown[]) => {
        attempt++
        if (attempt === 1) throw new TypeError('try again')
      })
      await expect(handle(...args)).rejects.toThrow('try again')
      await handle(...args)
      const attempts = spans().filter(({ kind }) => kind === 'consumer')
      expect(attempts.map((span) => [span.traceId, span.status.code, span.attributes['error.type']])).toEqual([
        [traceId, 'error', 'TypeError'],
        [traceId, 'unset', undefined],
      ])
      expect(attempts[0]?.events.map(({ attributes }) => attributes['exception.message'])).toEqual(['try again'])
      expect(new Set(attempts.map(({ spanId }) => spanId)).size).toBe(2)
    })

    it('puts the trace in the place of one that is there, with a link to it', () => {
      const before = runWithTrace({ traceparent: another }, () => publishBy(system)(shape.outgoing()))
      telemetry?.reset()
      runWithTrace(carrier, () => publishBy(system)(before))
      const args = shape.deliver(runWithTrace(carrier, () => publishBy(system)(before)))
      traceConsume({ system }, () => {})(...(args as []))
      expect(only('consumer').traceId).toBe(traceId)
    })
  })

  it('without an SDK is one trace as well', () => {
    const published = runWithTrace(carrier, () => publishBy(system)(shape.outgoing()))
    const seen = traceConsume({ system }, (..._args: unknown[]) => currentTrace())(...shape.deliver(published))
    expect([seen?.traceId, seen?.traceFlags, seen?.traceState?.serialize()]).toEqual([traceId, 3, 'a=1'])
    expect(seen?.spanId).not.toBe('b7ad6b7169203331')
  })

  it("keeps the user's headers, and the caller's object as it was, but for NATS, whose headers only it can make", () => {
    const outgoing = shape.outgoing()
    const before = JSON.stringify(outgoing)
    const published = withSpan('request', () => publishBy(system)(outgoing))
    expect(shape.own(shape.deliver(published))).toBe('kept')
    expect(JSON.stringify(outgoing)).toBe(before)
    expect(published === outgoing).toBe(system === 'nats')
  })

  it('begins a trace where nothing brings one', () => {
    const args = shape.deliver(shape.outgoing())
    const seen = traceConsume({ system }, (..._args: unknown[]) => currentTrace()?.traceId)(...args)
    expect(seen).toMatch(/^[0-9a-f]{32}$/)
    expect(seen).not.toBe(runWithTrace(carrier, () => traceConsume({ system }, (..._args: unknown[]) => currentTrace()?.traceId)(...args)))
  })

  it('reads whatever comes without harm, and calls the handler with it', () => {
    const handle = traceConsume({ system }, (...args: unknown[]) => args)
    const batch = traceBatch({ system }, (...args: unknown[]) => args)
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 3 }), (args) => {
        expect(handle(...args)).toEqual(args)
        expect(batch(...args)).toEqual(args)
      }),
    )
  })

  it('publishes whatever is given', () => {
    fc.assert(
      fc.property(anything, fc.array(anything, { maxLength: 2 }), (message, rest) => {
        const published = tracePublish({ system, destination: 'orders' }, (...args: unknown[]) => args.length)(message, ...rest)
        expect(published).toBe(1 + rest.length)
      }),
    )
  })
})

/** Messages gone wrong: the fields that are read, with anything in them. */
const poison = fc.oneof(fc.anything(), fc.constantFrom(another, '{', '{"traceparent":7}', '[]', ''))
const anyHeaders = fc.oneof(
  poison,
  fc.dictionary(fc.constantFrom('traceparent', 'Traceparent', 'tracestate', 'own'), poison),
  fc.array(fc.dictionary(fc.constantFrom('traceparent', 'own'), poison), { maxLength: 3 }),
)
const anything = fc.oneof(
  fc.anything(),
  fc.record(
    {
      headers: anyHeaders,
      message: fc.record({ headers: anyHeaders, key: poison, offset: poison }, { requiredKeys: [] }),
      topic: poison,
      subject: poison,
      partition: poison,
      properties: fc.oneof(poison, fc.record({ headers: anyHeaders, userProperties: anyHeaders })),
      MessageAttributes: fc.oneof(poison, fc.dictionary(fc.constantFrom('traceparent', 'own'), fc.record({ StringValue: poison }))),
      opts: fc.oneof(poison, fc.record({ telemetry: fc.oneof(poison, fc.record({ metadata: poison })) })),
      telemetry: fc.oneof(poison, fc.record({ metadata: poison })),
      data: poison,
      batch: fc.oneof(poison, fc.record({ messages: fc.array(poison, { maxLength: 2 }) })),
    },
    { requiredKeys: [] },
  ),
)

describe('headers that are poison', () => {
  record()

  it.each([
    ['two of them', { traceparent: [another, another] }],
    ['in upper case', { traceparent: `00-${'A'.repeat(32)}-${'2'.repeat(16)}-01` }],
    ['with an ID of zeros', { traceparent: `00-${'0'.repeat(32)}-${'2'.repeat(16)}-01` }],
    ['an endless one', { traceparent: 'a'.repeat(1_000_000) }],
    ['an object', { traceparent: { toString: () => another } }],
    ['a getter that throws', Object.defineProperty({}, 'traceparent', { enumerable: true, get: () => { throw new Error('poison') } })], // biome-ignore format: one row
  ])('begin a trace, and reach the handler: %s', (_, given) => {
    const payload = { topic: 'orders', message: { headers: given, value: 'x' } }
    const seen = traceConsume({ system: 'kafka' }, (came: unknown) => came)(payload)
    expect(seen).toBe(payload)
    expect(only('consumer').parentSpanId).toBeUndefined()
    expect(only('consumer').traceId).not.toBe('1'.repeat(32))
  })

  it('do not spoil the others of a batch', () => {
    const messages = [{ headers: carrier }, null, { headers: { traceparent: 'garbage' } }, 7, { headers: { traceparent: another } }]
    traceBatch({ system: 'kafka', destination: 'orders' }, () => {})(...([messages] as unknown as []))
    expect(only('consumer').links.map((link) => link.traceId)).toEqual([traceId, '1'.repeat(32)])
  })
})

describe('tracePublish', () => {
  record()

  it('gives a batch one span, and each of its messages the trace', () => {
    const send = tracePublish({ system: 'kafka', destination: 'orders' }, (messages: { headers?: object }[]) => messages)
    const sent = runWithTrace(carrier, () => send([{}, { headers: { own: 'kept' } }]))
    const span = only('producer')
    const expected = { traceparent: `00-${traceId}-${span.spanId}-03`, tracestate: 'a=1' }
    expect(sent.map((message) => message.headers)).toEqual([expected, { own: 'kept', ...expected }])
    expect(span.attributes['messaging.batch.message_count']).toBe(2)
  })

  it('passes this, the other arguments and the result on, and keeps name and length', () => {
    const queue = {
      name: 'charges',
      add: tracePublish({ system: 'bullmq', destination: 'charges' }, function add(this: { name: string }, _: object, job: string) {
        return `${this.name} ${job}`
      }),
    }
    expect(queue.add({}, 'charge')).toBe('charges charge')
    expect([queue.add.name, queue.add.length]).toEqual(['add', 2])
  })

  it('makes headers where there are none, also for options that are left out', () => {
    const publish = tracePublish({ system: 'mqtt', destination: 'orders' }, (options?: object) => options)
    expect(publish()).toEqual({ properties: { userProperties: { traceparent: expect.stringMatching(/^00-/) } } })
  })

  it.each([
    ['throws', () => { throw Object.assign(new Error('no broker'), { code: 'ECONNREFUSED' }) }], // biome-ignore format: one row
    ['rejects', () => Promise.reject(Object.assign(new Error('no broker'), { code: 'ECONNREFUSED' }))],
  ])('records what the client %s with, and throws it on', async (_, send: () => unknown) => {
    const publish = tracePublish({ system: 'kafka', destination: 'orders' }, async (_message: object) => send())
    await expect(publish({})).rejects.toThrow('no broker')
    const span = only('producer')
    expect([span.status, span.attributes['error.type']]).toEqual([{ code: 'error', message: 'no broker' }, 'ECONNREFUSED'])
    expect(span.events).toHaveLength(1)
  })

  it('continues the trace of a message from an outbox, where none is active', () => {
    const message = { headers: { traceparent: another } }
    publishBy('kafka')(message)
    expect([only('producer').traceId, only('producer').parentSpanId]).toEqual(['1'.repeat(32), '2'.repeat(16)])
  })

  it('links to the traces that forwarded messages come with', () => {
    const send = tracePublish({ system: 'kafka', destination: 'orders' }, (messages: { headers: object }[]) => messages)
    const sent = runWithTrace(carrier, () => send([{ headers: { traceparent: another } }, { headers: { ...carrier } }]))
    expect(only('producer').links.map((link) => link.traceId)).toEqual(['1'.repeat(32)])
    expect(sent.every((message) => (message.headers as typeof carrier).traceparent.includes(traceId))).toBe(true)
  })

  it('takes the place of headers in another spelling, and drops a tracestate of another trace', () => {
    const message = { headers: { Traceparent: another, TraceState: 'stale=1', own: 'kept' } }
    const sent = withSpan('request', () => publishBy('kafka')(message)) as typeof message
    expect(Object.keys(sent.headers).toSorted()).toEqual(['own', 'traceparent'])
  })

  it('reads and writes arrays of headers, as clients on librdkafka have them', () => {
    const message = { headers: [{ own: 'kept' }, { traceparent: another }] }
    const sent = runWithTrace(carrier, () => publishBy('kafka')(message)) as typeof message
    expect(sent.headers).toEqual([{ own: 'kept' }, { traceparent: expect.stringContaining(traceId) }, { tracestate: 'a=1' }])
    const came = { headers: sent.headers.map((header) => Object.fromEntries(Object.entries(header).map(([name, text]) => [name, Buffer.from(text)]))) } // biome-ignore format: one thought
    expect(traceConsume({ system: 'kafka' }, (_message: object) => currentTrace()?.traceId)(came)).toBe(traceId)
  })

  describe('on SQS', () => {
    const attribute = { DataType: 'String', StringValue: 'x' }
    const attributes = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`own${i}`, attribute]))
    it.each([
      [8, ['traceparent', 'tracestate']],
      [9, ['traceparent']],
      [10, []],
      [12, []],
    ])("beside %i attributes of the user's adds %j", (count, added) => {
      const input = { MessageBody: 'x', MessageAttributes: attributes(count) }
      const sent = runWithTrace(carrier, () => publishBy('aws.sqs')(input)) as typeof input
      expect(Object.keys(sent.MessageAttributes).slice(count)).toEqual(added)
      expect(Object.keys(sent.MessageAttributes).slice(0, count)).toEqual(Object.keys(input.MessageAttributes))
    })

    it('takes the place of its own attributes in a message that is full', () => {
      const input = { MessageAttributes: { ...attributes(9), traceparent: { ...attribute, StringValue: another } } }
      const sent = runWithTrace(carrier, () => publishBy('aws.sqs')(input)) as typeof input
      expect(Object.keys(sent.MessageAttributes)).toHaveLength(10)
      expect(sent.MessageAttributes.traceparent.StringValue).toContain(traceId)
    })
  })

  describe('on BullMQ', () => {
    it('carries in the options of each job of a bulk', () => {
      const add = tracePublish({ system: 'bullmq', destination: 'charges' }, (jobs: { opts?: object }[]) => jobs)
      const jobs = runWithTrace(carrier, () =>
        add([
          { name: 'a', data: { x: 1 } },
          { name: 'b', data: {}, opts: { attempts: 2 } },
        ] as object[]),
      )
      expect(jobs.map(({ opts }) => opts)).toEqual([
        { telemetry: { metadata: expect.stringContaining(traceId) } },
        { attempts: 2, telemetry: { metadata: expect.stringContaining(traceId) } },
      ])
      expect(jobs[0]).toMatchObject({ name: 'a', data: { x: 1 } })
    })

    it('leaves a job alone that shall not continue the trace', () => {
      const opts = { telemetry: { omitContext: true } }
      expect(withSpan('request', () => publishBy('bullmq')(opts))).toEqual(opts)
    })

    it.each([
      ['its options', { opts: { telemetry: { metadata: JSON.stringify(carrier) } } }],
      ['its data', { opts: {}, data: { trace: carrier } }],
      ['its data, where its options are broken', { opts: { telemetry: { metadata: '{' } }, data: { trace: carrier } }],
    ])('finds the trace of a job in %s', (_, job) => {
      expect(traceConsume({ system: 'bullmq' }, (_job: object) => currentTrace()?.traceId)(job)).toBe(traceId)
    })
  })

  it('publishes by NATS also without headers, and tells that the trace stays behind', () => {
    const told: string[] = []
    diag.setLogger(Object.assign(new DiagConsoleLogger(), { error: (text: string) => told.push(text) }))
    const options = { reply: 'x' }
    expect(withSpan('request', () => publishBy('nats')(options))).toEqual(options)
    diag.disable()
    expect(told).toEqual([expect.stringContaining('give { headers: headers() }')])
  })
})

describe('traceConsume', () => {
  record()

  it("passes on untouched what is no message, such as RabbitMQ's null", () => {
    const handle = traceConsume({ system: 'rabbitmq' }, (message: object | null) => [message, currentTrace()])
    expect(handle(null)).toEqual([null, undefined])
    expect(spans()).toEqual([])
  })

  it('keeps name and length, by which libraries tell what a handler takes', () => {
    const handle = traceConsume({ system: 'bullmq' }, async function charge(_job: object, _token: string, _signal: AbortSignal) {})
    expect([handle.name, handle.length]).toEqual(['charge', 3])
  })

  it('names a span by the topic where topics are few, and by the system where they are many', () => {
    traceConsume({ system: 'kafka' }, (_message: object) => {})({ topic: 'orders', message: {} })
    traceConsume({ system: 'mqtt' }, (_message: object) => {})({ topic: 'devices/7/state', payload: '' })
    traceConsume({ system: 'mqtt', destination: 'devices/{id}/state' }, (_message: object) => {})({ topic: 'devices/7/state', payload: '' })
    expect(spans().map(({ name }) => name)).toEqual(['process orders', 'process mqtt', 'process devices/{id}/state'])
  })

  it.each([
    ['continue', [traceId, []]],
    ['link', ['another', [traceId]]],
    ['ignore-sampled', [traceId, []]],
  ] as const)('treats the trace of a message as told: %s', (incoming, expected) => {
    traceConsume({ system: 'kafka', incoming }, (_message: object) => {})({ topic: 'orders', message: { headers: carrier } })
    const span = only('consumer')
    expect([span.traceId === traceId ? traceId : 'another', span.links.map((link) => link.traceId)]).toEqual(expected)
  })

  it('links to the span that it is called in, which caused the work too', () => {
    const outer = withSpan('poll', (span) => {
      traceConsume({ system: 'aws.sqs' }, (_message: object) => {})({ MessageAttributes: { traceparent: { StringValue: another } } })
      return span.spanContext()
    })
    expect(only('consumer').links.map((link) => link.spanId)).toEqual([outer.spanId])
  })

  it('takes attributes, and another system by its carrier', () => {
    const options = { system: 'redis_streams', destination: 'orders', carrier: (_id: string, fields: object) => fields, attributes: { 'messaging.consumer.group.name': 'billing' } } // biome-ignore format: one thought
    traceConsume(options, (_id: string, _fields: object) => {})('1-0', carrier)
    const span = only('consumer')
    expect([span.name, span.traceId]).toEqual(['process orders', traceId])
    expect(span.attributes).toMatchObject({ 'messaging.system.name': 'redis_streams', 'messaging.consumer.group.name': 'billing' })
  })

  it('publishes to another system by its carrier', () => {
    const add = tracePublish({ system: 'redis_streams', destination: 'orders', carrier: (entry: { fields: object }) => entry.fields }, (entry: { fields: object }) => entry) // biome-ignore format: one thought
    expect(runWithTrace(carrier, () => add({ fields: { orderId: '7' } })).fields).toEqual({
      orderId: '7',
      traceparent: `00-${traceId}-${only('producer').spanId}-03`,
      tracestate: 'a=1',
    })
  })

  it('serves the message also where the carrier function throws', () => {
    const broken = () => {
      throw new Error('carrier is broken')
    }
    expect(traceConsume({ system: 'kafka', carrier: broken }, (_message: object) => 'served')({ topic: 'orders' })).toBe('served')
    expect(only('consumer').parentSpanId).toBeUndefined()
  })
})

describe('traceBatch', () => {
  record()
  const sqsMessage = (given: object) => ({
    MessageId: 'm',
    MessageAttributes: Object.fromEntries(Object.entries(given).map(([name, text]) => [name, { DataType: 'String', StringValue: text }])),
  })
  const messages = [carrier, { traceparent: another }, {}].map(sqsMessage)

  it('links to the trace of each message, and counts them', () => {
    traceBatch({ system: 'aws.sqs', destination: 'mails' }, (_message: object[]) => {})(messages)
    const span = only('consumer')
    expect([span.name, span.parentSpanId, span.attributes['messaging.batch.message_count']]).toEqual(['process mails', undefined, 3])
    expect(span.links.map((link) => [link.traceId, link.spanId])).toEqual([
      [traceId, 'b7ad6b7169203331'],
      ['1'.repeat(32), '2'.repeat(16)],
    ])
  })

  it('continues the trace that all messages are of, unless told to link', () => {
    const same = [carrier, { traceparent: `00-${traceId}-${'3'.repeat(16)}-01` }].map(sqsMessage)
    traceBatch({ system: 'aws.sqs' }, (_message: object[]) => {})(same)
    traceBatch({ system: 'aws.sqs', incoming: 'link' }, (_message: object[]) => {})(same)
    const [one, linked] = spans()
    expect([one?.traceId, one?.links.length]).toEqual([traceId, 1])
    expect([linked?.traceId === traceId, linked?.links.length]).toEqual([false, 2])
  })

  it('keeps each message in its own trace that is handled one by one, with a link to the batch', () => {
    const each = traceConsume({ system: 'aws.sqs', destination: 'mails' }, (_message: object) => currentTrace()?.traceId)
    const [ids, batch] = traceBatch(
      { system: 'aws.sqs', destination: 'mails' },
      (all: object[]) => [all.map((one) => each(one)), currentTrace()] as const,
    )(messages)
    // The message without a trace belongs to the batch's.
    expect(ids).toEqual([traceId, '1'.repeat(32), batch?.traceId])
    const own = spans().filter((span) => !('messaging.batch.message_count' in span.attributes))
    expect(own.map((span) => span.links.map((link) => link.spanId))).toEqual([[batch?.spanId], [batch?.spanId], []])
    expect(own[2]?.parentSpanId).toBe(batch?.spanId)
  })

  it.each([
    [
      'the payload of eachBatch',
      { batch: { topic: 'orders', partition: 3, messages: [{ headers: { traceparent: Buffer.from(another) } }] } },
    ],
    ['the answer of ReceiveMessage', { Messages: [{ headers: { traceparent: another } }] }],
    ['what has messages', { messages: [{ headers: { traceparent: another } }] }],
  ])('finds the messages in %s', (_, given) => {
    traceBatch({ system: 'kafka', destination: 'orders' }, (_batch: object) => {})(given)
    expect([only('consumer').traceId, only('consumer').attributes['messaging.batch.message_count']]).toEqual(['1'.repeat(32), 1])
  })

  it('records what a handler throws, and throws it on', () => {
    const handle = traceBatch({ system: 'aws.sqs' }, (_message: object[]) => {
      throw new RangeError('too many')
    })
    expect(() => handle(messages)).toThrow('too many')
    expect([only('consumer').status.code, only('consumer').attributes['error.type']]).toEqual(['error', 'RangeError'])
  })
})

describe('beside the spans of others', () => {
  record()
  /** As an instrumentation does it around the handler. */
  const inTheirs = <T>(attributes: Attributes, parent: object | undefined, fn: () => T): T =>
    runWithTrace(parent ?? {}, () =>
      otel
        .getTracer('their-instrumentation')
        .startActiveSpan('orders process', { kind: SpanKind.CONSUMER, root: parent === undefined, attributes }, (span) => {
          try {
            return fn()
          } finally {
            span.end()
          }
        }),
    )
  const message = (given: object) => ({ topic: 'orders', message: { headers: given } })
  const handle = traceConsume({ system: 'kafka' }, (_message: object) => currentTrace()?.spanId)
  const ours = () => spans().filter(({ kind, name }) => kind === 'consumer' && name.startsWith('process'))
  const theirs = () => spans().find(({ name }) => name === 'orders process')

  it('runs in the one that was opened for this message', () => {
    const seen = inTheirs({}, carrier, () => handle(message(carrier)))
    expect(ours()).toEqual([])
    expect(seen).toBe(theirs()?.spanId)
  })

  it('runs in one without a parent, for a message without a trace', () => {
    const seen = inTheirs({ 'messaging.system': 'kafka' }, undefined, () => handle(message({})))
    expect(ours()).toEqual([])
    expect(seen).toBe(theirs()?.spanId)
  })

  it('opens its own in one that was opened for another message', () => {
    inTheirs({}, { traceparent: another }, () => handle(message(carrier)))
    expect(ours().map((span) => span.traceId)).toEqual([traceId])
  })

  it('puts the links of a batch on theirs', () => {
    inTheirs({ 'messaging.batch.message_count': 1 }, undefined, () =>
      traceBatch({ system: 'kafka' }, (_message: object) => {})([{ headers: carrier }]),
    )
    expect(ours()).toEqual([])
    expect(theirs()?.links.map((link) => link.traceId)).toEqual([traceId])
  })
})

describe('wrong options', () => {
  const fn = () => {}
  it.each([
    ['no options', undefined],
    ['no system', {}],
    ['a system that is not known', { system: 'sqs', destination: 'x' }],
    ['a system of the wrong type', { system: 7, destination: 'x' }],
    ['the name of something that every object has', { system: 'toString', destination: 'x' }],
    ['an unknown option', { system: 'kafka', destination: 'x', topic: 'x' }],
    ['an empty destination', { system: 'kafka', destination: '' }],
    ['attributes that are none', { system: 'kafka', destination: 'x', attributes: 'x' }],
    ['a carrier that is no function', { system: 'kafka', destination: 'x', carrier: {} }],
  ])('are refused: %s', (_, options) => {
    for (const wrap of [tracePublish, traceConsume, traceBatch] as ((options: never, fn: () => void) => unknown)[]) {
      expect(() => wrap(options as never, fn)).toThrow(SpanlogError)
      expect(() => wrap(options as never, fn)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    }
  })

  it.each([
    ['a publisher without a destination', () => tracePublish({ system: 'kafka' } as never, fn)],
    [
      'a publisher with a policy for what comes in',
      () => tracePublish({ system: 'kafka', destination: 'x', incoming: 'link' } as never, fn),
    ],
    ['a policy that does not exist', () => traceConsume({ system: 'kafka', incoming: 'trust' as never }, fn)],
    ['no function to send by', () => tracePublish({ system: 'kafka', destination: 'x' }, undefined as never)],
    ['no handler', () => traceConsume({ system: 'kafka' }, {} as never)],
  ])('are refused: %s', (_, wrap) => {
    expect(wrap).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

it('injects into headers of NATS in place, as the carrier of `injectTrace` as well', () => {
  const headers = new NatsHeaders()
  runWithTrace(carrier, () => injectTrace(headers))
  expect(headers.keys()).toEqual(['traceparent', 'tracestate'])
})
