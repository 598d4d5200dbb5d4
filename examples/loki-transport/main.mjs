// Lines to Loki without an agent: an outage, and a process that ends in it. Run it with LOKI_URL for a Loki of your own.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { withSpan } from 'spanlog'
import { LokiTransport, lokiStream } from 'spanlog/loki'
import pino from 'spanlog/pino' // was: 'pino'
import winston from 'spanlog/winston' // was: 'winston'

const spool = mkdtempSync(path.join(tmpdir(), 'orders-')) // such as /var/spool/orders
const options = { service: 'orders', spool, batchAgeMs: 100, maxBackoffMs: 500 }
const ended = (stream) => new Promise((resolve) => stream.end(resolve))

// Loki is down: nobody listens there.
const down = lokiStream({ ...options, url: 'http://127.0.0.1:9' })
withSpan('place order', () => pino(down).info({ orderId: 7 }, 'order placed'))
await ended(down)
console.log('while Loki was down:', waiting(down.stats()))

// The next process has a Loki, and sends what the first one left before its own lines.
const stand = process.env.LOKI_URL === undefined ? await standIn() : undefined
const loki = new LokiTransport({ ...options, url: process.env.LOKI_URL ?? stand.url })
const log = winston.createLogger({ transports: [loki] })
withSpan('ship order', () => log.info('order shipped', { orderId: 7 }))
await new Promise((resolve) => log.once('finish', resolve).end())
console.log('when it was back:', waiting(loki.stats()))
stand?.close()
rmSync(spool, { recursive: true })

function waiting({ lines, sent, dropped, waitingBytes }) {
  return { lines, sent, dropped, waits: waitingBytes > 0 }
}

/** In place of a Loki: shows what is pushed. */
async function standIn() {
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      for (const { stream, values } of JSON.parse(gunzipSync(Buffer.concat(chunks))).streams) {
        for (const [, line, metadata] of values)
          console.log(stream, Object.keys(metadata), JSON.parse(line).msg ?? JSON.parse(line).message)
      }
      response.writeHead(204).end()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}
