import type { Carrier } from '../../src/context/carrier.js'
import { type Fields, fieldsOf, type Inject, type Shape, textOf } from './shape.js'

/**
 * BullMQ keeps a text for telemetry in the options of a job, as its own telemetry does: the carrier as JSON. Its data stays the user's; of a
 * job that has none in its options, the carrier under `trace` in its data is read.
 */
export const bullmq: Shape = {
  operation: 'add',
  fewDestinations: true,
  instrumented: false,
  headersOf: (given) => carrierIn(optionsOf(given)),
  /** The options of `add`, or a whole job of `addBulk` or of a flow. */
  carry: (given, inject) => ('data' in given ? { ...given, opts: carrying(optionsOf(given), inject) } : carrying(given, inject)),
  receive([first]) {
    const job = fieldsOf(first)
    if (job === undefined) return undefined
    return {
      carrier: carrierIn(fieldsOf(job['opts'])) ?? fieldsOf(fieldsOf(job['data'])?.['trace']),
      destination: textOf(job['queueName']),
      id: textOf(job['id']),
    }
  },
}

function optionsOf(given: object): object {
  return 'data' in given ? (fieldsOf((given as Fields)['opts']) ?? {}) : given
}

function carrying(options: object, inject: Inject): object {
  const { telemetry } = options as { telemetry?: { omitContext?: boolean } }
  // BullMQ's word for a job that shall not continue the trace.
  if (telemetry?.omitContext === true) return options
  return { ...options, telemetry: { ...telemetry, metadata: JSON.stringify(inject({ ...carrierIn(options) })) } }
}

function carrierIn(options: object | undefined): Carrier | undefined {
  const metadata = fieldsOf((options as Fields | undefined)?.['telemetry'])?.['metadata']
  if (typeof metadata !== 'string') return undefined
  try {
    return fieldsOf(JSON.parse(metadata))
  } catch {
    return undefined
  }
}
