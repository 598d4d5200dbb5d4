// Node, Python, Node: one order through all three, and its trace with the lines of all, by the ID in the response header.
// Wants Python 3.10 or later with the packages of requirements.txt: PYTHON=path/to/venv/bin/python node examples/polyglot/run.mjs
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const here = import.meta.dirname
const python = process.env.PYTHON ?? 'python3'
const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-polyglot-'))
const running = []
try {
  const stock = await start('stock', process.execPath, 'stock.mjs')
  const prices = await start('prices', python, 'prices.py', stock)
  const gateway = await start('gateway', process.execPath, 'gateway.mjs', prices)

  const answer = await fetch(`${gateway}/orders/lamp`)
  const traceId = answer.headers.get('x-trace-id')
  console.log(`GET /orders/lamp ${answer.status}  ${await answer.text()}  x-trace-id: ${traceId}\n`)
  await stop()
  const spanlog = path.join(here, '../../dist/src/cli/main.js')
  execFileSync(process.execPath, [spanlog, 'trace', traceId, '--file', folder], { stdio: 'inherit' })
} finally {
  await stop()
  rmSync(folder, { recursive: true })
}

/** Starts a service whose lines and spans go to files; returns its URL when it says that it listens. */
async function start(name, program, file, upstream = '') {
  const env = { ...process.env, UPSTREAM: upstream, SPAN_FILE: path.join(folder, `${name}.spans.jsonl`) }
  const service = spawn(program, [path.join(here, file)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(service)
  service.stdout.pipe(createWriteStream(path.join(folder, `${name}.log`)))
  const exited = once(service, 'exit').then(() => {
    throw new Error(`${name} ended before it listened`)
  })
  for (;;) {
    const [piece] = await Promise.race([once(service.stdout, 'data'), exited])
    const port = /listening on (\d+)/.exec(String(piece))?.[1]
    if (port === undefined) continue
    exited.catch(() => {}) // from here on it may
    return `http://127.0.0.1:${port}`
  }
}

/** Ends each service as an orchestrator would; its last spans are flushed on the way. */
async function stop() {
  const ended = running.splice(0).map(async (service) => {
    const exit = once(service, 'close')
    service.kill('SIGTERM')
    await exit
  })
  await Promise.all(ended)
}
