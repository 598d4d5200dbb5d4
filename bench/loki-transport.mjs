import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import pino from 'pino'
import { LokiTransport } from 'spanlog/loki'
import winston from 'winston'
import WinstonLoki from 'winston-loki'
import { compare, tables } from './harness.mjs'

// What all have in common: JSON over HTTP, a push each second, the same labels.
const service = 'bench-loki-transport'
const viaPino = (target, options) => pino(pino.transport({ target, options }))
const viaWinston = (transport) => winston.createLogger({ format: winston.format.json(), transports: [transport] })
const ours = (url, more) => ({ url, service, closeTimeoutMs: 0, ...more })

/** Each makes a logger for a Loki and a folder that is its own. */
const loggers = {
  'pino-loki': (url) =>
    viaPino(import.meta.resolve('pino-loki'), {
      host: url,
      labels: { service_name: service },
      batching: { interval: 1 },
      silenceErrors: true,
    }),
  'spanlog, pino': (url, spool) => viaPino('spanlog/loki', ours(url, { spool })),
  'spanlog, pino, without a spool': (url) => viaPino('spanlog/loki', ours(url, { spool: false })),
  'winston-loki': (url) =>
    viaWinston(new WinstonLoki({ host: url, json: true, labels: { service_name: service }, format: winston.format.json(), interval: 1 })),
  'spanlog, winston': (url, spool) => viaWinston(new LokiTransport(ours(url, { spool }))),
  'pino, to a null device in a thread': () => viaPino('pino/file', { destination: '/dev/null' }),
  'winston, to nothing': () => viaWinston(new winston.transports.Console({ silent: true })),
}

const traceId = '0af7651916cd43dd8448eb211c80319c'
const writeLine = (log, n) => log.info({ trace_id: traceId, span_id: 'b7ad6b7169203331', item: 'lamp', message: 'order placed', n })

/**
 * Processor time of a line until it is sent, in all threads unless another clock is given. What waits for its second costs nothing.
 *
 * @param clock - nanoseconds of processor time so far
 */
function cpu(make, clock) {
  return () => {
    // winston-loki's timers would keep the process.
    process.once('disconnect', () => process.exit())
    const log = make(process.env.BENCH_LOKI_URL, process.env.BENCH_SPOOL)
    return async (count) => {
      const before = clock?.()
      for (let n = 0; n < count; n++) writeLine(log, n)
      await sleep(1500)
      return clock && (clock() - before) / count
    }
  }
}

/** The system's account of the thread whose number is the process's: Node tells of single threads from 23.9 on. */
const account = `/proc/self/task/${process.pid}/schedstat`
const ofMainThread = () => Number(readFileSync(account, 'utf8').split(' ')[0])

const everyThread = Object.entries(loggers).map(([name, make]) => [name, cpu(make)])
const sending = Object.keys(loggers).filter((name) => name.includes('oki') || name.startsWith('spanlog'))
// What the log call's own thread, and so the service's requests, wait for.
const mainThread = existsSync(account) ? sending.map((name) => [`${name}: main thread`, cpu(loggers[name], ofMainThread)]) : []
const rivals = [
  ['spanlog, pino', 'pino-loki'],
  ['spanlog, winston', 'winston-loki'],
]

const perLine = {
  scenario: 'loki-transport',
  unit: 'ns/line',
  // pino-loki drops what comes above 10,000 lines between two pushes.
  batch: 8_000,
  warmUps: 2,
  batches: 5,
  contenders: Object.fromEntries([...everyThread, ...mainThread]),
  ratios: ['', ...(mainThread.length > 0 ? [': main thread'] : [])].flatMap((where) =>
    rivals.map(([contender, against]) => ({
      contender: contender + where,
      against: against + where,
      atMost: where === '' ? undefined : 1,
    })),
  ),
}

/** A Loki that takes everything and knows which lines it has. */
async function startLoki() {
  const times = new Map()
  const take = (request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const sent = Buffer.concat(chunks)
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString()
      // Loki keeps one of two that are alike in stream, time and line.
      const seen = new Set()
      for (const { stream, values } of JSON.parse(body).streams) {
        for (const [time, line] of values) {
          const [, n] = /"n":(\d+)/.exec(line) ?? []
          if (n !== undefined) seen.add(`${n} ${time} ${JSON.stringify(stream)}`)
        }
      }
      for (const key of seen) times.set(key.split(' ')[0], (times.get(key.split(' ')[0]) ?? new Set()).add(key))
      response.writeHead(204).end()
    })
  }
  let server
  let port = 0
  const loki = {
    up: async () => {
      server = createServer(take)
      await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
      port = server.address().port
      loki.url = `http://127.0.0.1:${port}`
    },
    down: () => {
      server.close()
      server.closeAllConnections()
    },
    /** Lines that are there, and those that are there again. */
    lines: () => times.size,
    doubled: () => [...times.values()].filter((keys) => keys.size > 1).length,
  }
  await loki.up()
  return loki
}

/** Set shorter to try the report out; winston-loki waits a minute after a failure. */
const outageMs = Number(process.env.BENCH_OUTAGE_MS ?? 30_000)
const afterMs = Number(process.env.BENCH_AFTER_MS ?? 75_000)
const everyMs = 10

/**
 * A logger that writes a line each ten milliseconds while its Loki is up, down for 30 seconds, and up again.
 *
 * @param killed - whether its process is killed in the middle of the outage, and another one started in its place
 */
async function outage(name, killed) {
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-bench-'))
  const loki = await startLoki()
  let written = 0
  const start = async () => {
    const args = ['--log', name, loki.url, folder, String(written)]
    const child = fork(fileURLToPath(import.meta.url), args, {
      stdio: ['ignore', 'ignore', name.startsWith('spanlog') ? 'inherit' : 'ignore', 'ipc'],
    })
    child.on('message', (n) => (written = n))
    await once(child, 'message')
    return child
  }
  let child = await start()
  // Not before it ships: on a busy machine a worker thread takes seconds to start.
  while (loki.lines() === 0) await sleep(100)
  await sleep(5_000)
  loki.down()
  await sleep(outageMs / 2)
  if (killed) {
    child.kill('SIGKILL')
    await once(child, 'exit')
    child = await start()
  }
  await sleep(outageMs / 2)
  await loki.up()
  await sleep(1_000)
  child.send('stop')
  await sleep(afterMs)
  child.kill('SIGKILL')
  loki.down()
  rmSync(folder, { recursive: true, force: true })
  return { lost: Math.max(0, written - loki.lines()), doubled: loki.doubled(), written }
}

async function report(rounds) {
  // Lines cost the same wherever they go; a Loki of one's own shows that it takes them.
  const loki = process.env.LOKI_URL === undefined ? await startLoki() : { url: process.env.LOKI_URL, down: () => undefined }
  process.env.BENCH_LOKI_URL = loki.url
  process.env.BENCH_SPOOL = mkdtempSync(path.join(tmpdir(), 'spanlog-bench-'))
  const costs = tables(await compare(perLine, rounds, (round) => process.stderr.write(`round ${round} of ${rounds}\n`)))
  loki.down()
  rmSync(process.env.BENCH_SPOOL, { recursive: true, force: true })

  const rows = await Promise.all(
    sending.map(async (name) => {
      const [outlived, died] = await Promise.all([outage(name, false), outage(name, true)])
      const cells = [outlived, died].flatMap(({ written, lost, doubled }) => [written, lost, doubled])
      return `| ${name} | ${cells.join(' | ')} |`
    }),
  )
  return [
    costs,
    '| transport | lines in an outage of 30 s | lost | doubled | lines, the process killed in it | lost | doubled |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n')
}

export default { ...perLine, report }

if (process.argv[2] === '--log') {
  const [, , , name, url, folder, first] = process.argv
  const log = loggers[name](url, folder)
  let n = Number(first)
  const timer = setInterval(() => {
    writeLine(log, n++)
    process.send(n)
  }, everyMs)
  process.on('message', () => clearInterval(timer))
  // What is wrong with a rival's pushes is not the question.
  if (!name.startsWith('spanlog')) for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, () => undefined)
}
