import { reportFault } from '../../src/context/fault.js'
import { type Fields, fieldsOf, type Shape, textOf } from './shape.js'

/** The options of `publish` and `request` have `headers`, made by `headers()` of the NATS client; a message that comes has them too. */
export const nats: Shape = {
  operation: 'publish',
  // Each request is answered on a subject of its own.
  fewDestinations: false,
  instrumented: false,
  headersOf: (options) => fieldsOf((options as Fields)['headers']),
  carry(options, inject) {
    const { headers } = options as { headers?: object }
    // Only the client can make them: it asks them to encode themselves.
    if (headers === undefined)
      reportFault('tracePublish: what NATS publishes needs headers to carry its trace: give { headers: headers() }')
    else inject(headers)
    return options
  },
  /** A message, also as the second argument of a callback. */
  receive(args) {
    const message = args.map(fieldsOf).find((arg) => arg !== undefined && 'subject' in arg)
    if (message === undefined) return undefined
    return { carrier: fieldsOf(message['headers']), destination: textOf(message['subject']) }
  },
}
