// A service without a line of tracing: Express, and a call of another service by fetch.
import express from 'express'
import pino from 'spanlog/pino'

const log = pino()
const app = express()
app.get('/names/:id', (req, res) => res.send(`reader ${req.params.id}`))
app.get('/greetings/:id', async (req, res) => {
  const answer = await fetch(`http://localhost:${server.address().port}/names/${req.params.id}`)
  log.info({ id: req.params.id }, 'greeting')
  res.send(`Hello, ${await answer.text()}\n`)
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => log.info(server.address(), 'listening'))
