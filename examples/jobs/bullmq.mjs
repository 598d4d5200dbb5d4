// BullMQ: the job carries the trace of the request that asked for it, and its handler goes on in it. Needs Redis.
import { Queue, Worker } from 'bullmq'
import { extractTrace, withSpan } from 'spanlog'
import { traceConsume, tracePublish } from 'spanlog/messaging'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT ?? 6379) }
const system = 'bullmq'

const queue = new Queue('charges', { connection })
const add = tracePublish({ system, destination: 'charges' }, (opts, data) => queue.add('charge', data, opts))
const worker = new Worker(
  'charges',
  traceConsume({ system }, async (job) => {
    log.info({ orderId: job.data.orderId, attempt: job.attemptsMade }, 'charging')
    if (job.data.orderId === '8' && job.attemptsMade === 0) throw new Error('card reader busy')
    log.info({ orderId: job.data.orderId }, 'charged')
  }),
  { connection, concurrency: 5 },
)
// The worker's events are everybody's: what belongs to one job is told by the carrier in its options.
worker.on('failed', (job, err) =>
  withSpan('job failed', { parent: extractTrace(JSON.parse(job.opts.telemetry.metadata)) ?? null }, () =>
    log.warn({ orderId: job.data.orderId, err }, 'to be retried'),
  ),
)

const completed = new Set()
const done = new Promise((resolve) => {
  worker.on('completed', (job) => completed.add(job.data.orderId).size === 2 && resolve())
})
for (const orderId of ['7', '8']) {
  await withSpan('place order', async () => {
    log.info({ orderId }, 'order placed')
    await add({ attempts: 2 }, { orderId })
  })
}
await done
await worker.close()
await queue.obliterate({ force: true })
await queue.close()
