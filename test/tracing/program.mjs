// A service of few lines, run as a program of its own: `node program.mjs <scenario> <options as JSON>`.
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { correlationId, injectTrace, spanlogStats, withSpan } from 'spanlog'
import pino from 'spanlog/pino'
import { countErrors, enrichSpans, filterSpans, oldAttributeNames, startTracing } from 'spanlog/tracing'

const [, , scenario = '', json = '{}'] = process.argv
const options = JSON.parse(json)
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
const work = (count = 3, attributes = {}) => {
  for (let i = 0; i < count; i++) withSpan(`work ${i % 100}`, { attributes }, () => undefined)
}
const stayAlive = () => setInterval(() => undefined, 1000)
const exporter = (exportSpans, rest = {}) => ({ export: exportSpans, shutdown: () => Promise.resolve(), ...rest })

const scenarios = {
  'natural end'() {
    startTracing(options)
    work()
  },
  'work goes on at the natural end'() {
    startTracing(options)
    work()
    process.once('beforeExit', () => setTimeout(work, 10, 2))
  },
  signal() {
    startTracing(options)
    work()
    stayAlive()
    say('ready')
  },
  async 'signal beside signal-exit'() {
    const { onExit } = await import('signal-exit')
    // What it returns would keep the process alive.
    onExit((_code, signal) => void say(`cleaned up at ${signal}`))
    startTracing(options)
    work()
    stayAlive()
    say('ready')
  },
  'host listens'() {
    const alive = stayAlive()
    // Before ours, and gone from the list once it has run.
    process.once('SIGTERM', () => {
      // Longer than the flush takes: whoever raises the signal again ends the process before this.
      setTimeout(() => {
        work(1)
        say('drained')
        clearInterval(alive)
        process.exitCode = 7
      }, 300)
    })
    startTracing(options)
    work()
    say('ready')
  },
  async 'exit after shutdown'() {
    const tracing = startTracing(options)
    work()
    await tracing.shutdown()
    process.exit(3)
  },
  async 'flush while running'() {
    const tracing = startTracing(options)
    work()
    await tracing.forceFlush()
    say('flushed')
    process.exit(0)
  },
  'exporter throws'() {
    startTracing({
      exporters: [
        exporter(() => {
          throw new Error('exporter broke')
        }),
        ...options.exporters,
      ],
    })
    work()
  },
  'exporter rejects'() {
    startTracing({ exporters: [exporter(() => Promise.reject(new Error('exporter broke'))), ...options.exporters] })
    work()
  },
  'exporter fails its shutdown'() {
    startTracing({
      exporters: [
        exporter((_, done) => done({ code: 1, error: new Error('exporter broke') }), {
          forceFlush: () => Promise.reject(new Error('no flush')),
          shutdown: () => Promise.reject(new Error('no shutdown')),
        }),
        ...options.exporters,
      ],
    })
    work()
    stayAlive()
    say('ready')
  },
  'exporter hangs'() {
    startTracing({ flushTimeoutMs: 200, exporters: [exporter(() => undefined), ...options.exporters] })
    work()
  },
  'exporter hangs at a signal'() {
    startTracing({ flushTimeoutMs: 200, exporters: [exporter(() => undefined), ...options.exporters] })
    work()
    stayAlive()
    say('ready')
  },
  'export is under way at a signal'() {
    startTracing({
      batch: { maxExportBatchSize: 1 },
      exporters: [
        exporter((spans, done) =>
          setTimeout(() => {
            say(spans.map((span) => span.name))
            done({ code: 0 })
          }, 100),
        ),
      ],
    })
    work(1)
    setImmediate(() => process.kill(process.pid, 'SIGTERM'))
    stayAlive()
  },
  twice() {
    const first = startTracing(options)
    const second = startTracing(options)
    say({ same: first === second })
    work()
  },
  async 'beside another provider'() {
    const memory = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
    trace.setGlobalTracerProvider(provider)
    const tracing = startTracing(options)
    work()
    await tracing.shutdown()
    work()
    say({ others: memory.getFinishedSpans().length, listeners: process.listenerCount('SIGTERM') })
  },
  async 'again after shutdown'() {
    await startTracing(options).shutdown()
    say({ recording: trace.getTracer('x').startSpan('y').isRecording(), listeners: process.listenerCount('SIGTERM') })
    const tracing = startTracing(options)
    work()
    await tracing.shutdown()
  },
  disabled() {
    startTracing(options)
    withSpan('work', (span) => say({ recording: span.isRecording(), id: correlationId()?.length, headers: injectTrace() }))
  },
  propagation() {
    startTracing(options)
    withSpan('work', () => say(injectTrace()))
  },
  'long error line'() {
    startTracing(options)
    const error = new Error('x'.repeat(10_000))
    withSpan('work', () => pino({ level: 'info' }, { write() {} }).error(error))
  },
  'many attributes'() {
    startTracing(options)
    work(1, Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`a${i}`, i])))
  },
  async processors() {
    const errors = countErrors()
    const observed = []
    const observer = {
      onStart() {},
      onEnd: (span) => observed.push(span.attributes.password),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    }
    const tracing = startTracing({
      ...options,
      processors: [enrichSpans({ attributes: { team: 'blue' } }), filterSpans(), errors, oldAttributeNames('both'), observer],
    })
    withSpan('health', { attributes: { 'url.path': '/health' } }, () => withSpan('inner', () => undefined))
    withSpan('kept', { attributes: { password: 'hunter2', 'http.request.method': 'GET' } }, (span) => void span.setStatus({ code: 2 }))
    await tracing.shutdown()
    say({ errors: errors.errors().map(({ operation, count }) => [operation, count]), observed: observed.filter(Boolean) })
  },
  thousand() {
    startTracing(options)
    work(1_000)
  },
  async 'thousand with errors'() {
    const tracing = startTracing(options)
    for (let i = 0; i < 1_000; i++) withSpan(i % 50 === 0 ? 'failed' : 'fine', (span) => i % 50 === 0 && span.setStatus({ code: 2 }))
    await tracing.shutdown()
  },
  async 'thousand, counted'() {
    const tracing = startTracing(options)
    work(1_000)
    say(spanlogStats().spans)
    await tracing.shutdown()
    say(spanlogStats().spans)
  },
  async 'failing, counted'() {
    const tracing = startTracing({ exporters: [exporter((_, done) => done({ code: 1, error: new Error('no') }))] })
    work()
    await tracing.shutdown()
    say(spanlogStats().spans)
  },
  many() {
    startTracing(options)
    work(300, { payload: 'x'.repeat(20_000) })
  },
}

await scenarios[scenario]()
