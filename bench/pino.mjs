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

/** Fields as services have them; nothing in them is to be hidden. */
function fieldsOf(amount) {
  return {
    orderId: 4711,
    currency: 'EUR',
    amount,
    customer: { id: 'c_8812', tier: 'gold', country: 'DE' },
    cart: { items: 3, coupon: null, weightKg: 1.25 },
    route: '/orders/:id',
    method: 'POST',
    status: 201,
    durationMs: 17.3,
    region: 'eu-central-1',
    version: '2.14.0',
    feature: 'checkout-v2',
    retries: 0,
    cache: 'miss',
  }
}

const message =
  'order 4711 of customer c_8812 was placed in 17.3 ms: 3 items, 17.90 EUR, shipped from warehouse FRA-2 by the carrier of the day; ' +
  'the next step is the invoice, which accounting will send within two days'

/** Twenty fields and a message of 200 characters. */
function longLineOf(pino, options) {
  const log = loggerOf(pino, options)
  return (amount) => log.info(fieldsOf(amount), message)
}

/** The same names, as far as paths can say them: at the top and one below, as they are written most. */
const paths = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'token',
  'apiKey',
  'authorization',
  'cookie',
  'cardNumber',
  'cvv',
  'ssn',
]
const redact = paths.flatMap((name) => [name, `*.${name}`])

function redacting(line) {
  require('spanlog').configure({ redact: true })
  return line(require('spanlog/pino'))
}

/** What is found on the net: one expression over the line that was made. */
function byExpression() {
  const secrets = /[\w.%+-]+@[\w-]+\.[\w.-]+|\b(?:\d[ -]?){13,19}\b|\beyJ[\w-]+\.[\w-]+\.[\w-]+|\bbearer\s+[\w.-]+/gi
  return longLineOf(require('pino'), { hooks: { streamWrite: (line) => line.replace(secrets, '[REDACTED]') } })
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
    'spanlog, in a trace, redacting': () => unsampled(() => redacting(lineOf)),
    'long line, plain': () => unsampled(() => longLineOf(require('pino'))),
    "long line, pino's own redact by paths": () => unsampled(() => longLineOf(require('pino'), { redact })),
    'long line, an expression in streamWrite': () => unsampled(byExpression),
    'long line, spanlog': () => unsampled(() => longLineOf(require('spanlog/pino'))),
    'long line, spanlog, redacting': () => unsampled(() => redacting(longLineOf)),
    'pino-http, a child a request': pinoHttp,
    'cls-rtracer, by mixin': clsRtracer,
  },
  ratios: [
    ...ratiosOf(floor, { inTrace: 1.05, mirroring: 0.85 }),
    { contender: 'spanlog, in a trace, log records', against: 'OpenTelemetry, sending, in a recording span' },
    { contender: 'spanlog, in a trace, log records', against: 'LogTape, OpenTelemetry sink, in a recording span' },
    { contender: 'spanlog, in a trace, redacting', against: 'spanlog, in a trace' },
    { contender: "long line, pino's own redact by paths", against: 'long line, plain' },
    { contender: 'long line, an expression in streamWrite', against: 'long line, plain' },
    { contender: 'long line, spanlog, redacting', against: 'long line, spanlog' },
    { contender: 'pino-http, a child a request', against: floor },
    { contender: 'cls-rtracer, by mixin', against: floor },
  ],
}
