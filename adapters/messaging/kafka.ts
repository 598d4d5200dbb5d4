import type { Carrier } from '../../src/context/carrier.js'
import { type Fields, fieldsOf, type Shape, textOf } from './shape.js'

/**
 * Messages have `headers`: an object, as kafkajs has them, or an array of objects with one header each, as those on librdkafka do. What comes
 * has values in Buffers.
 */
export const kafka: Shape = {
  operation: 'send',
  fewDestinations: true,
  instrumented: true,
  headersOf: (message) => carrierOf((message as Fields)['headers']),
  carry(message, inject) {
    const { headers } = message as { headers?: object | undefined }
    if (!Array.isArray(headers)) return { ...message, headers: inject({ ...headers }) }
    const pairs = inject(headers.flatMap((header: object) => Object.entries(header)))
    return { ...message, headers: pairs.map((pair: [string, unknown]) => Object.fromEntries([pair])) }
  },
  /** The payload of `eachMessage`, or a message of a batch. */
  receive([first]) {
    const given = fieldsOf(first)
    const message = fieldsOf(given?.['message']) ?? given
    if (given === undefined || message === undefined) return undefined
    const partition = textOf(given['partition'])
    const key = keyOf(message['key'])
    const offset = textOf(message['offset'])
    return {
      carrier: carrierOf(message['headers']),
      destination: textOf(given['topic']),
      attributes: {
        ...(partition !== undefined && { 'messaging.destination.partition.id': partition }),
        ...(offset !== undefined && { 'messaging.kafka.offset': Number(offset) }),
        ...(key !== undefined && { 'messaging.kafka.message.key': key }),
        ...(message['value'] === null && { 'messaging.kafka.message.tombstone': true }),
      },
    }
  },
}

function carrierOf(headers: unknown): Carrier | undefined {
  return Array.isArray(headers) ? headers.flatMap((header: object) => Object.entries(header)) : fieldsOf(headers)
}

/** Keys are texts mostly; one that is none shows nothing. */
function keyOf(key: unknown): string | undefined {
  if (typeof key === 'string') return key
  const text = Buffer.isBuffer(key) ? key.toString() : undefined
  return text?.includes('\uFFFD') ? undefined : text
}
