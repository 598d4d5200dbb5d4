// The shop's front door: Express and pino.
import express from 'express'
import { injectTrace, withSpan } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import pino from 'spanlog/pino' // was: 'pino'
import { startTracing } from 'spanlog/tracing'
import { exporters, host, port, upstream } from './settings.mjs'

startTracing({ serviceName: 'gateway', exporters })
const log = pino({ base: { service: 'gateway' } })

const app = express()
app.use(traceHttp({ logger: log }), express.json())

app.post('/orders', async (req, res) => {
  log.info({ item: req.body.item }, 'order received')
  const answer = await withSpan('place order', { kind: 'client' }, () =>
    fetch(`${upstream}/orders`, {
      method: 'POST',
      headers: injectTrace({ 'content-type': 'application/json' }),
      body: JSON.stringify(req.body),
    }),
  )
  const order = await answer.json()
  if (answer.ok) log.info({ orderId: order.id }, 'order placed')
  else log.error({ status: answer.status, reason: order.error }, 'order failed')
  res.status(answer.status).json(order)
})

app.listen(port, host)
