import type { Attributes } from '@opentelemetry/api'
import { checkAttributes } from '../../src/context/attributes.js'
import type { Carrier } from '../../src/context/carrier.js'
import type { IncomingPolicy } from '../../src/context/trust.js'
import { refuseUnknownOptions, unexpected } from '../../src/errors.js'
import { amqp } from './amqp.js'
import { bullmq } from './bullmq.js'
import { kafka } from './kafka.js'
import { mqtt } from './mqtt.js'
import { nats } from './nats.js'
import type { Shape } from './shape.js'
import { sqs } from './sqs.js'

/** By what `messaging.system.name` calls them. */
const shapes = { kafka, rabbitmq: amqp, 'aws.sqs': sqs, mqtt, nats, bullmq } satisfies Record<string, Shape>

/** The systems whose messages are known: where they carry headers, and what else they tell. */
export type MessagingSystem = keyof typeof shapes

interface CommonOptions {
  /** One whose messages are known, or, with `carrier`, any other. */
  system: MessagingSystem | (string & {})
  /** Put on each span, such as `messaging.consumer.group.name` or `server.address`. */
  attributes?: Attributes
}

/** How `tracePublish` treats messages. */
export interface TracePublishOptions extends CommonOptions {
  /** The queue or topic, or a name for many alike (`devices/{id}/state`): it becomes a part of the span's name. */
  destination: string
  /** The headers of a message, to write the trace into, where they are not where the system's messages have them. */
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever is published
  carrier?: (message: any) => Carrier | undefined
}

/** How `traceConsume` and `traceBatch` treat messages. */
export interface TraceConsumeOptions extends CommonOptions {
  /**
   * The queue or topic, or a name for many alike: it becomes a part of the span's name.
   * @defaultValue what the message says, of Kafka and BullMQ; of the others none
   */
  destination?: string
  /**
   * What is made of the trace that a message names: `continue` goes on with it; `link` begins a new one with a link to it, for work that is
   * long or late; `ignore-sampled` goes on with its ID, and decides on sampling here. @defaultValue 'continue'
   */
  incoming?: IncomingPolicy
  /** The headers of what the handler is called with; for `traceBatch`, of one message. For where the system's messages do not have them. */
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever handlers are called with
  carrier?: (...args: any[]) => Carrier | undefined
}

/**
 * The shape of the system's messages.
 *
 * @throws SpanlogError INVALID_OPTION
 */
export function shapeFor(where: string, options: TracePublishOptions | TraceConsumeOptions, known: readonly string[]): Shape {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions(where, options, ['system', 'attributes', 'destination', 'carrier', ...known])
  const { system, destination, attributes, carrier } = options
  if (carrier !== undefined && typeof carrier !== 'function') throw unexpected('carrier', 'a function', carrier)
  if (typeof system !== 'string' || system === '') throw unexpected('system', 'the name of a messaging system', system)
  if (carrier === undefined && !Object.hasOwn(shapes, system)) {
    throw unexpected('system', `one of ${Object.keys(shapes).join(', ')}, or another beside the option carrier`, system)
  }
  if (destination !== undefined && (typeof destination !== 'string' || destination === '')) {
    throw unexpected('destination', 'a non-empty string', destination)
  }
  checkAttributes('attributes', attributes)
  const shape = Object.hasOwn(shapes, system) ? shapes[system as MessagingSystem] : otherMessages
  return carrier === undefined ? shape : withCarrier(shape, carrier)
}

/** @throws SpanlogError INVALID_OPTION */
export function checkFunction(name: string, fn: unknown): void {
  if (typeof fn !== 'function') throw unexpected(name, 'a function', fn)
}

const otherMessages: Shape = {
  operation: 'publish',
  fewDestinations: false,
  instrumented: false,
  headersOf: () => undefined,
  carry: (outgoing) => outgoing,
  receive: () => ({ carrier: undefined }),
}

function withCarrier(shape: Shape, carrier: (...args: unknown[]) => Carrier | undefined): Shape {
  return {
    ...shape,
    headersOf: carrier,
    carry(outgoing, inject) {
      const headers = carrier(outgoing)
      if (headers !== undefined) inject(headers)
      return outgoing
    },
    receive(args) {
      const received = shape.receive(args)
      return received && { ...received, carrier: carrier(...args) }
    },
  }
}
