import { fork } from 'node:child_process'
import { Agent, createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const ways = {
  untraced: undefined,
  'traced, 1 %': { ratio: 0.01 },
  'traced, 10 %': { ratio: 0.1 },
  'traced, 100 %': { ratio: 1 },
  'tail-sampled, errors, slow and 1 %': { tailSampling: { keep: ['errors', { slowerThanMs: 1_000 }, { probability: 0.01 }] } },
}
const [requests, atOnce] = [3_000, 10]

/** A service: a request, three steps, and one line; one request in a hundred fails. In a process of its own. */
async function serve(way, receiver) {
  const require = createRequire(import.meta.url)
  const { withSpan } = require('spanlog')
  const tracing =
    ways[way] &&
    require('spanlog/tracing').startTracing({ serviceName: 'bench', exporters: [{ type: 'otlp', url: receiver }], ...ways[way] })
  const { pino } = require(tracing ? 'spanlog/pino' : 'pino')
  const log = pino(pino.destination({ dest: '/dev/null', sync: true }))
  const step = (name, fn) => (tracing ? withSpan(name, { attributes: { 'tenant.id': 'acme' } }, fn) : fn())
  const handle = async (req, res) => {
    for (const name of ['authenticate', 'load order', 'render']) await step(name, () => new Promise((resolve) => setImmediate(resolve)))
    log.info({ path: req.url }, 'served')
    res.writeHead(req.url === '/fail' ? 500 : 200).end('ok')
  }
  const trace = tracing && require('spanlog/http').traceHttp()
  const server = createServer(trace ? (req, res) => trace(req, res, () => handle(req, res)) : handle)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const tellCpu = async () => {
    // What was left for later is the service's work as well.
    await tracing?.forceFlush()
    process.send({ cpu: process.cpuUsage() })
  }
  process.on('message', () => void tellCpu())
  process.send({ port: server.address().port })
}

const answerOf = (child) => new Promise((resolve) => child.once('message', resolve))

async function measure(way, receiver) {
  const child = fork(fileURLToPath(import.meta.url), ['serve', way, receiver], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const { port } = await answerOf(child)
  const cpuMicros = async () => {
    child.send('cpu')
    const { cpu } = await answerOf(child)
    return cpu.user + cpu.system
  }
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const get = (i) =>
    new Promise((resolve, reject) => {
      const began = process.hrtime.bigint()
      request({ port, agent, path: i % 100 === 99 ? '/fail' : '/orders/7' }, (res) =>
        res.resume().on('end', () => resolve(Number(process.hrtime.bigint() - began) / 1e6)),
      )
        .on('error', reject)
        .end()
    })
  const load = async (count) => {
    const times = []
    let next = 0
    const client = async () => {
      while (next < count) times.push(await get(next++))
    }
    await Promise.all(Array.from({ length: atOnce }, client))
    return times.toSorted((a, b) => a - b)
  }
  await load(1_000)
  const before = await cpuMicros()
  const times = await load(requests)
  const cpu = ((await cpuMicros()) - before) / requests
  agent.destroy()
  child.kill()
  return { cpu, p50: times[Math.floor(requests * 0.5)], p99: times[Math.floor(requests * 0.99)] }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

export default {
  scenario: 'service',
  async report(rounds) {
    const receiver = createServer((req, res) => req.resume().on('end', () => res.setHeader('content-type', 'application/json').end('{}')))
    await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${receiver.address().port}`
    const measured = Object.keys(ways).map((way) => ({ way, all: [] }))
    for (let round = 1; round <= rounds; round++) {
      for (const { way, all } of measured) all.push(await measure(way, url))
      process.stderr.write(`round ${round} of ${rounds}\n`)
    }
    receiver.close()
    const rows = measured.map(({ way, all }) => {
      const of = (key) => median(all.map((one) => one[key]))
      const against = median(all.map(({ cpu }, round) => cpu / measured[0].all[round].cpu))
      return `| ${[way, of('cpu').toFixed(0), against.toFixed(2), of('p50').toFixed(2), of('p99').toFixed(2)].join(' | ')} |`
    })
    return [
      '| service | CPU (µs/request) | against untraced | p50 (ms) | p99 (ms) |',
      '| --- | ---: | ---: | ---: | ---: |',
      ...rows,
      '',
    ].join('\n')
  },
}

if (process.argv[2] === 'serve') await serve(process.argv[3], process.argv[4])
