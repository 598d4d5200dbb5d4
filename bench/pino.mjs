import { openSync, writeSync } from 'node:fs'
import { IncomingMessage, ServerResponse } from 'node:http'
import { contendersOf, inTurns, ratiosOf, recording, require, startLogs, unsampled } from './contenders.mjs'

/** Written at once, to where it costs least: what is left is the logger's own work. */
function loggerOf(pino, options = {}) {
  return pino(options, pino.destination({ dest: '/dev/null', sync: true }))
}

function lineOf(pino) {
  const log = loggerOf(pino)
  return (amount) => log.info({ orderId: 4711, currency: 'EUR', amount }, 'card charged')
}

function instrument(options) {
  const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino')
  new PinoInstrumentation(options).enable()
  return require('pino')
}

/** Its logger of a request is a child with the request's ID; it knows of no trace. */
function pinoHttp() {
  const middleware = require('pino-http')({
    logger: loggerOf(require('pino')),
    autoLogging: false,
    serializers: { req: ({ id }) => ({ id }) },
  })
  return inTurns((hundred) => {
    const req = new IncomingMessage(null)
    middleware(req, new ServerResponse(req))
    hundred((amount) => req.log.info({ orderId: 4711, currency: 'EUR', amount }, 'card charged'))
  })
}

/** A request's ID in an AsyncLocalStorage of its own, put into the lines by pino's mixin. */
function clsRtracer() {
  const tracer = require('cls-rtracer')
  const log = loggerOf(require('pino'), { mixin: () => ({ requestId: tracer.id() }) })
  return inTurns(
    (hundred) => tracer.runWithId(hundred, '5b8efff798038103d269b633813fc60c'),
    (amount) => log.info({ orderId: 4711, currency: 'EUR', amount }, 'card charged'),
  )
}

/** The same line in its JSON and as a log record; its text has no IDs. */
async function logTape() {
  const { configure, getLogger, jsonLinesFormatter } = require('@logtape/logtape')
  const { getOpenTelemetrySink } = require('@logtape/otel')
  const file = openSync('/dev/null', 'w')
  await configure({
    sinks: {
      json: (record) => writeSync(file, jsonLinesFormatter(record)),
      records: getOpenTelemetrySink({ loggerProvider: startLogs() }),
    },
    loggers: [
      { category: 'bench', sinks: ['json', 'records'], lowestLevel: 'info' },
      { category: ['logtape', 'meta'], sinks: [] },
    ],
  })
  const log = getLogger('bench')
  return (amount) => log.info('card charged', { orderId: 4711, currency: 'EUR', amount })
}

const floor = 'static fields bound (the floor)'

export default {
  scenario: 'pino',
  unit: 'ns/line',
  batch: 10_000,
  contenders: {
    [floor]: () =>
      unsampled(() => {
        const fields = { trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174', trace_flags: '01' }
        const log = loggerOf(require('pino')).child(fields)
        return (amount) => log.info({ orderId: 4711, currency: 'EUR', amount }, 'card charged')
      }),
    ...contendersOf({ name: 'pino', lineOf, instrument }),
    'OpenTelemetry, sending, in a recording span': () => {
      startLogs()
      return recording(() => lineOf(instrument({})))
    },
    'LogTape, OpenTelemetry sink, in a recording span': async () => {
      const line = await logTape()
      return recording(() => line)
    },
    'pino-http, a child a request': pinoHttp,
    'cls-rtracer, by mixin': clsRtracer,
  },
  ratios: [
    ...ratiosOf(floor, { inTrace: 1.05, mirroring: 0.85 }),
    { contender: 'spanlog, in a trace, log records', against: 'OpenTelemetry, sending, in a recording span' },
    { contender: 'spanlog, in a trace, log records', against: 'LogTape, OpenTelemetry sink, in a recording span' },
    { contender: 'pino-http, a child a request', against: floor },
    { contender: 'cls-rtracer, by mixin', against: floor },
  ],
}
