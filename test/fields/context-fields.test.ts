import { EventEmitter } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { context, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { addFields, bindTrace, configure, injectTrace, runWithTrace, withFields, withSpan } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { activeContext, runIn } from '../../src/context/active.js'
import { state } from '../../src/context/state.js'
import { loggerNames, loggers } from './loggers.js'

const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
afterEach(() => vi.restoreAllMocks())

describe.each([
  ['with an SDK', true],
  ['with no SDK at all', false],
])('%s', (_, sdk) => {
  const exporter = new InMemorySpanExporter()
  beforeAll(() => {
    if (sdk) new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
  })
  afterAll(() => {
    trace.disable()
    context.disable()
  })

  describe.each(loggerNames)('lines of %s', (name) => {
    /** What each line has under a name. */
    function values(of: string, run: (log: ReturnType<(typeof loggers)[typeof name]>) => void): unknown[] {
      const log = loggers[name]()
      run(log)
      return log.parsed().map((line) => line[of])
    }

    it('carry the fields of withFields, in a trace and outside one, and none after it', () => {
      expect(
        values('orderId', (log) => {
          const result = withFields({ orderId: 4711 }, () => {
            log.info('outside a trace')
            log.info('with fields', { a: 1 })
            withSpan('charge card', () => log.info('in a span'))
            return 'result'
          })
          expect(result).toBe('result')
          withSpan('charge card', () => {
            withFields({ orderId: 4712 }, () => log.info('in a trace'))
            log.info('after')
          })
        }),
      ).toEqual([4711, 4711, 4711, 4712, undefined])
    })

    it('carry them beside the trace’s', () => {
      const log = loggers[name]()
      runWithTrace(headers, () => withFields({ orderId: 1 }, () => log.info('line', { a: 1 })))
      expect(log.parsed()[0]).toMatchObject({ a: 1, orderId: 1, trace_id: '0af7651916cd43dd8448eb211c80319c', trace_flags: '01' })
    })

    it('carry the inner field of two, and the outer one behind it again; undefined takes one away', () => {
      expect(
        values('user', (log) => {
          withFields({ user: 'outer' }, () => {
            withFields({ user: 'inner' }, () => log.info('inner'))
            withFields({ user: undefined }, () => log.info('none'))
            log.info('outer')
          })
        }),
      ).toEqual(['inner', undefined, 'outer'])
    })

    it('keep a field of their own of the name, once', () => {
      const log = loggers[name]()
      withFields({ orderId: 'context', user: { id: 1 } }, () => log.info('line', { orderId: 'own' }))
      expect(log.parsed()[0]).toMatchObject({ orderId: 'own', user: { id: 1 } })
      expect(log.lines[0]?.split('"orderId":')).toHaveLength(2)
    })

    it('keep what the logger itself says of a line: level and message', () => {
      const log = loggers[name]()
      withFields({ level: 'mine', msg: 'mine', message: 'mine', time: 'mine', kept: true }, () => log.info('line'))
      const [line = {}] = log.parsed()
      expect(line).toMatchObject({ level: name === 'pino' ? 30 : 'info', [name === 'pino' ? 'msg' : 'message']: 'line', kept: true })
      for (const key of Object.keys(line)) expect(log.lines[0]?.split(`"${key}":`)).toHaveLength(2)
    })

    it('carry a field of the context in place of the trace’s field of that name', () => {
      const log = loggers[name]()
      runWithTrace(headers, () => withFields({ trace_id: 'mine' }, () => log.info('line', { a: 1 })))
      expect(log.parsed()[0]).toMatchObject({ trace_id: 'mine', span_id: 'b7ad6b7169203331' })
      expect(log.lines[0]?.split('"trace_id":')).toHaveLength(2)
    })

    it('carry what addFields adds, from then on, to the end of the nearest context that holds fields', () => {
      expect(
        values('user', (log) => {
          withFields({ a: 1 }, () => {
            log.info('before')
            addFields({ user: 1 })
            log.info('after')
            withSpan('inside', () => {
              log.info('inherited')
              addFields({ user: 2 })
              log.info('inner')
            })
            log.info('outer again')
          })
          runWithTrace(headers, () => {
            addFields({ user: 3 })
            log.info('continued')
          })
          log.info('outside')
        }),
      ).toEqual([undefined, 1, 1, 2, 1, 3, undefined])
    })

    it('of fifty concurrent contexts are never mixed', async () => {
      const log = loggers[name]()
      await Promise.all(
        Array.from({ length: 50 }, (__, request) =>
          withFields({ request }, async () => {
            for (let i = 0; i < 4; i++) {
              await sleep((request * 7 + i * 3) % 5)
              addFields({ step: `${request}.${i}` })
              log.info('line', { expected: `${request}.${i}` })
            }
          }),
        ),
      )
      expect(log.lines).toHaveLength(200)
      for (const line of log.parsed()) {
        expect(line.step).toBe(line.expected)
        expect(String(line.step)).toMatch(new RegExp(`^${String(line.request)}\\.`))
      }
    })

    it('carry them in what bindTrace binds', () => {
      expect(
        values('user', (log) => {
          const emitter = new EventEmitter()
          const bound = withFields({ user: 1 }, () => {
            bindTrace(emitter).on('event', () => log.info('event'))
            return bindTrace(() => log.info('bound'))
          })
          bound()
          emitter.emit('event')
        }),
      ).toEqual([1, 1])
    })

    it('carry values as JSON has them, read once, whatever they become', () => {
      const log = loggers[name]()
      let reads = 0
      const order = { id: 1, when: new Date(0), amount: 10n, toString: () => 'x' }
      const fields = { order, nan: Number.NaN, fn: () => 1, symbol: Symbol('s'), error: new RangeError('too far'), get read() { return ++reads } } // biome-ignore format: one line shows it
      withFields(fields, () => {
        order.id = 2
        log.info('one')
        log.info('two', { a: 1 })
      })
      const expected = { order: { id: 1, when: '1970-01-01T00:00:00.000Z', amount: '10' }, nan: null, read: 1 }
      for (const line of log.parsed()) {
        expect(line).toMatchObject({ ...expected, error: { type: 'RangeError', message: 'too far' } })
        expect(line).not.toHaveProperty('fn')
        expect(line).not.toHaveProperty('symbol')
      }
      expect(reads).toBe(1)
    })

    it.each<[string, () => object, unknown]>([
      ['a circle', () => { const value: Record<string, unknown> = {}; value.self = value; return { value } }, '[not serializable]'], // biome-ignore format: one line shows it
      ['a getter that throws', () => ({ get value() { throw new Error('broken getter') } }), '[not serializable]'], // biome-ignore format: one line shows it
      ['a toJSON that throws', () => ({ value: { toJSON() { throw new Error('broken') } } }), '[not serializable]'], // biome-ignore format: one line shows it
      [
        'keys that pollute',
        () => JSON.parse('{"__proto__":{"polluted":true},"value":{"__proto__":1,"constructor":2}}') as object,
        expect.objectContaining({ constructor: 2 }),
      ],
      ['a text of 10 MB', () => ({ value: 'x'.repeat(10_000_000) }), 'x'.repeat(10_000_000)],
      ['lone surrogates and control characters', () => ({ value: '\ud800\u0000"\\\n' }), '\ud800\u0000"\\\n'],
      ['an object without a prototype', () => Object.assign(Object.create(null) as object, { value: 1 }), 1],
      ['no enumerable field', () => Object.create({ value: 1 }) as object, undefined],
      ['10,000 keys', () => Object.fromEntries(Array.from({ length: 10_000 }, (__, i) => [i === 0 ? 'value' : `k${i}`, i])), 0],
    ])('survive %s', (__, hostile, expected) => {
      expect(values('value', (log) => withFields(hostile() as never, () => log.info('line')))).toEqual([expected])
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    })

    it.each([null, undefined, 'text', 7])('are written where the fields are %s', (fields) => {
      vi.spyOn(process, 'emitWarning').mockReturnValue()
      const log = loggers[name]()
      withFields(fields as never, () => log.info('one'))
      withSpan('s', () => {
        addFields(fields as never)
        log.info('two')
      })
      expect(log.lines).toHaveLength(2)
    })

    it.runIf(sdk)('carry what is added where only a span of others is active, as long as that span is', () => {
      const tracer = trace.getTracer('others')
      expect(
        values('user', (log) => {
          tracer.startActiveSpan('request', (span) => {
            addFields({ user: 1 })
            log.info('in the span')
            withSpan('ours inside', () => log.info('inside'))
            span.end()
          })
          tracer.startActiveSpan('next', (span) => {
            log.info('in the next')
            span.end()
          })
        }),
      ).toEqual([1, 1, undefined])
    })

    it.runIf(sdk)('carry what is added in a request of OpenTelemetry’s HTTP instrumentation, in all spans of others inside', () => {
      const tracer = trace.getTracer('others')
      const rpcMetadata = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA')
      expect(
        values('user', (log) => {
          for (const user of [1, 2]) {
            runIn(activeContext().setValue(rpcMetadata, { type: 'http' }), () => {
              tracer.startActiveSpan('middleware', (span) => {
                addFields({ user })
                span.end()
              })
              tracer.startActiveSpan('handler', (span) => {
                log.info('handled')
                span.end()
              })
            })
          }
        }),
      ).toEqual([1, 2])
    })

    it('of requests carry what is added in each, and never another’s', async () => {
      const log = loggers[name]()
      const edge = traceHttp()
      const server = createServer((req, res) => {
        edge(req, res, () => {
          addFields({ url: req.url })
          setTimeout(() => {
            log.info('served')
            req.resume().on('end', () => {
              log.info('read')
              res.end()
            })
          }, 5)
        })
      }).listen(0)
      try {
        const { port } = server.address() as AddressInfo
        await Promise.all(
          Array.from(
            { length: 10 },
            (__, i) => new Promise((done) => get(`http://127.0.0.1:${port}/${i}`, (res) => res.resume().on('end', done))),
          ),
        )
      } finally {
        server.close()
      }
      const urls = Array.from({ length: 10 }, (__, i) => `/${i}`)
      for (const message of ['served', 'read']) {
        const lines = log.parsed().filter((line) => (line.msg ?? line.message) === message)
        expect(lines.map(({ url }) => String(url)).toSorted((a, b) => a.localeCompare(b))).toEqual(urls)
        expect(new Set(lines.map(({ trace_id }) => trace_id)).size).toBe(10)
      }
    })
  })

  it.runIf(sdk)('puts fields onto the span if asked to, and as events’ attributes without being asked', () => {
    exporter.reset()
    const log = loggers.pino()
    withSpan('charge card', () => {
      withFields({ orderId: 4711, user: { id: 1 }, gone: undefined }, { onSpan: true }, () => log.info('charged'))
      addFields({ late: true, long: 'x'.repeat(10_000) }, { onSpan: true })
      addFields({ unasked: 1 })
    })
    const [span] = exporter.getFinishedSpans()
    expect(span?.attributes).toEqual({ orderId: 4711, user: '{"id":1}', late: true, long: 'x'.repeat(4096) })
    expect(span?.events[0]?.attributes).toMatchObject({ orderId: 4711, 'user.id': 1 })
    expect(span?.events[0]?.attributes).not.toHaveProperty('trace_id')
  })

  it('sends no fields over the wire', () => {
    withSpan('call', () => withFields({ secret: 1 }, () => expect(Object.keys(injectTrace())).toEqual(['traceparent'])))
  })

  it('warns once where addFields has nothing to add to', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
    state.warned.clear()
    addFields({ a: 1 })
    addFields({ a: 1 })
    expect(warned).toHaveBeenCalledOnce()
    expect(String(warned.mock.calls[0]?.[0])).toContain('addFields was called where no context holds fields')
  })

  it('refuses what is no function', () => {
    expect(() => withFields({}, undefined as never)).toThrow('Expected `fn` to be a function')
  })
})

it('does not grow with a timer that arms itself again inside its own span', () => {
  let depth = 0
  const again = (): void => {
    withFields({ depth }, () => {
      if (depth++ < 1000) again()
      else
        expect(
          JSON.stringify([...(activeContext() as unknown as { _currentContext: Map<symbol, unknown> })._currentContext]).length,
        ).toBeLessThan(1000)
    })
  }
  again()
  configure({})
})
