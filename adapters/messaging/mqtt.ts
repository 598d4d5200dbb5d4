import { type Fields, fieldsOf, type Shape, textOf } from './shape.js'

/** MQTT 5, as MQTT.js has it: user properties, of which a name may come again, in the options of `publish` and in the packet. */
export const mqtt: Shape = {
  operation: 'publish',
  // A topic for each device is what MQTT is for.
  fewDestinations: false,
  instrumented: false,
  headersOf: (options) => fieldsOf(fieldsOf((options as Fields)['properties'])?.['userProperties']),
  carry(options, inject) {
    const { properties } = options as { properties?: { userProperties?: object } }
    return { ...options, properties: { ...properties, userProperties: inject({ ...properties?.userProperties }) } }
  },
  /** The packet, the third argument of a listener to `message`. */
  receive(args) {
    const packet = args.map(fieldsOf).find((arg) => arg !== undefined && 'topic' in arg)
    if (packet === undefined) return undefined
    return { carrier: fieldsOf(fieldsOf(packet['properties'])?.['userProperties']), destination: textOf(packet['topic']) }
  },
}
