// Express, with a logger of each request's own: its child names the user, and its lines know their trace.
import express from 'express'
import { traceHttp } from 'spanlog/http'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const app = express()
app.use(traceHttp({ logger: log }))
app.use((req, _res, next) => {
  req.log = log.child({ user: req.get('x-user') ?? 'guest' })
  next()
})

app.get('/orders/:id', (req, res) => {
  req.log.info({ orderId: req.params.id }, 'order found')
  res.json({ id: req.params.id })
})

app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => log.info('listening'))
