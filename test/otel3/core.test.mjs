// oxlint-disable typescript/no-floating-promises -- node:test collects the promises of its own calls
// oxlint-disable typescript/no-unsafe-enum-assignment -- JavaScript has no enums to be unsafe with
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'
import { after, beforeEach, describe, it } from 'node:test'
import { context, logs, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import * as spanlog from 'spanlog'
import { tracePino, traceWinston } from 'spanlog/instrument'
import pino from 'spanlog/pino'
import winston from 'spanlog/winston'

const { bindTrace, configure, correlationId, currentTrace, extractTrace, injectTrace, runWithTrace, withSpan } = spanlog
const require = createRequire(import.meta.url)
const incoming = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03'

const exporter = new InMemorySpanExporter()
const spanOf = (name) => exporter.getFinishedSpans().find((span) => span.name === name)
const eventsOf = (name) => spanOf(name).events.map((event) => event.name)
const rows = (table, test) => {
  for (const [name, ...row] of table) it(name, () => test(...row))
}
function lines() {
  const written = []
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(JSON.parse(chunk.toString()))
      done()
    },
  })
  return { written, stream }
}

describe('the versions', () => {
  it('are those of the 3.x line', () => {
    const versionOf = (name) =>
      JSON.parse(readFileSync(new URL(`node_modules/@opentelemetry/${name}/package.json`, import.meta.url), 'utf8')).version
    assert.match(versionOf('sdk-trace'), /^3\./)
    assert.match(versionOf('api'), /^1\.10\./)
    const [major, minor] = process.versions.node.split('.').map(Number)
    assert.ok(major > 22 || (major === 22 && minor >= 15))
  })

  it('are those that spanlog itself resolves', () => {
    const fromSpanlog = createRequire(require.resolve('spanlog'))
    assert.equal(fromSpanlog.resolve('@opentelemetry/api'), require.resolve('@opentelemetry/api'))
  })
})

describe('before an SDK has started', () => {
  it('a span has IDs that travel, and is recorded nowhere', () => {
    withSpan('bare', (span) => {
      assert.equal(span.isRecording(), false)
      assert.match(injectTrace().traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/)
    })
  })

  it('a request that is under way keeps its trace when the SDK starts', async () => {
    await runWithTrace({ traceparent: incoming }, async () => {
      await Promise.resolve()
      start()
      assert.equal(correlationId(), '0af7651916cd43dd8448eb211c80319c')
      withSpan('after the start', () => undefined)
    })
    assert.equal(spanOf('after the start').spanContext().traceId, '0af7651916cd43dd8448eb211c80319c')
  })
})

function start() {
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  assert.equal(trace.setGlobalTracerProvider(provider), true)
  assert.equal(context.setGlobalContextManager(new AsyncLocalStorageContextManager()), true)
}
after(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})

describe('context', () => {
  beforeEach(() => exporter.reset())

  it('withSpan makes spans of the SDK, nested across await and timers', async () => {
    await withSpan('parent', { kind: 'server' }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      withSpan('child', () => undefined)
    })
    assert.equal(spanOf('child').parentSpanContext.spanId, spanOf('parent').spanContext().spanId)
  })

  it('withSpan records what is thrown, and throws it on', () => {
    assert.throws(() =>
      withSpan('failing', () => {
        throw new TypeError('broken')
      }),
    )
    assert.equal(spanOf('failing').status.code, SpanStatusCode.ERROR)
    assert.deepEqual(eventsOf('failing'), ['exception'])
  })

  it('sees a span that the SDK made active, and the SDK sees one of withSpan', () => {
    const span = trace.getTracer('own').startSpan('own')
    context.with(trace.setSpan(context.active(), span), () => assert.equal(currentTrace().spanId, span.spanContext().spanId))
    withSpan('ours', (ours) => assert.equal(trace.getActiveSpan(), ours))
  })

  it('bindTrace brings a callback back into its trace', () => {
    let bound
    const id = withSpan('binding', () => {
      bound = bindTrace(() => correlationId())
      return correlationId()
    })
    assert.equal(correlationId(), undefined)
    assert.equal(bound(), id)
  })

  rows(
    [
      ['goes on with a trace that came in, its random flag kept', incoming, '03'],
      ['claims no randomness for a trace that came in without the flag', `${incoming.slice(0, -2)}01`, '01'],
    ],
    (traceparent, flags) => {
      runWithTrace({ traceparent }, () =>
        withSpan('serving', () =>
          assert.match(injectTrace().traceparent, new RegExp(`^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-${flags}$`)),
        ),
      )
      assert.equal(spanOf('serving').parentSpanContext.spanId, 'b7ad6b7169203331')
    },
  )

  it('a malformed parent begins a new trace', () => {
    assert.equal(extractTrace({ traceparent: incoming.toUpperCase() }), undefined)
    runWithTrace({ traceparent: incoming.toUpperCase() }, () => assert.notEqual(correlationId(), '0af7651916cd43dd8448eb211c80319c'))
  })

  it('a copy of spanlog on API 1.9 sees the same trace', () => {
    const other = require('../../dist/src/index.js')
    assert.notEqual(other, require('spanlog'))
    withSpan('shared', () => {
      assert.equal(other.correlationId(), correlationId())
      assert.deepEqual(other.injectTrace(), injectTrace())
      other.withSpan('of the other copy', () => undefined)
    })
    assert.equal(spanOf('of the other copy').parentSpanContext.spanId, spanOf('shared').spanContext().spanId)
  })
})

const loggers = [
  ['spanlog/pino', (stream) => pino({ redact: ['password'] }, stream), 'msg'],
  ['tracePino', (stream) => tracePino(require('pino')({ redact: ['password'] }, stream)), 'msg'],
  ['spanlog/winston', (stream) => winstonLogger(winston, stream), 'message'],
  ['traceWinston', (stream) => traceWinston(winstonLogger(require('winston'), stream)), 'message'],
]

function winstonLogger(module, stream) {
  const hide = module.format((info) => (info.password === undefined ? info : { ...info, password: '[Redacted]' }))
  return module.createLogger({
    format: module.format.combine(module.format.errors({ stack: true }), hide(), module.format.json()),
    transports: [new module.transports.Stream({ stream })],
  })
}
/** pino takes the fields first, winston the message. */
const write = (logger, level, message, fields, key) => (key === 'msg' ? logger[level](fields, message) : logger[level](message, fields))

for (const [name, make, key] of loggers) {
  describe(name, () => {
    beforeEach(() => exporter.reset())

    it('writes the IDs of the active span, and none outside a trace', () => {
      const { written, stream } = lines()
      const logger = make(stream)
      write(logger, 'info', 'outside', {}, key)
      const ids = withSpan('work', () => {
        write(logger, 'info', 'inside', { orderId: 7 }, key)
        return currentTrace()
      })
      assert.equal('trace_id' in written[0], false)
      assert.partialDeepStrictEqual(written[1], {
        trace_id: ids.traceId,
        span_id: ids.spanId,
        trace_flags: written[1].trace_flags,
        orderId: 7,
        [key]: 'inside',
      })
      assert.match(written[1].trace_flags, /^0[13]$/)
    })

    it('mirrors the line as it was written, redaction included', () => {
      const { stream } = lines()
      withSpan('work', () => write(make(stream), 'info', 'signed in', { password: 'hunter2', user: { id: 7 } }, key))
      const [event] = spanOf('work').events
      assert.equal(event.name, 'signed in')
      assert.partialDeepStrictEqual(event.attributes, { password: '[Redacted]', 'user.id': 7, 'log.severity_number': 9 })
      assert.equal(JSON.stringify(event).includes('hunter2'), false)
    })

    it('an error line fails the span, but not one that the user called OK', () => {
      const { stream } = lines()
      const logger = make(stream)
      withSpan('failed', () => logger.error(new TypeError('refused')))
      withSpan('called ok', (span) => {
        span.setStatus({ code: SpanStatusCode.OK })
        write(logger, 'error', 'no matter', {}, key)
      })
      assert.equal(spanOf('failed').status.code, SpanStatusCode.ERROR)
      assert.ok(eventsOf('failed').includes('exception'))
      assert.equal(spanOf('called ok').status.code, SpanStatusCode.OK)
    })

    it('leaves the 65th line out, and counts it on the span', () => {
      const { stream } = lines()
      const logger = make(stream)
      withSpan('full', () => {
        for (let i = 0; i < 66; i++) write(logger, 'info', `line ${i}`, {}, key)
      })
      assert.equal(spanOf('full').events.length, 64)
      assert.equal(spanOf('full').attributes['spanlog.dropped_log_events'], 2)
    })
  })
}

describe('configure', () => {
  it('turns the mirror off', () => {
    exporter.reset()
    configure({ mirror: false })
    const { stream } = lines()
    withSpan('quiet', () => pino(stream).info('hello'))
    configure({ mirror: true })
    assert.deepEqual(eventsOf('quiet'), [])
  })
})

describe('log records', () => {
  it('go to the Logs API of API 1.10, one a line, with the trace, redaction kept', () => {
    const emitted = []
    assert.equal(
      logs.setGlobalLoggerProvider({ getLogger: (name) => ({ enabled: () => true, emit: (record) => emitted.push({ name, ...record }) }) }),
      true,
    )
    configure({ mirror: { to: 'records' } })
    const { stream } = lines()
    const log = pino({ redact: ['password'] }, stream)
    const active = withSpan('work', (span) => {
      log.warn({ password: 'hunter2' }, 'hello')
      return span.spanContext()
    })
    configure({ mirror: { to: 'events' } })
    logs.disable()
    assert.equal(emitted.length, 1)
    assert.partialDeepStrictEqual(emitted[0], {
      name: 'spanlog',
      body: 'hello',
      severityNumber: 13,
      severityText: 'warn',
      attributes: { password: '[Redacted]' },
    })
    assert.equal(trace.getSpanContext(emitted[0].context).spanId, active.spanId)
  })
})
