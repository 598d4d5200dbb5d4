// Jobs: what a worker does for a request belongs to the request's trace, whichever queue lies between.
import { EventEmitter, once } from 'node:events'
import { withSpan } from 'spanlog'
import { traceBatch, traceConsume, tracePublish } from 'spanlog/messaging'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()

// The queues, in this process: what is sent crosses as JSON, as it does by Redis or SQS.
const queues = new EventEmitter()
const send = (queue, message) => setImmediate(() => queues.emit(queue, JSON.parse(JSON.stringify(message))))

// As with BullMQ: `queue.add('charge', data, opts)`, and the handler is a `Worker`'s.
const addCharge = tracePublish({ system: 'bullmq', destination: 'charges' }, (opts, data) =>
  send('charges', { name: 'charge', data, opts }),
)
// As with SQS, where messages come many at a time, each of its own request.
const sendMail = tracePublish({ system: 'aws.sqs', destination: 'mails' }, (input) => send('mails', [input]))

const charge = traceConsume({ system: 'bullmq', destination: 'charges' }, async (job) => {
  log.info({ orderId: job.data.orderId }, 'charged')
  sendMail({ MessageBody: job.data.orderId })
})
const mail = traceConsume({ system: 'aws.sqs', destination: 'mails' }, async (message) => {
  log.info({ orderId: message.MessageBody }, 'mail sent')
  queues.emit('done')
})
queues.on('charges', charge)
queues.on(
  'mails',
  traceBatch({ system: 'aws.sqs', destination: 'mails' }, (messages) => Promise.all(messages.map(mail))),
)

for (const orderId of ['7', '8']) {
  await withSpan('place order', async () => {
    log.info({ orderId }, 'order placed')
    addCharge({ attempts: 3 }, { orderId })
    await once(queues, 'done')
  })
}
