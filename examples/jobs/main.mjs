// Jobs: what a worker does for a request belongs to the request's trace. `injectTrace`, `extractTrace` and `withSpan` are all it
// takes, whichever queue lies between.
import { EventEmitter, once } from 'node:events'
import { extractTrace, injectTrace, withSpan } from 'spanlog'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()

/** Wraps a job handler: `new Worker('charges', traceJob('charges', handle))` in BullMQ. */
const traceJob = (queue, handle) => (job) =>
  withSpan(
    `process ${queue}`,
    { kind: 'consumer', parent: extractTrace(job.data.trace) ?? null, attributes: { 'messaging.destination.name': queue } },
    () => handle(job),
  )

/** Messages of SQS carry `{ Name: { DataType, StringValue } }`, and so many at once: each is its own request's. */
const traceMessages = (queue, handle) => (messages) =>
  Promise.all(
    messages.map((message) => {
      const headers = Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue])
      return withSpan(`process ${queue}`, { kind: 'consumer', parent: extractTrace(headers) ?? null }, () => handle(message))
    }),
  )
const attributesOf = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]))

// The queues, in this process: what is sent crosses as JSON, as it does by Redis or SQS.
const queues = new EventEmitter()
const send = (queue, message) => setImmediate(() => queues.emit(queue, JSON.parse(JSON.stringify(message))))

queues.on(
  'charges',
  traceJob('charges', async (job) => {
    log.info({ orderId: job.data.orderId }, 'charged')
    send('mails', [{ Body: job.data.orderId, MessageAttributes: attributesOf(injectTrace()) }])
  }),
)
queues.on(
  'mails',
  traceMessages('mails', async (message) => {
    log.info({ orderId: message.Body }, 'mail sent')
    queues.emit('done')
  }),
)

for (const orderId of ['7', '8']) {
  await withSpan('place order', async () => {
    log.info({ orderId }, 'order placed')
    send('charges', { name: 'charge', data: { orderId, trace: injectTrace() } })
    await once(queues, 'done')
  })
}
