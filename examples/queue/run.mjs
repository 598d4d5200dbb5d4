// HTTP -> queue -> worker: sends one order to the gateway, waits until the worker has charged it at its second attempt, and shows the trace
// of all that the request caused, with its lines, by the ID in the response header alone. Needs Redis, at REDIS_PORT.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

const folder = mkdtempSync(path.join(tmpdir(), 'queue-'))
const spanlog = path.join(import.meta.dirname, '../../dist/src/cli/main.js')
const port = process.env.PORT ?? '3000'

const services = ['gateway', 'worker'].map(start)
try {
  await Promise.all(services.map((service) => service.says('listening')))
  const charged = services[1].says('completed')
  const answer = await fetch(`http://127.0.0.1:${port}/orders/7`, { method: 'POST' })
  const traceId = answer.headers.get('x-trace-id')
  console.log(`POST /orders/7 ${answer.status}  x-trace-id: ${traceId}`)
  await charged
  await Promise.all(services.map((service) => service.stop()))

  console.log(`\n$ spanlog trace ${traceId} --file .`)
  const child = spawn(process.execPath, [spanlog, 'trace', traceId, '--file', '.'], { cwd: folder, stdio: 'inherit' })
  await once(child, 'exit')
} finally {
  for (const { program } of services) program.kill()
  rmSync(folder, { recursive: true })
}

/** Starts a service whose lines go to a file; `says` waits for a line of them, `stop` ends it as an orchestrator would. */
function start(name) {
  const env = { ...process.env, PORT: port, SPAN_FILE: path.join(folder, `${name}.spans.jsonl`) }
  const program = spawn(process.execPath, [path.join(import.meta.dirname, `${name}.mjs`)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(program, 'exit')
  program.stdout.pipe(createWriteStream(path.join(folder, `${name}.log`)))
  const lines = createInterface(program.stdout)
  return {
    program,
    says: (message) =>
      new Promise((resolve, reject) => {
        lines.on('line', (line) => JSON.parse(line).msg === message && resolve())
        program.once('exit', (code) => reject(new Error(`the ${name} ended with ${code} before it said: ${message}`)))
      }),
    stop: async () => {
      program.kill('SIGTERM')
      await exit
    },
  }
}
