// Runs the shop as three processes, sends a few orders, and follows the one that failed by nothing but the trace ID in its
// response header. Lines and spans go to files in .demo/, or, with LOKI_URL and TEMPO_URL set, to Loki and Tempo.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { shipLines } from './ship-lines.mjs'

const { LOKI_URL, TEMPO_URL } = process.env
// Tempo takes spans on another port than the one that answers queries.
const otlpUrl = process.env.TEMPO_OTLP_URL ?? TEMPO_URL?.replace(/(:\d+)?\/?$/, ':4318')
const folder = path.resolve('.demo')
const spanlog = path.join(import.meta.dirname, '../../dist/src/cli/main.js')

const running = []
try {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const gateway = await startShop()
  const failed = await order(gateway, { item: 'lamp', card: { number: '4000 0000 0000 0002', declined: true } })
  await order(gateway, { item: 'chair', card: { number: '4242 4242 4242 4242' } })
  await order(gateway, { item: 'table', card: { number: '4242 4242 4242 4242', slow: true } })
  await stopShop()
  if (LOKI_URL) await shipLines(folder, LOKI_URL)

  console.log(`\nThe lamp's order failed. All that we have is its response header: x-trace-id: ${failed}`)
  const logs = LOKI_URL ? ['--loki', LOKI_URL] : ['--file', '.demo']
  await show('logs', failed, logs)
  await show('trace', failed, TEMPO_URL ? [...logs, '--tempo', TEMPO_URL] : ['--file', '.demo', ...(LOKI_URL ? logs : [])])
} finally {
  for (const service of running) service.kill()
}

/** Starts payments, orders and gateway, each calling the one before; returns the gateway's URL. */
async function startShop() {
  let upstream = ''
  for (const name of ['payments', 'orders', 'gateway']) {
    const port = await freePort()
    const env = { ...process.env, PORT: String(port), UPSTREAM: upstream, SPAN_FILE: path.join(folder, `${name}.spans.jsonl`) }
    if (TEMPO_URL) env.OTLP_URL = otlpUrl
    const output = openSync(path.join(folder, `${name}.log`), 'a')
    const service = spawn(process.execPath, [path.join(import.meta.dirname, `${name}.mjs`)], { env, stdio: ['ignore', output, 'inherit'] })
    running.push(service)
    await listening(port, service)
    upstream = `http://127.0.0.1:${port}`
  }
  return upstream
}

/** Ends each service as an orchestrator would; its last spans are flushed on the way. */
async function stopShop() {
  for (const service of running.splice(0)) {
    const exit = once(service, 'exit')
    service.kill('SIGTERM')
    await exit
  }
}

/** Places one order and returns the trace ID in the response header. */
async function order(gateway, body) {
  const started = performance.now()
  const answer = await fetch(`${gateway}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await answer.text()
  const traceId = answer.headers.get('x-trace-id')
  console.log(`POST /orders ${body.item.padEnd(6)} ${answer.status}  ${Math.round(performance.now() - started)} ms  x-trace-id: ${traceId}`)
  return traceId
}

/** Runs the command line as a person would, and again where a store has not indexed yet what was just sent, or sampling not decided. */
async function show(command, traceId, sources) {
  console.log(`\n$ spanlog ${command} ${traceId} ${sources.join(' ')}`)
  for (let attempt = 1; ; attempt++) {
    const child = spawn(process.execPath, [spanlog, command, traceId, ...sources], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, [code]] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'exit')])
    const said = Buffer.concat([...stdout, ...stderr])
    const complete = code === 0 && !said.includes('no spans')
    if (!complete && (LOKI_URL || TEMPO_URL) && attempt < 15) {
      await wait(2000)
      continue
    }
    process.stdout.write(said)
    if (!complete) process.exitCode = code || 1
    return
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port, service) {
  for (let i = 0; i < 200; i++) {
    if (service.exitCode !== null) throw new Error(`a service of the shop ended with ${service.exitCode} before it listened`)
    const socket = connect(port, '127.0.0.1')
    const open = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
    socket.destroy()
    if (open) return
    await wait(50)
  }
  throw new Error(`no service listens on port ${port}`)
}
