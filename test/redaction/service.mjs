// A service that says its secrets everywhere; each has the name of its place in it.

import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import path from 'node:path'
import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { configure, withFields, withSpan } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import { LokiTransport, lokiStream } from 'spanlog/loki'
import pinoModule from 'spanlog/pino'
import { enrichSpans, startTracing } from 'spanlog/tracing'
import winston from 'spanlog/winston'

const [folder, receiver, redact] = process.argv.slice(2)
/** By what it looks like, and by the name that it stands under. */
const address = (place) => `${place}@planted.example`
const named = (place) => ({ password: `opensesame-${place}` })
/** Under no name of its own. */
const unnamed = (place) => ({
  auth: `ada:opensesame-1-auth-${place}`,
  items: [{ name: 'Cookie', value: `opensesame-1-item-${place}` }],
  args: ['--token', `opensesame-1-args-${place}`],
  xml: `<a><password>opensesame-1-xml-${place}</password></a>`,
})
const header = (place) => `GET / HTTP/1.1\r\nCookie: sid=opensesame-1-${place}\r\nHost: h`

if (redact === 'redact') configure({ redact: true })
configure({ mirror: { to: 'both', level: 'debug' }, flightRecorder: true, fields: { baggage: ['user'] } })
const records = new LoggerProvider({
  processors: [
    new SimpleLogRecordProcessor({
      exporter: {
        export(batch, done) {
          for (const { body, attributes } of batch)
            appendFileSync(path.join(folder, 'records.jsonl'), `${JSON.stringify({ body, attributes })}\n`)
          done({ code: 0 })
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    }),
  ],
})
logs.setGlobalLoggerProvider(records)
const tracing = startTracing({
  serviceName: 'shop',
  attributes: { owner: address('resource'), ...named('resource') },
  exporters: [
    'console',
    { type: 'file', path: path.join(folder, 'spans.jsonl') },
    { type: 'otlp', url: receiver },
    { type: 'zipkin', url: receiver },
  ],
  processors: [enrichSpans({ baggage: ['user'] })],
})

const loki = lokiStream({ url: receiver, service: 'shop', spool: false })
const pino = pinoModule(
  { base: null },
  pinoModule.multistream([
    { stream: process.stdout },
    { stream: pinoModule.destination({ dest: path.join(folder, 'pino.log'), sync: true }) },
    { stream: loki },
  ]),
)
const ofWinston = new LokiTransport({ url: receiver, service: 'shop', spool: false, format: winston.format.json() })
const text = winston.format.printf(({ message, password, err }) => [message, password, err?.message, err?.stack].join(' '))
const log = winston.createLogger({
  format: winston.format.combine(winston.format.errors({ stack: true, cause: true }), winston.format.splat(), winston.format.json()),
  transports: [
    new winston.transports.Console(),
    new winston.transports.Console({ format: text }),
    new winston.transports.File({ filename: path.join(folder, 'winston.log') }),
    ofWinston,
  ],
})

const error = (place) => new Error(`failed for ${address(place)}`, { cause: new TypeError(`because of ${address(`${place}-cause`)}`) })

function work() {
  const span = trace.getActiveSpan()
  span.setAttributes({
    note: address('attribute'),
    ...named('attribute'),
    'http.request.header.authorization': ['Bearer opensesame-header'],
  })
  span.setAttribute('url.full', `https://u:opensesame-url@planted.example/a?token=opensesame-query`)
  span.setAttributes({
    'db.system.name': 'postgresql',
    'db.query.text': "SELECT * FROM t WHERE name = 'opensesame-sql' AND mail = 'sql@planted.example'",
  })
  span.addEvent(`told ${address('event')}`, { note: address('event-attribute'), ...named('event') })
  span.addLink({
    context: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 },
    attributes: named('link'),
  })
  span.setAttribute('process.command_args', ['shop', '--token', 'opensesame-1-attribute-args'])
  span.addEvent('sent', { http: header('event-header') })
  span.recordException(error('exception'))
  pino.info(unnamed('pino'), header('pino-header'))
  log.info(header('winston-header'), unnamed('winston'))
  span.setStatus({ code: SpanStatusCode.ERROR, message: `no ${address('status')}` })
  span.updateName(`charge ${address('name')}`)
  pino.debug({ note: address('kept'), ...named('kept') }, `kept for ${address('kept-message')}`)
  pino.info({ note: address('field'), deep: [{ ...named('field') }] }, `charged ${address('message')}`)
  pino.child({ bound: address('binding'), ...named('binding') }).warn('charged by a child')
  log.info(`charged ${address('winston-message')}`, {
    note: address('winston-field'),
    deep: { ...named('winston-field') },
    ...named('winston'),
  })
  log.info('to %s@%s', 'splat', 'planted.example')
  log.warn('charged late', { err: error('winston-nested') })
  log.error(error('winston-error'))
  pino.error(error('error'), 'charged not')
}

const server = createServer((req, res) => {
  traceHttp()(req, res, () => {
    withFields({ held: address('context'), ...named('context') }, () => {
      try {
        withSpan('charge', work)
      } finally {
        res.end('done')
      }
    })
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const headers = { baggage: `user=${encodeURIComponent(address('baggage'))}`, cookie: 'opensesame-cookie' }
const request = get({ port: server.address().port, path: '/orders?token=opensesame-path&mail=path@planted.example', headers })
const [answer] = await once(request, 'response')
await answer.toArray()
server.close()
context.with(propagation.setBaggage(context.active(), propagation.createBaggage({ user: { value: address('baggage') } })), () =>
  pino.info('outside'),
)
await new Promise((resolve) => log.once('finish', resolve).end())
await tracing.shutdown()
await new Promise((resolve) => loki.end(resolve))
