// Charges cards, deep inside: node:http and pino.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { withSpan } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import pino from 'spanlog/pino' // was: 'pino'
import { startTracing } from 'spanlog/tracing'
import { exporters, host, port } from './settings.mjs'

startTracing({ serviceName: 'payments', exporters })
const log = pino({ base: { service: 'payments' }, redact: ['card.number'] })

class CardDeclined extends Error {
  name = 'CardDeclined'
}

async function charge({ orderId, card }) {
  log.info({ orderId, card }, 'charging card')
  if (card.slow) {
    log.warn({ orderId }, 'bank is slow to answer')
    await wait(400)
  }
  if (card.declined) throw new CardDeclined('insufficient funds')
  log.info({ orderId }, 'card charged')
}

async function pay(req, res) {
  const order = await json(req)
  const answer = (status, body) => res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  try {
    await withSpan('charge card', { attributes: { 'order.id': order.orderId } }, () => charge(order))
    answer(200, {})
  } catch (error) {
    log.error({ err: error, orderId: order.orderId }, 'charge failed')
    answer(500, { error: error.message })
  }
}

const trace = traceHttp({ logger: log, route: () => '/payments' })
createServer((req, res) => trace(req, res, () => pay(req, res))).listen(port, host)
