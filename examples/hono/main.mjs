// Hono on node.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { traceHono } from 'spanlog/hono'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const app = new Hono()
app.use(traceHono({ logger: log }))

app.get('/orders/:id', (c) => {
  log.info({ orderId: c.req.param('id') }, 'order found')
  return c.json({ id: c.req.param('id') })
})

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }, () => log.info('listening'))
