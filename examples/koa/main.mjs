// Koa: the middleware stands first; `@koa/router` tells it the route, here the example does.
import Koa from 'koa'
import { traceKoa } from 'spanlog/koa'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const app = new Koa()
app.use(traceKoa({ logger: log, route: (ctx) => ctx.path.replace(/\d+/, ':id') }))

app.use((ctx) => {
  const id = ctx.path.split('/').at(-1)
  log.info({ orderId: id }, 'order found')
  ctx.body = { id }
})

app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => log.info('listening'))
