import { type Attributes, createContextKey, type SpanContext } from '@opentelemetry/api'
import { activeContext, activeSpan, runIn } from '../../src/context/active.js'
import { withSpan } from '../../src/context/span.js'
import { type SpanOptions } from '../../src/context/span-options.js'
import type { IncomingPolicy } from '../../src/context/trust.js'
import { extractTrace } from '../../src/context/wire.js'
import { messagingAttributes } from '../../src/semantics/calls.js'
import { failing } from '../failing.js'
import { guarded } from '../http/guarded.js'
import { checkIncoming, placeOf } from '../incoming.js'
import { describeFailure } from './failure.js'
import { like } from './like.js'
import { checkFunction, shapeFor, type TraceConsumeOptions } from './options.js'
import { originOf, trustedOrigin } from './parent.js'
import { fieldsOf, type Received, type Shape } from './shape.js'
import { runInTheirs, theirBatchSpan, theirProcessSpan } from './theirs.js'

// oxlint-disable-next-line typescript/no-explicit-any -- handlers of all libraries
type Handler = (...args: any[]) => unknown

// In a batch a message without a trace belongs to the batch's.
const batchKey = createContextKey('spanlog batch of messages')

/**
 * Wraps a handler of messages: each runs in a consumer span that continues the trace of the message, or begins one. A message that is
 * delivered again is another span of the same trace. What the handler throws is recorded, and thrown on: to acknowledge, to reject and to
 * try again stays what it was. Headers that cannot be read begin a trace, and never keep a message from its handler.
 *
 * | `system` | what the handler is called with |
 * | --- | --- |
 * | `kafka` | the payload of `eachMessage`, or a message |
 * | `rabbitmq` | the message of `channel.consume`; `null`, where the broker cancels, is passed on untouched |
 * | `aws.sqs` | a message of `ReceiveMessage` |
 * | `mqtt` | the arguments of a `message` listener, or a packet |
 * | `nats` | a message, or the arguments of a callback |
 * | `bullmq` | a job |
 *
 * Where an OpenTelemetry instrumentation has opened a consumer span for this message, the handler runs in that one, and no other is opened.
 *
 * @returns a handler of the same type
 * @throws SpanlogError INVALID_OPTION. The handler itself throws only what the wrapped one throws.
 * @example
 * ```ts
 * await consumer.run({ eachMessage: traceConsume({ system: 'kafka' }, async ({ message }) => {
 *   log.info('order came') // {…,"trace_id":"…","span_id":"…"}
 * }) })
 * new Worker('charges', traceConsume({ system: 'bullmq' }, async (job) => charge(job.data)))
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export function traceConsume<H extends Handler>(options: TraceConsumeOptions, handler: H): H {
  const shape = checked('traceConsume', options, handler)
  const traced = function (this: unknown, ...args: unknown[]): unknown {
    const call = (): unknown => handler.apply(this, args)
    const received = guarded('traceConsume: a message could not be read', () => shape.receive(args) ?? 'none') ?? unreadable
    if (received === 'none') return call()
    const remote = extractTrace(received.carrier)
    const theirs = guarded('traceConsume: the active span could not be read', () => theirProcessSpan(remote))
    if (theirs !== undefined) return runInTheirs(theirs, call)
    const { name, attributes } = described(shape, options, received)
    return spanned(name, { kind: 'consumer', attributes, ...placed(remote, options.incoming) }, call)
  }
  return like(traced, handler) as unknown as H
}

/**
 * Wraps a handler of batches: `eachBatch` of kafkajs, an array of messages, or what has them as `messages` or `Messages`. It runs in one
 * consumer span with a link to each message's trace; where all are of one trace, the span continues that one. For a span of each message
 * in its own trace, wrap what handles one with `traceConsume`.
 *
 * Where an OpenTelemetry instrumentation has opened a span for the batch, the links are put on that one, and no other is opened.
 *
 * @returns a handler of the same type
 * @throws SpanlogError INVALID_OPTION. The handler itself throws only what the wrapped one throws.
 * @example
 * ```ts
 * const handle = traceConsume({ system: 'aws.sqs', destination: 'mails' }, async (message) => send(message.Body))
 * const handleAll = traceBatch({ system: 'aws.sqs', destination: 'mails' }, (messages) => Promise.all(messages.map(handle)))
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#batch-receiving
 */
export function traceBatch<H extends Handler>(options: TraceConsumeOptions, handler: H): H {
  const shape = checked('traceBatch', options, handler)
  const traced = function (this: unknown, ...args: unknown[]): unknown {
    const call = (): unknown => handler.apply(this, args)
    const batch = guarded('traceBatch: a batch could not be read', () => batchOf(args[0])) ?? { messages: [] }
    const carriers = batch.messages.map(
      (message) => guarded('traceBatch: a message could not be read', () => shape.receive([message]))?.carrier,
    )
    const origin = originOf(carriers)
    const theirs = guarded('traceBatch: the active span could not be read', theirBatchSpan)
    if (theirs !== undefined) {
      const { parent, links } = origin
      guarded('traceBatch: links could not be set', () => theirs.addLinks(parent === null ? links : [{ context: parent }, ...links]))
      return runInTheirs(theirs, call)
    }
    const { name, attributes } = described(shape, options, { carrier: undefined, ...batch }, batch.messages.length)
    const place = trustedOrigin(origin, options.incoming)
    return spanned(name, { kind: 'consumer', attributes, ...place }, () => runIn(activeContext().setValue(batchKey, true), call))
  }
  return like(traced, handler) as unknown as H
}

function checked(where: string, options: TraceConsumeOptions, handler: unknown): Shape {
  const shape = shapeFor(where, options, ['incoming'])
  checkIncoming(options.incoming)
  checkFunction('handler', handler)
  return shape
}

const unreadable: Received = { carrier: undefined }

/** Parent and links of a message's span. */
function placed(remote: SpanContext | undefined, policy: IncomingPolicy | undefined): Pick<SpanOptions, 'parent' | 'links'> {
  if (remote === undefined && activeContext().getValue(batchKey) === true) return {}
  const { parent, links = [] } = placeOf(remote, policy)
  // What the handler is called in, such as the span of the batch, causes the span as well.
  const around = activeSpan()
  const caused = around?.isRecording() === true && around.spanContext().traceId !== parent?.traceId
  return { parent, links: caused ? [...links, { context: around.spanContext() }] : links }
}

function described(
  shape: Shape,
  { system, destination, attributes }: TraceConsumeOptions,
  received: Received,
  batchSize?: number,
): { name: string; attributes: Attributes } {
  const template = received.destination !== undefined && received.destination !== destination ? destination : undefined
  const shown = destination ?? (shape.fewDestinations ? received.destination : undefined)
  return {
    name: `process ${shown ?? system}`,
    attributes: {
      ...messagingAttributes({
        system,
        destination: received.destination ?? destination,
        operation: 'process',
        type: 'process',
        messageId: received.id,
        conversationId: received.conversationId,
        batchSize,
      }),
      ...(template !== undefined && { 'messaging.destination.template': template }),
      ...received.attributes,
      ...attributes,
    },
  }
}

function spanned<T>(name: string, options: SpanOptions, call: () => T): T {
  return withSpan(name, options, (span) => failing(call, (error) => describeFailure(span, error)))
}

interface Batch {
  messages: readonly unknown[]
  destination?: string | undefined
  attributes?: Attributes
}

function batchOf(given: unknown): Batch {
  if (Array.isArray(given)) return { messages: given }
  const { batch = given } = fieldsOf(given) ?? {}
  const { topic, partition, messages, Messages = messages } = fieldsOf(batch) ?? {}
  return {
    messages: Array.isArray(Messages) ? Messages : [],
    destination: typeof topic === 'string' ? topic : undefined,
    ...(typeof partition === 'number' && { attributes: { 'messaging.destination.partition.id': String(partition) } }),
  }
}
