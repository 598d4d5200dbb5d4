import { activeContext, currentTrace } from '../../src/context/active.js'
import { withSpan } from '../../src/context/span.js'
import { type SpanOptions } from '../../src/context/span-options.js'
import { extractTrace, injectContext } from '../../src/context/wire.js'
import { unexpected } from '../../src/errors.js'
import { messagingAttributes } from '../../src/semantics/calls.js'
import { failing } from '../failing.js'
import { guarded } from '../http/guarded.js'
import { withoutTracing } from '../instrumented.js'
import { describeFailure } from './failure.js'
import { like } from './like.js'
import { checkFunction, shapeFor, type TracePublishOptions } from './options.js'
import type { Shape } from './shape.js'

// oxlint-disable-next-line typescript/no-explicit-any -- a function of any signature is wrapped
type Send = (message: any, ...rest: any[]) => unknown

/**
 * Wraps a function that publishes: its first argument, the message or the options that carry its headers, goes to it as a copy with the
 * trace in its headers, inside a producer span. An array is a batch: one span, and each message carries the trace. What is thrown is
 * recorded, and thrown on.
 *
 * | `system` | the first argument | the trace goes into |
 * | --- | --- | --- |
 * | `kafka` | a message of `producer.send` | `headers` |
 * | `rabbitmq` | the options of `channel.publish` or `sendToQueue` | `headers` |
 * | `aws.sqs` | the input of `SendMessage`, or entries of a batch | `MessageAttributes`, while there are fewer than 10 |
 * | `mqtt` | the options of `client.publish`, MQTT 5 | `properties.userProperties` |
 * | `nats` | the options of `publish`, with `headers: headers()` | those headers |
 * | `bullmq` | the options of `queue.add`, or jobs of `addBulk` | `telemetry.metadata` of the options |
 *
 * A message that is published outside a trace and carries one already, from an outbox or a dead-letter queue, continues that one;
 * inside another trace it gets that, and the span a link to the one that it came with.
 *
 * The producer span takes the place of those that OpenTelemetry's instrumentations of kafkajs, amqplib and the AWS SDK would open.
 *
 * @returns a function of the same type
 * @throws SpanlogError INVALID_OPTION. The function itself throws only what the wrapped one throws.
 * @example
 * ```ts
 * const publish = tracePublish({ system: 'kafka', destination: 'orders' }, (message: Message) =>
 *   producer.send({ topic: 'orders', messages: [message] }),
 * )
 * await publish({ key: '7', value: '…' })
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export function tracePublish<F extends Send>(options: TracePublishOptions, send: F): F {
  const shape = shapeFor('tracePublish', options, [])
  const { system, destination, attributes } = options
  if (destination === undefined) throw unexpected('destination', 'a non-empty string', destination)
  checkFunction('send', send)

  const publish = function (this: unknown, message: unknown, ...rest: unknown[]): unknown {
    const batch = Array.isArray(message) ? message : undefined
    const span: SpanOptions = {
      kind: 'producer',
      attributes: {
        ...messagingAttributes({ system, destination, operation: shape.operation, type: 'send', batchSize: batch?.length }),
        ...attributes,
      },
      ...guarded('tracePublish: a message could not be read', () => origin(shape, batch ?? [message])),
    }
    return withSpan(`${shape.operation} ${destination}`, span, (own) => {
      const carried = guarded('tracePublish: a message could not be written', () => carry(shape, message)) ?? message
      const call = (): unknown => send.call(this, carried, ...rest)
      return failing(
        () => (shape.instrumented ? withoutTracing(call) : call()),
        (error) => describeFailure(own, error),
      )
    })
  }
  return like(publish, send) as unknown as F
}

/** Where messages come from that carry a trace already: a parent outside a trace, links to other traces inside one. */
function origin(shape: Shape, messages: readonly unknown[]): Pick<SpanOptions, 'parent' | 'links'> {
  const brought = messages.map((message) => extractTrace(shape.headersOf(outgoing(message)))).filter((trace) => trace !== undefined)
  const active = currentTrace()
  const [first] = brought
  if (first === undefined) return {}
  const own = active ?? first
  const links = brought.filter(({ traceId }) => traceId !== own.traceId).map((context) => ({ context }))
  return active === undefined ? { parent: first, links } : { links }
}

function carry(shape: Shape, message: unknown): unknown {
  const context = activeContext()
  const one = (each: unknown): object => shape.carry(outgoing(each), (headers) => injectContext(context, headers))
  return Array.isArray(message) ? message.map(one) : one(message)
}

/** What is published, or its options, which may be left out. */
function outgoing(message: unknown = {}): object {
  if (typeof message !== 'object' || message === null) throw unexpected('message', 'an object that has headers, or can have them', message)
  return message
}
