// Charges what is in the queue: BullMQ and pino. A charge that fails is tried again, in the same trace.
import { Worker } from 'bullmq'
import { traceConsume } from 'spanlog/messaging'
import pino from 'spanlog/pino' // was: 'pino'
import { startTracing } from 'spanlog/tracing'
import { connection, exporters } from './settings.mjs'

startTracing({ serviceName: 'worker', exporters })
const log = pino({ base: { service: 'worker' } })

const charge = traceConsume({ system: 'bullmq', destination: 'charges' }, async (job) => {
  log.info({ orderId: job.data.orderId, attempt: job.attemptsMade }, 'charging')
  if (job.attemptsMade === 0) throw new Error('card reader busy')
  log.info({ orderId: job.data.orderId }, 'charged')
})
const worker = new Worker('charges', charge, { connection })
worker.on('ready', () => log.info('listening'))
worker.on('completed', () => log.info('completed'))
