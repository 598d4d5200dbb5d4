import { reportFault } from '../../src/context/fault.js'
import { type Fields, fieldsOf, type Shape, textOf } from './shape.js'

/** SQS refuses a message with more. */
const maxAttributes = 10

/** The input of `SendMessage`, or an entry of `SendMessageBatch`; what comes must be asked for with `MessageAttributeNames: ['All']`. */
export const sqs: Shape = {
  operation: 'send',
  fewDestinations: true,
  instrumented: true,
  headersOf: (input) => messageAttributes((input as Fields)['MessageAttributes']),
  carry(input, inject) {
    const given = (input as { MessageAttributes?: object }).MessageAttributes ?? {}
    const before = messageAttributes(given)
    const after: Record<string, unknown> = inject({ ...before })
    const kept = Object.entries(given).filter(([name]) => name in after && after[name] === before[name])
    const trace = Object.entries(after).filter(([name, text]) => text !== before[name])
    const room = trace.slice(0, Math.max(0, maxAttributes - kept.length))
    if (room.length === 0 && trace.length > 0) reportFault('tracePublish: a message of SQS has 10 attributes, and no room for its trace')
    const attributes = room.map(([name, text]) => [name, { DataType: 'String', StringValue: text }] as const)
    return { ...input, MessageAttributes: Object.fromEntries([...kept, ...attributes]) }
  },
  receive([first]) {
    const message = fieldsOf(first)
    if (message === undefined) return undefined
    return {
      carrier: messageAttributes(message['MessageAttributes'] ?? message['messageAttributes']),
      id: textOf(message['MessageId'] ?? message['messageId']),
    }
  },
}

/** `{ traceparent: { DataType: 'String', StringValue: '…' } }` as the SDK has it; in Lambda's events `stringValue`, and SNS's `Value`. */
export function messageAttributes(attributes: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fieldsOf(attributes) ?? {}).map(([name, value]) => {
      const { StringValue, stringValue, Value } = fieldsOf(value) ?? {}
      return [name, StringValue ?? stringValue ?? Value]
    }),
  )
}
