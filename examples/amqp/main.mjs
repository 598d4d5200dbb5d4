// RabbitMQ: the trace travels in the headers of each message; what is rejected comes again in the same trace. Needs RabbitMQ.
import { EventEmitter, once } from 'node:events'
import { connect } from 'amqplib'
import { withSpan } from 'spanlog'
import { traceConsume, tracePublish } from 'spanlog/messaging'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const connection = await connect(process.env.AMQP_URL ?? 'amqp://127.0.0.1')
const channel = await connection.createConfirmChannel()
await channel.assertQueue('charges', { autoDelete: true, durable: false })

const options = { system: 'rabbitmq', destination: 'charges' }
const publish = tracePublish(
  options,
  (properties, charge) =>
    new Promise((resolve, reject) =>
      channel.sendToQueue('charges', Buffer.from(JSON.stringify(charge)), properties, (error) => (error ? reject(error) : resolve())),
    ),
)
const charge = traceConsume(options, async (message) => {
  const { orderId } = JSON.parse(message.content)
  log.info({ orderId, again: message.fields.redelivered }, 'charging')
  if (!message.fields.redelivered) throw new Error('card reader busy')
  log.info({ orderId }, 'charged')
})
const events = new EventEmitter()
// Whether a message is done with stays the consumer's own to say.
await channel.consume('charges', async (message) => {
  try {
    await charge(message)
    channel.ack(message)
    events.emit('charged')
  } catch {
    channel.nack(message)
  }
})

for (const orderId of ['7', '8']) {
  await withSpan('place order', async () => {
    log.info({ orderId }, 'order placed')
    const charged = once(events, 'charged')
    await publish({ persistent: false, messageId: `order-${orderId}` }, { orderId })
    await charged
  })
}
await channel.close()
await connection.close()
