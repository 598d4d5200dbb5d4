import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { fork } from 'node:child_process'
import { Agent, createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const ways = {
  untraced,
  'untraced, in an AsyncLocalStorage': inStorage,
  'spanlog, 1 %': spanlog({ ratio: 0.01 }),
  'spanlog, 10 %': spanlog({ ratio: 0.1 }),
  'spanlog, 100 %': spanlog({ ratio: 1 }),
  'OpenTelemetry, 1 %': openTelemetry(0.01),
  'OpenTelemetry, 10 %': openTelemetry(0.1),
  'OpenTelemetry, 100 %': openTelemetry(1),
  'spanlog, tail-sampled: errors, slow and 1 %': spanlog({
    tailSampling: { keep: ['errors', { slowerThanMs: 1_000 }, { probability: 0.01 }] },
  }),
}
// Until V8 has compiled what a request runs through, its compiler takes more time than the requests, and hides what they differ by.
const [warmUps, atOnce] = [12_000, 10]
// A client that is slower than the service never sleeps, and one that is faster is woken for each answer, which the service pays for: to compare
// services, each gets its requests at one rate that all of them can serve.
const [requests, perSecond] = [2_500, 400]

/**
 * What a service is made with: its logger, how a step of its work runs, what stands around its handler.
 *
 * @typedef {{ pino: Function, step(name: string, fn: () => unknown): unknown, around(handle: Function): Function, flush?(): Promise<unknown> }} Made
 */

/** @returns {Made} */
function untraced() {
  return { pino: require('pino'), step: (_, fn) => fn(), around: (handle) => handle }
}

/** What it costs that a context is carried at all. */
function inStorage() {
  const storage = new AsyncLocalStorage()
  const around = (handle) => (req, res) => storage.run({}, () => handle(req, res))
  return { ...untraced(), around }
}

function spanlog(options) {
  return (receiver) => {
    const tracing = require('spanlog/tracing').startTracing({
      serviceName: 'bench',
      exporters: [{ type: 'otlp', url: receiver }],
      ...options,
    })
    const { withSpan } = require('spanlog')
    const trace = require('spanlog/http').traceHttp()
    return {
      pino: require('spanlog/pino'),
      step: (name, fn) => withSpan(name, { attributes: { 'tenant.id': 'acme' } }, fn),
      around: (handle) => (req, res) => trace(req, res, () => handle(req, res)),
      flush: () => tracing.forceFlush(),
    }
  }
}

/** The same by OpenTelemetry's own means: its instrumentations of HTTP and pino, and its API for the steps. */
function openTelemetry(ratio) {
  return (receiver) => {
    const {
      BatchSpanProcessor,
      NodeTracerProvider,
      ParentBasedSampler,
      TraceIdRatioBasedSampler,
    } = require('@opentelemetry/sdk-trace-node')
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http')
    const provider = new NodeTracerProvider({
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${receiver}/v1/traces` }))],
    })
    provider.register()
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
    const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino')
    require('@opentelemetry/instrumentation').registerInstrumentations({
      instrumentations: [new HttpInstrumentation(), new PinoInstrumentation()],
    })
    // Patched as it is required next.
    assert.ok(require('node:http').Server.prototype.emit.__wrapped)
    const tracer = provider.getTracer('bench')
    const step = (name, fn) =>
      tracer.startActiveSpan(name, { attributes: { 'tenant.id': 'acme' } }, async (span) => {
        try {
          return await fn()
        } finally {
          span.end()
        }
      })
    return { ...untraced(), step, flush: () => provider.forceFlush() }
  }
}

/** A service: a request, three steps, and one line; one request in a hundred fails. In a process of its own. */
async function serve(way, receiver) {
  const { pino, step, around, flush } = ways[way](receiver)
  const log = pino(pino.destination({ dest: '/dev/null', sync: true }))
  const handle = async (req, res) => {
    for (const name of ['authenticate', 'load order', 'render']) await step(name, () => new Promise((resolve) => setImmediate(resolve)))
    log.info({ path: req.url }, 'served')
    res.writeHead(req.url === '/fail' ? 500 : 200).end('ok')
  }
  const server = createServer(around(handle))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const tellCpu = async () => {
    // What was left for later is the service's work as well.
    await flush?.()
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
  let next = 0
  const client = async () => {
    while (next < warmUps) await get(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, client))
  const before = await cpuMicros()
  const times = (await paced(get)).toSorted((a, b) => a - b)
  const cpu = ((await cpuMicros()) - before) / requests
  agent.destroy()
  child.kill()
  return { cpu, p50: times[Math.floor(requests * 0.5)], p99: times[Math.floor(requests * 0.99)] }
}

/** Sends the requests at their rate, however long each takes. */
async function paced(get) {
  const sent = []
  const began = performance.now()
  while (sent.length < requests) {
    await setTimeout(2)
    const due = Math.min(requests, Math.floor(((performance.now() - began) / 1_000) * perSecond))
    while (sent.length < due) sent.push(get(sent.length))
  }
  return await Promise.all(sent)
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
