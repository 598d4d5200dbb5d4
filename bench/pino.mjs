import { createRequire } from 'node:module'
import { context, trace } from '@opentelemetry/api'
import { AlwaysOffSampler, AlwaysOnSampler, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

// By require: OpenTelemetry's instrumentation patches nothing else without a loader.
const require = createRequire(import.meta.url)
const linesPerSpan = 100

/** Outside a trace. */
function lines(log) {
  return (count) => {
    for (let i = 0; i < count; i++) log.info({ orderId: 4711, currency: 'EUR', amount: i }, 'card charged')
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

function instrumentedPino() {
  const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino')
  new PinoInstrumentation({ disableLogSending: true }).enable()
  return require('pino')
}

/** Written at once, to where it costs least: what is left is the logger's own work. */
function loggerOf(pino) {
  return pino(pino.destination({ dest: '/dev/null', sync: true }))
}

export default {
  scenario: 'pino',
  unit: 'ns/line',
  batch: 10_000,
  contenders: {
    plain: () => {
      startSdk(new AlwaysOffSampler())
      return lines(loggerOf(require('pino')))
    },
    'static fields bound (the floor)': () => {
      startSdk(new AlwaysOffSampler())
      const fields = { trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174', trace_flags: '01' }
      return linesInSpans(loggerOf(require('pino')).child(fields))
    },
    'OpenTelemetry, not sending': () => {
      startSdk(new AlwaysOffSampler())
      return linesInSpans(loggerOf(instrumentedPino()))
    },
    'OpenTelemetry, not sending, in a recording span': () => {
      startSdk(new AlwaysOnSampler())
      return linesInSpans(loggerOf(instrumentedPino()))
    },
    'spanlog, outside a trace': () => {
      startSdk(new AlwaysOffSampler())
      return lines(loggerOf(require('spanlog/pino')))
    },
    'spanlog, in a trace': () => {
      startSdk(new AlwaysOffSampler())
      return linesInSpans(loggerOf(require('spanlog/pino')))
    },
    'spanlog, in a trace, mirroring': () => {
      startSdk(new AlwaysOnSampler())
      // So that each line is mirrored, not the first 64 of the hundred.
      require('spanlog').configure({ mirror: { limit: linesPerSpan } })
      return linesInSpans(loggerOf(require('spanlog/pino')))
    },
  },
  ratios: [
    { contender: 'spanlog, outside a trace', against: 'plain', atMost: 1.03 },
    { contender: 'spanlog, in a trace', against: 'static fields bound (the floor)', atMost: 1.1 },
    { contender: 'OpenTelemetry, not sending', against: 'static fields bound (the floor)' },
    { contender: 'spanlog, in a trace', against: 'OpenTelemetry, not sending' },
    { contender: 'spanlog, in a trace, mirroring', against: 'OpenTelemetry, not sending, in a recording span', atMost: 0.85 },
  ],
}
