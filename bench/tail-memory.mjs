import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

const marks = [10_000, 100_000, 250_000, 500_000, 750_000, 1_000_000]

/** A million traces of three spans through one tail sampler; the heap after a collection, at each mark. */
async function run() {
  const { tailSampling } = createRequire(import.meta.url)('spanlog/tracing')
  const exporter = { export: (_, done) => done({ code: 0 }), shutdown: () => Promise.resolve() }
  const tail = tailSampling({ exporters: [exporter], keep: ['errors', { probability: 0.01 }] })
  const tracer = new NodeTracerProvider({ sampler: tail.sampler, spanProcessors: [tail.processor] }).getTracer('bench')
  const figures = []
  for (let i = 1; i <= marks.at(-1); i++) {
    const root = tracer.startSpan('GET /orders/:id', { attributes: { 'http.route': '/orders/:id', 'order.id': i } }, ROOT_CONTEXT)
    const context = trace.setSpan(ROOT_CONTEXT, root)
    tracer.startSpan('SELECT orders', {}, context).end()
    tracer.startSpan('GET redis', {}, context).end()
    root.end()
    // A turn of the event loop for each hundred, so that the timers run as in a service.
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (marks.includes(i)) {
      await tail.processor.forceFlush()
      globalThis.gc()
      const { heapUsed } = process.memoryUsage()
      figures.push({ traces: i, heapMb: heapUsed / 2 ** 20, ...tail.stats })
    }
  }
  process.stdout.write(JSON.stringify(figures))
}

export default {
  scenario: 'tail-memory',
  async report() {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url)])
    const rows = JSON.parse(stdout).map(({ traces, heapMb, keptTraces, droppedTraces, evictedTraces }) => {
      return `| ${[traces, heapMb.toFixed(1), keptTraces, droppedTraces, evictedTraces].join(' | ')} |`
    })
    return [
      '| traces | heap after a collection (MiB) | kept | dropped | of these decided early for want of room |',
      '| ---: | ---: | ---: | ---: | ---: |',
      ...rows,
      '',
    ].join('\n')
  },
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run()
