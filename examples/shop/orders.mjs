// Takes orders and has them paid: node:http and winston.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { injectTrace, withSpan } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import { startTracing } from 'spanlog/tracing'
import winston from 'spanlog/winston' // was: 'winston'
import { exporters, host, port, upstream } from './settings.mjs'

startTracing({ serviceName: 'orders', exporters })
const log = winston.createLogger({
  defaultMeta: { service: 'orders' },
  format: winston.format.combine(winston.format.splat(), winston.format.timestamp(), winston.format.json()),
  transports: [new winston.transports.Console()],
})

let lastId = 4710

async function placeOrder(req, res) {
  const { item, card } = await json(req)
  const id = ++lastId
  log.info('reserving %s', item, { orderId: id })
  await withSpan('reserve stock', { attributes: { 'order.id': id } }, () => new Promise((resolve) => setTimeout(resolve, 5)))
  const payment = await withSpan('pay order', { kind: 'client', attributes: { 'order.id': id } }, () =>
    fetch(`${upstream}/payments`, {
      method: 'POST',
      headers: injectTrace({ 'content-type': 'application/json' }),
      body: JSON.stringify({ orderId: id, card }),
    }),
  )
  const { error } = await payment.json()
  if (payment.ok) log.info('order complete', { orderId: id })
  else log.error('payment refused, stock released', { orderId: id, reason: error })
  res.writeHead(payment.ok ? 201 : 502, { 'content-type': 'application/json' }).end(JSON.stringify({ id, error }))
}

const trace = traceHttp({ logger: log, route: () => '/orders' })
createServer((req, res) => trace(req, res, () => placeOrder(req, res))).listen(port, host)
