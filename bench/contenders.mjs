import { createRequire } from 'node:module'
import { context, trace } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { LoggerProvider } from '@opentelemetry/sdk-logs'
import { AlwaysOffSampler, AlwaysOnSampler, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

// By require: OpenTelemetry's instrumentation patches nothing else without a loader.
export const require = createRequire(import.meta.url)
const linesPerSpan = 100
const idle = { forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() }

/** With one request behind it: what asks for the context costs more from then on, also outside a trace. */
function startSdk(sampler, spanProcessors = []) {
  new NodeTracerProvider({ sampler, spanProcessors }).register()
  inSpans(() => {})(linesPerSpan)
}

/** Looks at the events of each span, as an exporter does. */
const reader = { ...idle, onStart() {}, onEnd: ({ events }) => void events.length }

/** Takes log records, and exports none: that costs the same whoever made them. */
export function startLogs() {
  const provider = new LoggerProvider({ processors: [{ ...idle, onEmit() {} }] })
  logs.setGlobalLoggerProvider(provider)
  return provider
}

/** Outside a trace. */
function outside(line) {
  return (count) => {
    for (let i = 0; i < count; i++) line(i)
  }
}

/** Inside a trace, a new span every 100 lines. */
function inSpans(line) {
  const tracer = trace.getTracer('bench')
  return inTurns((hundred) => {
    const span = tracer.startSpan('charge card')
    context.with(trace.setSpan(context.active(), span), hundred)
    span.end()
  }, line)
}

/** A new request every 100 lines; `run` calls what it is given inside it. */
export function inTurns(run, line) {
  const hundred = (own = line) => {
    for (let i = 0; i < linesPerSpan; i++) own(i)
  }
  return (count) => {
    for (let i = 0; i < count; i += linesPerSpan) run(hundred)
  }
}

/** Outside a trace, beside an SDK. */
function untraced(line) {
  startSdk(new AlwaysOffSampler())
  return outside(line())
}

/** Whose span records nothing. */
export function unsampled(line) {
  startSdk(new AlwaysOffSampler())
  return inSpans(line())
}

/** Whose span is recorded; nothing exports it. */
export function recording(line, spanProcessors = []) {
  startSdk(new AlwaysOnSampler(), spanProcessors)
  return inSpans(line())
}

/**
 * What the scenarios of both loggers have in common.
 *
 * @param name - of the logger's package
 * @param lineOf - makes a logger with the module that it is given, and returns what logs one line
 * @param instrument - turns OpenTelemetry's instrumentation on, with the options it is given
 */
export function contendersOf({ name, lineOf, instrument }) {
  const dropIn = `spanlog/${name}`
  const registered = () => ['spanlog/register', name].map((module) => require(module))[1]
  const mirroring = (mirror) => {
    // So that each line is mirrored, not the first 64 of the hundred.
    require('spanlog').configure({ mirror: { limit: linesPerSpan, ...mirror } })
    return lineOf(require(dropIn))
  }
  return {
    plain: () => untraced(() => lineOf(require(name))),
    'OpenTelemetry, not sending': () => unsampled(() => lineOf(instrument({ disableLogSending: true }))),
    'OpenTelemetry, not sending, in a recording span': () => recording(() => lineOf(instrument({ disableLogSending: true }))),
    'spanlog, outside a trace': () => untraced(() => lineOf(require(dropIn))),
    'spanlog, in a trace': () => unsampled(() => lineOf(require(dropIn))),
    'spanlog/register, outside a trace': () => untraced(() => lineOf(registered())),
    'spanlog/register, in a trace': () => unsampled(() => lineOf(registered())),
    'spanlog, in a trace, mirroring': () => recording(() => mirroring({})),
    'spanlog, in a trace, mirroring, the events read': () => recording(() => mirroring({}), [reader]),
    'spanlog, in a trace, log records': () => {
      startLogs()
      return recording(() => mirroring({ to: 'records' }))
    },
  }
}

/** @param floor - the contender that has the same fields without a tracing library */
export function ratiosOf(floor, { inTrace, mirroring }) {
  return [
    { contender: 'spanlog, outside a trace', against: 'plain', atMost: 1.02 },
    { contender: 'spanlog, in a trace', against: floor, atMost: inTrace },
    { contender: 'OpenTelemetry, not sending', against: floor },
    { contender: 'spanlog, in a trace', against: 'OpenTelemetry, not sending', atMost: 0.6 },
    { contender: 'spanlog/register, outside a trace', against: 'spanlog, outside a trace', atMost: 1.15 },
    { contender: 'spanlog/register, in a trace', against: 'spanlog, in a trace', atMost: 1.15 },
    { contender: 'spanlog, in a trace, mirroring', against: 'OpenTelemetry, not sending, in a recording span', atMost: mirroring },
    { contender: 'spanlog, in a trace, mirroring, the events read', against: 'OpenTelemetry, not sending, in a recording span' },
  ]
}
