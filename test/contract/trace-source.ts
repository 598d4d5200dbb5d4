import fc from 'fast-check'
import type { TraceSearch, TraceSearchCut, TraceSource, TraceSpan, TraceSummary } from 'spanlog/traces'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otlp, otlpSpan, randomId, span } from '../support/otlp.js'
import type { Otlp } from '../support/tempo-double/store.js'

/** A store under test. IDs are random, so that a store may live on between runs. */
export interface StoreUnderTest {
  source: TraceSource
  /** Resolves when the store shows what it took: `traceId` with at least `spans` spans. */
  push(data: Otlp, shown: { traceId: string; spans: number }): Promise<void>
  /** Resolves when a search shows the trace too; where it takes longer. */
  searchable?(traceId: string, service: string): Promise<void>
  close(): Promise<void>
  /** What the store keeps of a span, where that is not all. */
  keeps?(span: TraceSpan): TraceSpan
  /** Where the store cannot search by the links of spans. */
  noLinks?: true
  /** The language of `query`, where the store has one, by a query that finds a service's traces. */
  language?: (service: string) => string
}

export interface TraceSourceSuite {
  /** How many generated traces are pushed. @defaultValue 40 */
  runs?: number
  /** Whether the store is there at all. @defaultValue true */
  when?: boolean
}

/** The duties of every `TraceSource`. */
export function describeTraceSource(
  name: string,
  makeStore: () => Promise<StoreUnderTest>,
  { runs = 40, when = true }: TraceSourceSuite = {},
): void {
  describe.skipIf(!when)(`${name} keeps the contract of a TraceSource`, () => {
    let store: StoreUnderTest
    beforeAll(async () => {
      store = await makeStore()
    })
    afterAll(() => store.close())

    const kept = (one: TraceSpan): TraceSpan => store.keeps?.(one) ?? one

    async function pushed(...spans: TraceSpan[]): Promise<string> {
      const traceId = spans[0]!.traceId
      await store.push(otlp(...spans), { traceId, spans: new Set(spans.map(({ spanId }) => spanId)).size })
      return traceId
    }

    it('knows nothing of a trace that nobody sent, and is sure of it', async () => {
      await pushed(span(randomId(16)))
      expect(await store.source.trace(randomId(16))).toEqual({ complete: true, reasons: [] })
    })

    it.each([
      ['a short ID', 'abc'],
      ['an ID that is not hex', 'g'.repeat(32)],
      ['the ID of zeros', '0'.repeat(32)],
      ['a path', '../../../etc/passwd'],
      ['nothing', ''],
      ['a number', 42],
    ])('refuses %s by name', async (_, id) => {
      await expect(async () => store.source.trace(id as string)).rejects.toMatchObject({
        name: 'SpanlogError',
        code: 'INVALID_TRACE_ID',
        message: expect.stringContaining('`traceId`') as unknown,
      })
    })

    it.each([
      ['an option that does not exist', { form: 1 }],
      ['a signal that is none', { signal: 'now' }],
      ['options that are no object', null],
    ])('refuses %s', async (_, options) => {
      await expect(async () => store.source.trace(randomId(16), options as object)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    })

    it('folds an ID in upper case, with blanks around it', async () => {
      const one = span(randomId(16))
      const traceId = await pushed(one)
      expect(await store.source.trace(` ${traceId.toUpperCase()}\n`)).toEqual({
        trace: { traceId, spans: [kept(one)] },
        complete: true,
        reasons: [],
      })
    })

    it('is incomplete with the reason ABORTED when it is cancelled before it begins', async () => {
      const traceId = await pushed(span(randomId(16)))
      const { trace, complete, reasons } = await store.source.trace(traceId, { signal: AbortSignal.abort() })
      expect({ trace, complete, codes: reasons.map(({ code }) => code) }).toEqual({ trace: undefined, complete: false, codes: ['ABORTED'] })
    })

    it('returns a span exactly as it was sent', async () => {
      const traceId = randomId(16)
      const start = BigInt(Date.now()) * 1_000_000n + 123_457n
      const whole = span(traceId, {
        parentSpanId: randomId(8),
        name: 'charge "card" ünïcode 🚀',
        service: 'payments',
        kind: 'server',
        startUnixNano: start,
        endUnixNano: start + 7n,
        status: { code: 'error', message: 'card refused' },
        attributes: { text: 'a\nb', yes: true, int: -42, double: 0.1, list: ['a', 'b'], 'http.request.method': 'POST', odd: 'constructor' },
        resource: { 'service.name': 'payments', 'process.pid': 7 },
        events: [
          { timeUnixNano: start + 1n, name: 'exception', attributes: { 'exception.type': 'CardError', 'exception.message': 'refused' } },
          { timeUnixNano: start + 2n, name: 'charging', attributes: {} },
        ],
        links: [{ traceId: randomId(16), spanId: randomId(8), attributes: { why: 'batch' } }],
      })
      await pushed(whole)
      expect(await store.source.trace(traceId)).toEqual({ trace: { traceId, spans: [kept(whole)] }, complete: true, reasons: [] })
    })

    it.each(['internal', 'server', 'client', 'producer', 'consumer'] as const)('keeps the kind %s', async (kind) => {
      const traceId = await pushed(span(randomId(16), { kind }))
      expect((await store.source.trace(traceId)).trace?.spans.map((one) => one.kind)).toEqual([kind])
    })

    it('keeps integers that a JavaScript number cannot hold, as strings', async () => {
      const one = span(randomId(16))
      const sent = { ...otlpSpan(one), attributes: [{ key: 'big', value: { intValue: '9223372036854775807' } }] }
      await store.push({ resourceSpans: [{ scopeSpans: [{ spans: [sent] }] }] }, { traceId: one.traceId, spans: 1 })
      const { trace } = await store.source.trace(one.traceId)
      expect(trace?.spans[0]?.attributes).toEqual({ big: '9223372036854775807' })
      expect(trace?.spans[0]?.service).toBe('unknown_service')
    })

    it('keeps the zeros that an ID of 64 bits begins with', async () => {
      const one = span('0'.repeat(16) + randomId(8), { spanId: `00000000${randomId(4)}` })
      const traceId = await pushed(one)
      expect(await store.source.trace(traceId)).toMatchObject({ trace: { traceId, spans: [{ spanId: one.spanId }] }, complete: true })
    })

    it('puts together a trace that came in several pushes, by start and then by span ID', async () => {
      const traceId = randomId(16)
      const start = BigInt(Date.now()) * 1_000_000n
      const spans = [
        span(traceId, { spanId: '00000000000000a1', startUnixNano: start, endUnixNano: start + 9000n, service: 'gateway' }),
        span(traceId, {
          spanId: '00000000000000a2',
          startUnixNano: start + 1000n,
          endUnixNano: start + 8000n,
          parentSpanId: '00000000000000a1',
        }),
        span(traceId, { spanId: '00000000000000a3', startUnixNano: start + 1000n, endUnixNano: start + 7000n, service: 'payments' }),
        span(traceId, { spanId: '00000000000000a0', startUnixNano: start + 2000n, endUnixNano: start + 3000n, service: 'payments' }),
      ]
      const shown = { traceId, spans: 2 }
      await store.push(otlp(spans[3]!, spans[1]!), shown)
      await store.push(otlp(spans[2]!, spans[0]!), { ...shown, spans: 4 })
      expect((await store.source.trace(traceId)).trace?.spans).toEqual(spans.map(kept))
    })

    it('returns a span once that was sent twice', async () => {
      const traceId = randomId(16)
      const twice = span(traceId)
      await pushed(twice, twice)
      await pushed(twice)
      expect((await store.source.trace(traceId)).trace?.spans).toEqual([kept(twice)])
    })

    it('tells the traces of one batch apart, also where one links to the other and names it', async () => {
      const [one, other] = [randomId(16), randomId(16)]
      const mine = span(one)
      const foreign = span(other, { name: `after ${one}`, links: [{ traceId: one, spanId: mine.spanId, attributes: {} }] })
      await store.push(otlp(mine, foreign), { traceId: one, spans: 1 })
      await store.push(otlp(foreign), { traceId: other, spans: 1 })
      expect(await store.source.trace(one)).toEqual({ trace: { traceId: one, spans: [kept(mine)] }, complete: true, reasons: [] })
      expect((await store.source.trace(other)).trace?.spans).toEqual([kept(foreign)])
    })

    it.each<[string, Partial<TraceSpan>[], boolean]>([
      ['a caller above the first service', [{ parentSpanId: 'f0'.repeat(8), kind: 'server' }], true],
      [
        'one caller above two services',
        [
          { parentSpanId: 'f0'.repeat(8), kind: 'server' },
          { parentSpanId: 'f0'.repeat(8), kind: 'consumer' },
        ],
        true,
      ],
      ['the parent in its own process', [{ parentSpanId: 'f0'.repeat(8), kind: 'internal' }], false],
      ['a span between root and server', [{}, { parentSpanId: 'f0'.repeat(8), kind: 'server' }], false],
      [
        'two parents',
        [
          { parentSpanId: 'f0'.repeat(8), kind: 'server' },
          { parentSpanId: 'f1'.repeat(8), kind: 'server' },
        ],
        false,
      ],
    ])('of a trace that misses %s says whether it is complete', async (_, parts, complete) => {
      const traceId = randomId(16)
      await pushed(...parts.map((part) => span(traceId, part)))
      const result = await store.source.trace(traceId)
      expect(result.trace?.spans).toHaveLength(parts.length)
      expect({ complete: result.complete, codes: result.reasons.map(({ code }) => code) }).toEqual({
        complete,
        codes: complete ? [] : ['SPANS_MISSING'],
      })
    })

    it('answers several questions at once', async () => {
      const ids = await Promise.all(Array.from({ length: 5 }, () => pushed(span(randomId(16)))))
      const answers = await Promise.all(ids.map((id) => store.source.trace(id)))
      expect(answers.map(({ trace }) => trace?.traceId)).toEqual(ids)
    })

    describe('a search', () => {
      const service = `search-${randomId(4)}`
      const step = 20_000_000_000n
      // Set when they are pushed, which in a long run is minutes after the rows were named.
      let now = 0n
      let traces: (readonly [TraceSpan, TraceSpan])[] = []
      const ids = Array.from({ length: 4 }, (_, n) => (n === 0 ? `00000000000000000${randomId(8).slice(1)}` : randomId(16)))
      /** What the last two were caused by: not a trace of the store. */
      const cause = { traceId: randomId(16), spanId: randomId(8), attributes: {} }
      /** Of 20 to 80 seconds ago, since Tempo puts older ones that come late at another time; each with a slow root and a failed call of its own service. */
      const traceOf = (traceId: string, n: number): readonly [TraceSpan, TraceSpan] => {
        const startUnixNano = now - BigInt(4 - n) * step
        const root = span(traceId, {
          service,
          name: `get ${n}`,
          startUnixNano,
          endUnixNano: startUnixNano + 2_000_000_000n,
          attributes: { n, 'shop "x"': `a b ${n} \\ "é"`, paid: n > 1, ratio: n + 0.5 },
          links: n > 1 ? [cause] : [],
        })
        const call = span(traceId, {
          service: `${service}-db`,
          name: 'query',
          kind: 'client',
          parentSpanId: root.spanId,
          startUnixNano: startUnixNano + 1_000_000n,
          endUnixNano: startUnixNano + 6_000_000n,
          status: n % 2 === 0 ? { code: 'error', message: 'gone' } : { code: 'unset' },
        })
        return [root, call]
      }
      const find = async (query: TraceSearch): Promise<{ found: TraceSummary[]; cuts: TraceSearchCut[] }> => {
        const [found, cuts]: [TraceSummary[], TraceSearchCut[]] = [[], []]
        for await (const item of store.source.search({ from: now - 10n * step, ...query })) {
          if ('cut' in item) cuts.push(item)
          else found.push(item)
        }
        return { found, cuts }
      }

      beforeAll(async () => {
        now = BigInt(Date.now()) * 1_000_000n
        traces = ids.map(traceOf)
        for (const spans of traces) await pushed(...spans)
        for (const traceId of ids) await store.searchable?.(traceId, service)
      }, 180_000)

      it('tells what it finds in outline, the newest first', async () => {
        const { found, cuts } = await find({ service })
        expect(cuts).toEqual([])
        expect(found.map(({ traceId }) => traceId)).toEqual(ids.toReversed())
        expect({ ...found[3], services: found[3]?.services?.toSorted() }).toEqual({
          traceId: ids[0],
          rootService: service,
          rootName: 'get 0',
          startUnixNano: traces[0]![0].startUnixNano,
          durationMs: 2000,
          spans: 2,
          errors: 1,
          services: [service, `${service}-db`],
        })
      })

      it.each<[string, TraceSearch, number[]]>([
        ['a service that nobody has', { service: `${service}-no` }, []],
        ['an operation', { service, operation: 'get 2' }, [2]],
        ['an operation of another service', { service, operation: 'query' }, []],
        ['a status', { service: `${service}-db`, status: 'error' }, [2, 0]],
        ['no status', { service: `${service}-db`, status: 'unset' }, [3, 1]],
        ['the status of another span', { service, status: 'error' }, []],
        ['a duration', { service, minDurationMs: 1999.5 }, [3, 2, 1, 0]],
        ['a duration of another span', { service: `${service}-db`, minDurationMs: 1999.5 }, []],
        ['an integer', { service, attributes: { n: 1 } }, [1]],
        ['a fraction', { service, attributes: { ratio: 1.5 } }, [1]],
        ['a boolean', { service, attributes: { paid: true } }, [3, 2]],
        ['several conditions', { service, operation: 'get 3', status: 'unset', minDurationMs: 5, attributes: { n: 3, paid: true } }, [3]],
        ['one that fails of several', { service, operation: 'get 3', attributes: { n: 2 } }, []],
        ['awkward text', { service, attributes: { 'shop "x"': 'a b 1 \\ "é"' } }, [1]],
        ['an attribute that no span has', { service, attributes: { nobody: 'x' } }, []],
      ])('finds by %s', async (_, query, wanted) => {
        const { found, cuts } = await find(query)
        expect(cuts).toEqual([])
        expect(found.map(({ traceId }) => ids.indexOf(traceId))).toEqual(wanted)
      })

      it('finds what links to a trace, or refuses to look', async () => {
        if (store.noLinks) {
          expect(() => store.source.search({ linkedTo: cause.traceId })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
          return
        }
        const keepsLinks = kept(traces[3]![0]).links.length > 0
        const { found, cuts } = await find({ linkedTo: cause.traceId })
        expect(found.map(({ traceId }) => ids.indexOf(traceId))).toEqual(keepsLinks ? [3, 2] : [])
        expect(await find({ service, operation: 'get 2', linkedTo: cause.traceId.toUpperCase() })).toMatchObject({
          found: keepsLinks ? [{ traceId: ids[2] }] : [],
          cuts,
        })
        expect((await find({ linkedTo: ids[0]! })).found).toEqual([])
        expect(() => store.source.search({ linkedTo: 'abc' })).toThrow(expect.objectContaining({ code: 'INVALID_TRACE_ID' }))
      })

      it('looks into the window only', async () => {
        const window = { from: now - 3n * step - step / 2n, to: now - step - step / 2n }
        const { found } = await find({ service, ...window })
        expect(found.map(({ traceId }) => ids.indexOf(traceId))).toEqual([2, 1])
      })

      it('says that there are more than the limit, and not where there are just as many', async () => {
        const some = await find({ service, limit: 3 })
        expect(some.found.map(({ traceId }) => ids.indexOf(traceId))).toEqual([3, 2, 1])
        expect(some.cuts).toEqual([{ cut: true, code: 'LIMIT_REACHED', message: expect.stringContaining('3') as unknown }])
        expect((await find({ service, limit: 4 })).cuts).toEqual([])
      })

      it('takes a query in the language of the store, or refuses it', async () => {
        if (store.language === undefined) {
          expect(() => store.source.search({ query: '{}' })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
          return
        }
        const { found } = await find({ query: store.language(service) })
        expect(found.map(({ traceId }) => ids.indexOf(traceId))).toEqual([3, 2, 1, 0])
        expect(() => store.source.search({ query: store.language!(service), service })).toThrow(
          expect.objectContaining({ code: 'INVALID_OPTION' }),
        )
      })

      it('that is cancelled ends with that', async () => {
        const { found, cuts } = await find({ service, signal: AbortSignal.abort() })
        expect({ found, codes: cuts.map(({ code }) => code) }).toEqual({ found: [], codes: ['ABORTED'] })
      })

      it.each<[string, object | null, string]>([
        ['a misspelt option', { services: 'x' }, 'INVALID_OPTION'],
        ['an empty service', { service: '' }, 'INVALID_OPTION'],
        ['a status that is none', { status: 'failed' }, 'INVALID_OPTION'],
        ['a negative duration', { minDurationMs: -1 }, 'INVALID_OPTION'],
        ['an attribute that is no plain value', { attributes: { a: [] } }, 'INVALID_OPTION'],
        ['a limit of none', { limit: 0 }, 'INVALID_OPTION'],
        ['a signal that is none', { signal: 'now' }, 'INVALID_OPTION'],
        ['a time in words', { from: 'yesterday' }, 'INVALID_TIME'],
        ['a window that ends before it begins', { from: 2n, to: 1n }, 'INVALID_TIME'],
        ['nothing at all', null, 'INVALID_OPTION'],
      ])('refuses %s, at the call', (_, query, code) => {
        expect(() => store.source.search(query as TraceSearch)).toThrow(expect.objectContaining({ code }))
      })
    })

    it('returns what was sent, whatever it was', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anySpan, { minLength: 1, maxLength: 6 }), async (parts) => {
          const traceId = randomId(16)
          const now = BigInt(Date.now()) * 1_000_000n
          const spans = parts.map((part, i) => {
            const { service, offset, length, ...given } = part
            const startUnixNano = now + BigInt(offset)
            return span(traceId, {
              ...given,
              spanId: `${String(i + 1).padStart(4, '0')}${randomId(6)}`,
              service,
              startUnixNano,
              endUnixNano: startUnixNano + BigInt(length),
            })
          })
          await pushed(...spans)
          const expected = spans.map(kept).toSorted((a, b) => Number(a.startUnixNano - b.startUnixNano) || (a.spanId < b.spanId ? -1 : 1))
          expect(await store.source.trace(traceId)).toEqual({ trace: { traceId, spans: expected }, complete: true, reasons: [] })
        }),
        { numRuns: runs },
      )
    })

    // Last: stores of files read all of it again for each question.
    it('returns all of a trace of 2,000 spans', async () => {
      const traceId = randomId(16)
      const spans = Array.from({ length: 2000 }, (_, i) => span(traceId, { attributes: { i } }))
      for (let i = 0; i < spans.length; i += 500) {
        await store.push(otlp(...spans.slice(i, i + 500)), { traceId, spans: i + 500 })
      }
      const { trace, complete } = await store.source.trace(traceId)
      expect(complete).toBe(true)
      const numbers = trace?.spans.map(({ attributes }) => Number(attributes['i']))
      expect(numbers?.toSorted((a, b) => a - b)).toEqual(spans.map((_, i) => i))
    })
  })
}

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
const value = fc.oneof(
  word,
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.float({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
  fc.array(word, { minLength: 1, maxLength: 3 }),
)
const record = fc.dictionary(fc.stringMatching(/^[a-z][a-z._]{0,15}$/), value, { maxKeys: 5, noNullPrototype: true })
const anySpan = fc.record({
  name: word,
  service: fc.stringMatching(/^[a-z][a-z-]{0,10}$/),
  kind: fc.constantFrom('internal' as const, 'server' as const, 'client' as const, 'producer' as const, 'consumer' as const),
  offset: fc.nat(1_000_000),
  length: fc.nat(1_000_000_000),
  status: fc.oneof(
    fc.record({ code: fc.constantFrom('unset' as const, 'ok' as const) }),
    fc.record({ code: fc.constant('error' as const), message: word }),
  ),
  attributes: record,
})
