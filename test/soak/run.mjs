// `npm run test:soak -- --minutes 30`: one service at full speed, with requests that fail, are slow or are broken off, stores that fail,
// and an outage of each store for a tenth of the time. At the end: is the memory flat, are listeners left, has every line arrived once?
import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startReceiver } from './receiver.mjs'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' }, clients: { type: 'string', default: '16' } } })
const seconds = Number(values.minutes) * 60
if (!(seconds >= 10)) throw new Error(`--minutes: expected 0.2 or more, received ${values.minutes}`)

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-soak-'))
const lines = path.join(folder, 'app.log')
const receiver = await startReceiver(Math.random)
const service = fork(path.join(import.meta.dirname, 'service.mjs'), {
  execArgv: ['--expose-gc'],
  env: { ...process.env, RECEIVER: receiver.url, SPOOL: path.join(folder, 'spool'), LINES: lines },
})
const states = []
const { port } = await new Promise((resolve) => service.once('message', resolve))
service.on('message', (state) => states.push({ at: performance.now(), ...state }))

const end = performance.now() + seconds * 1000
const requests = { answered: 0, failed: 0, brokenOff: 0 }
const outages = setInterval(() => receiver.outage(Math.floor(performance.now() / 10_000) % 10 === 3), 1000)
const telling = setInterval(() => console.log(summary(states.at(-1))), 30_000)
await Promise.all(Array.from({ length: Number(values.clients) }, client))
clearInterval(outages)
clearInterval(telling)
receiver.outage(false)

const exit = new Promise((resolve) => service.once('exit', resolve))
service.kill('SIGTERM')
await exit
const last = states.at(-1)
const numbers = readFileSync(lines, 'utf8')
  .trim()
  .split('\n')
  .map((text) => JSON.parse(text))
const ofFile = numbers.filter(({ n }) => n !== undefined)
receiver.close()
rmSync(folder, { recursive: true })

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
// The first quarter is when caches and compiled code settle.
const quarter = (i) => states.slice(Math.floor((states.length * i) / 4), Math.floor((states.length * (i + 1)) / 4))
const heap = [1, 3].map((i) => median(quarter(i).map(({ heapUsed }) => heapUsed)))
const rss = [1, 3].map((i) => median(quarter(i).map((state) => state.rss)))
const listeners = [1, 3].map((i) => median(quarter(i).map((state) => state.listeners)))

const results = [
  ['it ran to its end', last.ended === true, `${Math.round(seconds)} s`],
  ['heap after collection is flat', heap[1] < heap[0] * 1.1 + 2e6, heap.map(megabytes).join(' -> ')],
  ['resident memory is flat', rss[1] < rss[0] * 1.15 + 10e6, rss.map(megabytes).join(' -> ')],
  ['no listeners are left', listeners[1] <= listeners[0], listeners.join(' -> ')],
  [
    'each line stands in the file once',
    new Set(ofFile.map(({ n }) => n)).size === last.written.file && ofFile.length === last.written.file,
    `${last.written.file} lines`,
  ],
  ['and knows its trace', numbers.every((line) => /^[0-9a-f]{32}$/.test(line.trace_id)), ''],
  ['each line came to Loki', receiver.taken.size === last.written.loki, `${receiver.taken.size} of ${last.written.loki}`],
  ['once', receiver.counts.repeated === 0 && receiver.counts.withoutTrace === 0, `${last.loki.retries} pushes sent again`],
  ['no line was kept from its span', last.mirror.dropped + last.mirror.unreadable === 0, ''],
]
console.log(
  `\n${Object.values(requests).reduce((a, b) => a + b)} requests, ${Math.round((requests.answered + requests.failed) / seconds)} a second:`,
  requests,
)
console.log(`${receiver.counts.spans} spans, failures of the stores:`, receiver.counts.failures, 'spans:', last.spans)
for (const [what, ok, figures] of results) console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}${figures && `: ${figures}`}`)
process.exitCode = results.every(([, ok]) => ok) ? 0 : 1

async function client() {
  let agent = new Agent({ keepAlive: true })
  for (let i = 0; performance.now() < end; i++) {
    // A new connection now and then, as clients come and go.
    if (i % 500 === 499) {
      agent.destroy()
      agent = new Agent({ keepAlive: true })
    }
    const route = i % 50 === 0 ? '/slow' : ['/ok', '/nested', '/ok', '/fails', '/ok'][i % 5]
    requests[await send(agent, route, i % 50 === 0)]++
  }
  agent.destroy()
}

function send(agent, route, breakOff) {
  return new Promise((resolve) => {
    const sent = request({ agent, port, path: route, host: '127.0.0.1' }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode === 200 ? 'answered' : 'failed'))
    })
    sent.on('error', () => resolve('brokenOff')).end()
    if (breakOff) setTimeout(() => sent.destroy(), 50)
  })
}

function summary({ heapUsed, rss: resident, listeners: count, written, loki }) {
  return `heap ${megabytes(heapUsed)}, resident ${megabytes(resident)}, ${count} listeners, ${written.file} lines, ${loki.waitingBytes} bytes wait`
}
