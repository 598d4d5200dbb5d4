import { setTimeout as sleep } from 'node:timers/promises'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { configure, correlationId, currentTrace, runWithTrace, withSpan } from 'spanlog'
import { afterEach, describe, expect, it } from 'vitest'

/** A logger as the contract drives it. */
export interface ContractLogger {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object): void
  /** Logs an error as its logger's users do. */
  logError(error: Error): void
  child(fields: object): ContractLogger
}

/**
 * Makes a logger at level debug that writes JSON lines, one call of `write` each, with nothing in them that differs from run to
 * run (no clock). The value of a field `password` is hidden as `[hidden]`, a field `user` is written as its `id` alone.
 *
 * @param traced - the adapter's logger, or the plain one that it must equal
 */
export type MakeLogger = (write: (line: string) => void, traced: boolean) => ContractLogger

const ids = ['trace_id', 'span_id', 'trace_flags'] as const
/** What an event need not repeat: its own time, name and severity, and what the span or its resource says. */
const notMirrored = new Set<string>([...ids, 'level', 'time', 'timestamp', 'msg', 'message', 'pid', 'hostname', 'err', 'stack'])

/** The duties of whatever makes a logger trace-aware. */
export function describeLoggerAdapter(name: string, make: MakeLogger): void {
  describe(`the logger adapter ${name}`, () => {
    let provider: NodeTracerProvider | undefined
    let exporter = new InMemorySpanExporter()

    afterEach(async () => {
      await provider?.shutdown()
      provider = undefined
      trace.disable()
      context.disable()
      configure({ mirror: { level: 'info', limit: 64 } })
    })

    function startSdk(sampler: Sampler = new AlwaysOnSampler()): void {
      exporter = new InMemorySpanExporter()
      provider = new NodeTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] })
      provider.register()
    }

    function logger(traced = true): { logger: ContractLogger; lines: string[]; parsed: () => Record<string, unknown>[] } {
      const lines: string[] = []
      const made = make((line) => lines.push(line), traced)
      return { logger: made, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
    }

    /** What both loggers wrote or threw, the plain one and the traced one, each given what `log` does. */
    function both(log: (logger: ContractLogger) => void): { plain: unknown[]; traced: unknown[] } {
      const outcome = (traced: boolean): unknown[] => {
        const { logger: one, lines } = logger(traced)
        try {
          log(one)
        } catch (error) {
          return [...lines, `threw ${String(error)}`]
        }
        return lines
      }
      return { plain: outcome(false), traced: outcome(true) }
    }

    function span(): ReadableSpan {
      const [finished] = exporter.getFinishedSpans()
      if (finished === undefined) throw new Error('no span has ended')
      return finished
    }

    function eventNames(): string[] {
      return span().events.map((event) => event.name)
    }

    describe('its lines', () => {
      it('carry the IDs and the flags of the active span', () => {
        startSdk()
        const { logger: log, parsed } = logger()
        const active = withSpan('charge card', (current) => {
          log.log('info', 'charged', { orderId: 4711 })
          return current.spanContext()
        })
        expect(parsed()).toEqual([
          expect.objectContaining({ trace_id: active.traceId, span_id: active.spanId, trace_flags: '01', orderId: 4711 }),
        ])
      })

      it('carry them at every level', () => {
        const { logger: log, parsed } = logger()
        withSpan('charge card', () => {
          for (const level of ['debug', 'info', 'warn', 'error'] as const) log.log(level, level)
        })
        expect(parsed().map((line) => typeof line.trace_id)).toEqual(['string', 'string', 'string', 'string'])
      })

      it('carry them with no SDK at all', () => {
        const { logger: log, parsed } = logger()
        const id = withSpan('charge card', () => {
          log.log('info', 'charged')
          return correlationId()
        })
        expect(id).toMatch(/^[0-9a-f]{32}$/)
        expect(parsed()).toEqual([
          expect.objectContaining({ trace_id: id, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) as string, trace_flags: '02' }),
        ])
      })

      it('carry those of a remote parent', () => {
        const { logger: log, parsed } = logger()
        runWithTrace({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, () => log.log('info', 'received'))
        expect(parsed()).toEqual([
          expect.objectContaining({ trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331', trace_flags: '01' }),
        ])
      })

      it('carry them in a trace that is not sampled, whose span records nothing', () => {
        startSdk(new AlwaysOffSampler())
        const { logger: log, parsed } = logger()
        withSpan('charge card', () => log.log('error', 'refused'))
        expect(parsed()).toEqual([expect.objectContaining({ trace_id: expect.any(String) as string, trace_flags: '00' })])
        expect(exporter.getFinishedSpans()).toEqual([])
      })

      it('carry them after the span has ended', () => {
        startSdk()
        const { logger: log, parsed } = logger()
        withSpan('charge card', (current) => {
          current.end()
          log.log('info', 'too late')
        })
        expect(parsed()).toEqual([expect.objectContaining({ trace_id: expect.any(String) as string })])
        expect(eventNames()).toEqual([])
      })

      it('carry nothing outside a trace, where each byte is as the plain logger writes it', () => {
        startSdk()
        const error = new TypeError('no connection')
        const { plain, traced } = both((log) => {
          log.log('info', 'started', { port: 8080, user: { id: 7, name: 'Ada' }, password: 'secret' })
          withSpan('charge card', () => undefined)
          log.child({ part: 'db' }).log('warn', 'slow "query"\n')
          log.logError(error)
        })
        expect(traced).toEqual(plain)
        expect(traced).toHaveLength(3)
      })

      it('carry the three fields and nothing else than the plain logger writes, in its order', () => {
        const error = new TypeError('no connection')
        const { plain, traced } = both((log) => {
          withSpan('charge card', () => {
            log.log('info', 'started', { port: 8080, user: { id: 7, name: 'Ada' }, password: 'secret' })
            log.child({ part: 'db' }).log('warn', 'slow "query"\n')
            log.log('info', '')
            log.logError(error)
          })
        })
        expect((traced as string[]).map((line) => entriesBut(line, ids))).toEqual((plain as string[]).map((line) => entriesBut(line, [])))
        for (const line of traced as string[]) for (const id of ids) expect(line.split(`"${id}":`)).toHaveLength(2)
      })

      it('carry them below children too, made inside the trace or before', () => {
        const { logger: log, parsed } = logger()
        const before = log.child({ part: 'db' })
        const id = withSpan('charge card', () => {
          before.log('info', 'one')
          before.child({ table: 'orders' }).log('info', 'two')
          log.child({ part: 'mail' }).log('info', 'three')
          return correlationId()
        })
        expect(parsed()).toEqual([
          expect.objectContaining({ part: 'db', trace_id: id }),
          expect.objectContaining({ part: 'db', table: 'orders', trace_id: id }),
          expect.objectContaining({ part: 'mail', trace_id: id }),
        ])
      })

      it('lose them in a child that was made inside the trace and writes outside', () => {
        const { logger: log, parsed } = logger()
        const child = withSpan('charge card', () => log.child({ part: 'mail' }))
        child.log('info', 'later')
        expect(parsed()[0]).not.toHaveProperty('trace_id')
      })

      it('of two traces in turn carry each its own', () => {
        const { logger: log, parsed } = logger()
        const expected: unknown[] = []
        for (let i = 0; i < 4; i++) {
          withSpan(`request ${i}`, () => {
            log.log('info', `line ${i}`)
            expected.push(correlationId())
          })
        }
        expect(parsed().map((line) => line.trace_id)).toEqual(expected)
        expect(new Set(expected).size).toBe(4)
      })

      it('of a span within a span carry the inner one, and after it the outer one again', () => {
        const { logger: log, parsed } = logger()
        const spans: unknown[] = []
        const line = (): void => {
          log.log('info', 'here')
          spans.push(currentTrace()?.spanId)
        }
        withSpan('outer', () => {
          line()
          withSpan('inner', line)
          line()
        })
        expect(parsed().map(({ span_id }) => span_id)).toEqual(spans)
        expect(new Set(spans).size).toBe(2)
      })

      it('of fifty concurrent traces are never mixed', async () => {
        startSdk()
        const { logger: log, parsed } = logger()
        const traceOf = new Map<number, string | undefined>()
        await Promise.all(
          Array.from({ length: 50 }, (_, request) =>
            withSpan(`request ${request}`, { parent: null }, async () => {
              traceOf.set(request, correlationId())
              const child = log.child({ request })
              for (let i = 0; i < 4; i++) {
                await sleep((request * 7 + i * 3) % 5)
                log.log('info', 'shared logger', { request })
                child.log('info', 'child')
              }
            }),
          ),
        )
        const lines = parsed()
        expect(lines).toHaveLength(400)
        for (const line of lines) expect(line.trace_id).toBe(traceOf.get(line.request as number))
      })

      it.each(ids)("keep the user's own %s, once, and carry the other two", (own) => {
        const { logger: log, lines, parsed } = logger()
        withSpan('charge card', () => {
          log.log('info', 'in the line', { [own]: 'mine' })
          log.child({ [own]: 'mine' }).log('info', 'in the child')
          log.log('info', 'deeper', { upstream: { [own]: 'theirs' } })
        })
        const [inLine, inChild, deeper] = parsed()
        expect(inLine?.[own]).toBe('mine')
        expect(inChild?.[own]).toBe('mine')
        expect(deeper?.[own]).not.toBe('theirs')
        for (const line of parsed()) expect(Object.keys(line)).toEqual(expect.arrayContaining([...ids]))
        for (const line of lines.slice(0, 2)) expect(line.split(`"${own}":`)).toHaveLength(2)
      })

      it.each<[string, () => object]>([
        ['a circular object', circular],
        ['a getter that throws', () => ({ get broken() { throw new Error('broken getter') } })], // biome-ignore format: one line shows it
        ['a toJSON that throws', () => ({ inner: { toJSON() { throw new Error('broken toJSON') } } })], // biome-ignore format: one line shows it
        ['a BigInt', () => ({ big: 10n })],
        ['a symbol, a function and undefined', () => ({ symbol: Symbol('s'), fn: () => 1, nothing: undefined, nil: null })],
        ['numbers that JSON does not know', () => ({ nan: Number.NaN, infinite: -Infinity })],
        ['keys that pollute', () => JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":2}') as object],
        ['an object without prototype', () => Object.assign(Object.create(null) as object, { a: 1 })],
        ['a proxy that has everything', () => new Proxy({ a: 1 }, { has: () => true })],
        ['a proxy that throws when it is asked', () => new Proxy({ a: 1 }, { has: () => { throw new Error('trap') } })], // biome-ignore format: one line shows it
        ["the trace's names, undefined", () => ({ trace_id: undefined, a: 1 })],
        ["the trace's names, inherited", () => Object.assign(Object.create({ trace_id: 'inherited' }) as object, { a: 1 })],
        ['control characters and lone surrogates', () => ({ text: '\u0000\u2028\ud800"\\' })],
      ])('of %s are what the plain logger makes of it', (_, hostile) => {
        startSdk()
        const { plain, traced } = both((log) => withSpan('charge card', () => log.log('info', 'hostile', hostile())))
        expect(traced.map((line) => (isLine(line) ? entriesBut(line, ids) : line))).toEqual(
          plain.map((line) => (isLine(line) ? entriesBut(line, []) : line)),
        )
        for (const line of traced) if (isLine(line)) expect(line).toContain('"trace_id":"')
      })
    })

    it("never changes the user's objects", () => {
      startSdk()
      const { logger: log, lines } = logger()
      const error = new RangeError('out of range')
      const keysBefore = Reflect.ownKeys(error)
      const fields = deepFreeze({ orderId: 1, user: { id: 7 }, list: [1, { two: 2 }], password: 'secret' })
      withSpan('charge card', () => {
        log.log('info', 'frozen', fields)
        log.child(deepFreeze({ part: 'db' })).log('info', 'frozen child')
        log.logError(error)
      })
      expect(lines).toHaveLength(3)
      expect(Reflect.ownKeys(error)).toEqual(keysBefore)
    })

    describe('the event on a recording span', () => {
      it('equals the written line, after redaction and serializers', () => {
        startSdk()
        const { logger: log, parsed } = logger()
        withSpan('charge card', () => {
          log
            .child({ part: 'billing' })
            .log('info', 'charged', { orderId: 4711, currency: 'EUR', paid: true, user: { id: 7, name: 'Ada' }, password: 'secret' })
        })
        const [line = {}] = parsed()
        const [event] = span().events
        expect(event?.name).toBe('charged')
        expect(line).toMatchObject({ password: '[hidden]' })
        for (const [key, value] of Object.entries(line)) if (!notMirrored.has(key)) expect(event?.attributes).toHaveProperty([key], value)
        expect(JSON.stringify(event)).not.toMatch(/secret|Ada/)
        for (const key of ids) expect(event?.attributes).not.toHaveProperty([key])
        expect(event?.attributes).toMatchObject({ 'log.severity_number': 9, 'log.severity_text': 'info' })
      })

      it('is there for each line from info on, in their order', () => {
        startSdk()
        const { logger: log } = logger()
        withSpan('charge card', () => {
          for (const level of ['debug', 'info', 'warn'] as const) log.log(level, `a ${level} line`)
        })
        expect(eventNames()).toEqual(['a info line', 'a warn line'])
        expect(span().status.code).toBe(SpanStatusCode.UNSET)
      })

      it('is there from another level on if so configured', () => {
        startSdk()
        configure({ mirror: { level: 'warn' } })
        const { logger: log } = logger()
        withSpan('charge card', () => {
          for (const level of ['debug', 'info', 'warn'] as const) log.log(level, `a ${level} line`)
        })
        expect(eventNames()).toEqual(['a warn line'])
      })

      it('is not there if mirroring is off, while the line is', () => {
        startSdk()
        configure({ mirror: false })
        const { logger: log, lines } = logger()
        withSpan('charge card', () => log.log('error', 'refused'))
        expect(lines).toHaveLength(1)
        expect(span()).toMatchObject({ events: [], status: { code: SpanStatusCode.UNSET } })
      })

      it('is there for 64 lines, and the rest is counted, while all are written', () => {
        startSdk()
        const { logger: log, lines } = logger()
        withSpan('charge card', () => {
          for (let i = 0; i < 70; i++) log.log('info', `line ${i}`)
        })
        expect(lines).toHaveLength(70)
        expect(eventNames()).toEqual(Array.from({ length: 64 }, (_, i) => `line ${i}`))
        expect(span().attributes).toMatchObject({ 'spanlog.dropped_log_events': 6 })
      })

      it('is an exception for an error, which sets the status', () => {
        startSdk()
        const { logger: log } = logger()
        withSpan('charge card', () => log.logError(new TypeError('card refused')))
        const exception = span().events.find((event) => event.name === 'exception')
        expect(exception?.attributes).toMatchObject({
          'exception.type': 'TypeError',
          'exception.message': 'card refused',
          'exception.stacktrace': expect.stringContaining('card refused') as string,
        })
        expect(span().status.code).toBe(SpanStatusCode.ERROR)
      })

      it('sets the status for an error line without an error too', () => {
        startSdk()
        const { logger: log } = logger()
        withSpan('charge card', () => log.log('error', 'card refused'))
        expect(span().status).toMatchObject({ code: SpanStatusCode.ERROR })
      })

      it("leaves a status of the user's own", () => {
        startSdk()
        const { logger: log } = logger()
        withSpan('charge card', (current) => {
          current.setStatus({ code: SpanStatusCode.OK })
          log.logError(new Error('retried'))
        })
        expect(span().status).toEqual({ code: SpanStatusCode.OK })
      })
    })
  })
}

function isLine(outcome: unknown): outcome is string {
  return typeof outcome === 'string' && !outcome.startsWith('threw ')
}

/** The entries of a line in their order, without some keys: an object would hide the order. */
function entriesBut(line: string, keys: readonly string[]): [string, unknown][] {
  return Object.entries(JSON.parse(line) as object).filter(([key]) => !keys.includes(key))
}

function circular(): object {
  const object: Record<string, unknown> = { a: 1 }
  object.self = object
  return object
}

function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) if (typeof value === 'object' && value !== null) deepFreeze(value as object)
  return Object.freeze(object)
}
