import { openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'
import { context, trace } from '@opentelemetry/api'
import { AlwaysOffSampler, AlwaysOnSampler, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

// By require: OpenTelemetry's instrumentation patches nothing else without a loader.
const require = createRequire(import.meta.url)
const linesPerSpan = 100

/** Outside a trace. */
function lines(log) {
  return (count) => {
    for (let i = 0; i < count; i++) log.info('card charged', { orderId: 4711, currency: 'EUR', amount: i })
  }
}

/** Inside a trace, a new span every 100 lines. */
function linesInSpans(log) {
  const tracer = trace.getTracer('bench')
  const hundred = lines(log)
  return (count) => {
    for (let i = 0; i < count; i += linesPerSpan) {
      const span = tracer.startSpan('charge card')
      context.with(trace.setSpan(context.active(), span), hundred, undefined, linesPerSpan)
      span.end()
    }
  }
}

/** With one request behind it: what asks for the context costs more from then on, also outside a trace. */
function startSdk(sampler) {
  new NodeTracerProvider({ sampler }).register()
  linesInSpans({ info() {} })(linesPerSpan)
}

function instrumentedWinston() {
  const { WinstonInstrumentation } = require('@opentelemetry/instrumentation-winston')
  new WinstonInstrumentation({ disableLogSending: true }).enable()
  return require('winston')
}

/** JSON, written at once to where it costs least: what is left is the logger's own work. */
function loggerOf(winston, options = {}) {
  const file = openSync('/dev/null', 'w')
  const stream = new Writable({
    decodeStrings: false,
    write(line, _, done) {
      writeSync(file, line)
      done()
    },
  })
  return winston.createLogger({ format: winston.format.json(), transports: [new winston.transports.Stream({ stream })], ...options })
}

export default {
  scenario: 'winston',
  unit: 'ns/line',
  // Few, since winston keeps a `setImmediate` for each line.
  batch: 3000,
  contenders: {
    plain: () => {
      startSdk(new AlwaysOffSampler())
      return lines(loggerOf(require('winston')))
    },
    // In spans as well: node 20 makes each `setImmediate` dearer where a context is active, whoever logs.
    'defaultMeta of the same fields (the floor)': () => {
      startSdk(new AlwaysOffSampler())
      const defaultMeta = { trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174', trace_flags: '01' }
      return linesInSpans(loggerOf(require('winston'), { defaultMeta }))
    },
    'OpenTelemetry, not sending': () => {
      startSdk(new AlwaysOffSampler())
      return linesInSpans(loggerOf(instrumentedWinston()))
    },
    'OpenTelemetry, not sending, in a recording span': () => {
      startSdk(new AlwaysOnSampler())
      return linesInSpans(loggerOf(instrumentedWinston()))
    },
    'spanlog, outside a trace': () => {
      startSdk(new AlwaysOffSampler())
      return lines(loggerOf(require('spanlog/winston')))
    },
    'spanlog, in a trace': () => {
      startSdk(new AlwaysOffSampler())
      return linesInSpans(loggerOf(require('spanlog/winston')))
    },
    'spanlog, in a trace, mirroring': () => {
      startSdk(new AlwaysOnSampler())
      // So that each line is mirrored, not the first 64 of the hundred.
      require('spanlog').configure({ mirror: { limit: linesPerSpan } })
      return linesInSpans(loggerOf(require('spanlog/winston')))
    },
  },
  ratios: [
    { contender: 'spanlog, outside a trace', against: 'plain', atMost: 1.03 },
    { contender: 'spanlog, in a trace', against: 'defaultMeta of the same fields (the floor)', atMost: 1.05 },
    { contender: 'OpenTelemetry, not sending', against: 'defaultMeta of the same fields (the floor)' },
    { contender: 'spanlog, in a trace', against: 'OpenTelemetry, not sending' },
    { contender: 'spanlog, in a trace, mirroring', against: 'OpenTelemetry, not sending, in a recording span' },
  ],
}
