import { type Fields, fieldsOf, type Shape, textOf } from './shape.js'

/** AMQP 0-9-1, as amqplib has it: `publish` takes `headers` in its options, and what comes has them in its properties. */
export const amqp: Shape = {
  operation: 'publish',
  fewDestinations: true,
  instrumented: true,
  headersOf: (options) => fieldsOf((options as Fields)['headers']),
  carry: (options, inject) => ({ ...options, headers: inject({ ...(options as { headers?: object }).headers }) }),
  receive([first]) {
    // A consumer that the broker cancels is called with null.
    const message = fieldsOf(first)
    if (message === undefined) return undefined
    const properties = fieldsOf(message['properties'])
    const routingKey = textOf(fieldsOf(message['fields'])?.['routingKey'])
    return {
      carrier: fieldsOf(properties?.['headers']),
      id: textOf(properties?.['messageId']),
      conversationId: textOf(properties?.['correlationId']),
      attributes: routingKey ? { 'messaging.rabbitmq.destination.routing_key': routingKey } : {},
    }
  },
}
