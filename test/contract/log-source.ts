import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import type { LogEntry, LogQueryOptions, LogSearch, LogSource } from 'spanlog/logs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A line to store. It carries its time itself too, for stores that know no other. */
export interface PushedLine {
  timeUnixNano: bigint
  line: string
  /** Lines of the same labels are one stream, or one file. */
  labels?: Record<string, string>
  /** Only pushed where the store supports it. */
  metadata?: Record<string, string>
}

/** A store under test. Trace IDs are random, so that a store may live on between runs. */
export interface LogStoreUnderTest {
  source: LogSource
  /** Resolves when the store shows the lines. */
  push(lines: readonly PushedLine[]): Promise<void>
  close(): Promise<void>
  /** `follow`: whether what is pushed is followed, if the source follows at all. @defaultValue true */
  supports: { metadata: boolean; follow?: boolean }
}

export interface LogSourceSuite {
  /** How many generated sets of lines are pushed. @defaultValue 40 */
  runs?: number
  /** Whether the store is there at all. @defaultValue true */
  when?: boolean
  /** Of each test. @defaultValue 20_000 */
  timeoutMs?: number
}

const randomId = (): string => randomBytes(16).toString('hex')
const decimalOf = (traceId: string): string => BigInt(`0x${traceId.slice(16)}`).toString()
const xrayOf = (traceId: string): string => `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`
/** Ten minutes ago: stores refuse old lines. */
const start = BigInt(Math.floor(Date.now() / 1000) - 600) * 1_000_000_000n
const iso = (nano: bigint): string =>
  `${new Date(Number(nano / 1_000_000_000n) * 1000).toISOString().slice(0, 19)}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}Z`
/** The fields must be JSON text by themselves: nanoseconds are written as a number, which `JSON.stringify` could not. */
const json = (at: bigint, fields: Record<string, unknown>): PushedLine => ({
  timeUnixNano: at,
  line: `{"time":${at},${JSON.stringify(fields).slice(1)}`,
})
const own = (at: bigint, traceId: string, msg: string): PushedLine => json(at, { trace_id: traceId, msg })
const on = (stream: string, line: PushedLine): PushedLine => ({ ...line, labels: { stream } })
const lines = (entries: readonly { line: string }[]): string[] => entries.map(({ line }) => line)
const byTime = (a: PushedLine, b: PushedLine): number => Number(a.timeUnixNano - b.timeUnixNano)

/** The duties of every `LogSource`. */
export function describeLogSource(
  name: string,
  makeStore: () => Promise<LogStoreUnderTest>,
  { runs = 40, when = true, timeoutMs = 20_000 }: LogSourceSuite = {},
): void {
  describe.skipIf(!when)(`${name} keeps the contract of a LogSource`, { timeout: timeoutMs }, () => {
    let store: LogStoreUnderTest
    beforeAll(async () => {
      store = await makeStore()
    })
    afterAll(() => store.close())

    const collect = (traceId: string, options?: LogQueryOptions) => store.source.forTrace(traceId, options).collect()

    /** A trace of five lines, a second apart. */
    async function pushedTrace(): Promise<{ traceId: string; pushed: PushedLine[] }> {
      const traceId = randomId()
      const pushed = Array.from({ length: 5 }, (_, n) => own(start + BigInt(n) * 1_000_000_000n, traceId, `line ${n}`))
      await store.push(pushed)
      return { traceId, pushed }
    }

    describe('what it returns', () => {
      it('nothing for a trace that nobody wrote of, and is sure of it', async () => {
        await pushedTrace()
        const { entries, verdict } = await collect(randomId())
        expect(entries).toEqual([])
        expect(verdict).toMatchObject({ complete: true, entries: 0, mentions: 0, skipped: 0 })
      })

      it('each line of the trace once, in time order across streams, and none of another trace', async () => {
        const [traceId, other] = [randomId(), randomId()]
        const pushed = Array.from({ length: 60 }, (_, n) =>
          on(`s${n % 3}`, own(start + BigInt((n * 7919) % 60) * 1_000_003n, n % 4 === 0 ? other : traceId, `line ${n}`)),
        )
        await store.push(pushed.toSorted(byTime))
        const { entries, verdict } = await collect(traceId)
        expect(lines(entries)).toEqual(lines(pushed.filter((_, n) => n % 4 !== 0).toSorted(byTime)))
        expect(verdict).toMatchObject({ complete: true, entries: 45, mentions: 0, skipped: 0 })
        expect(verdict.reasons.map(({ message }) => message).join()).not.toBe('')
      })

      it('all lines of one nanosecond', async () => {
        const traceId = randomId()
        const pushed = Array.from({ length: 40 }, (_, n) => on(`s${n % 2}`, own(start, traceId, `line ${n}`)))
        await store.push(pushed)
        const { entries } = await collect(traceId)
        expect(lines(entries).toSorted()).toEqual(lines(pushed).toSorted())
      })

      it('a line twice that two streams have at the same time', async () => {
        const traceId = randomId()
        const line = own(start, traceId, 'the same')
        await store.push([on('a', line), on('b', line)])
        expect(lines((await collect(traceId)).entries)).toEqual([line.line, line.line])
      })

      it('times to the nanosecond', async () => {
        const traceId = randomId()
        const times = [1n, 2n, 999_999_999n].map((n) => start + n)
        await store.push(times.map((at, n) => own(at, traceId, `line ${n}`)))
        expect((await collect(traceId)).entries.map(({ timeUnixNano }) => timeUnixNano)).toEqual(times)
      })

      it('what a line says of itself', async () => {
        const traceId = randomId()
        const spanId = traceId.slice(16)
        const pushed = json(start, { level: 50, service: 'payments', trace_id: traceId, span_id: spanId, msg: 'declined', amount: 12.5 })
        await store.push([pushed])
        const [entry] = (await collect(traceId)).entries
        const severity = { number: 17, text: 'error' }
        const fields = { level: 50, amount: 12.5, msg: 'declined' }
        expect(entry).toMatchObject({
          timeUnixNano: start,
          line: pushed.line,
          service: 'payments',
          severity,
          message: 'declined',
          traceId,
          spanId,
          fields,
        })
        expect(entry).not.toHaveProperty('mention')
      })

      it('a line of 200 KB whole', async () => {
        const traceId = randomId()
        const pushed = own(start, traceId, 'é'.repeat(100_000))
        await store.push([pushed])
        expect(lines((await collect(traceId)).entries)).toEqual([pushed.line])
      })

      it.each([
        ['quotes and backslashes', 'say "hi" \\ C:\\new \\" `raw` \' {a="b"} |= `x`'],
        ['Unicode, line separators and astral characters', 'naïve 漢字 \u2028\u2029 \u{1F600} \u200F'],
        ['escaped control characters', '\u0000 \u0007 \t \r\n \u001B[31mred\u001B[0m'],
      ])('a JSON line with %s untouched', async (_, msg) => {
        const traceId = randomId()
        const pushed = own(start, traceId, msg)
        await store.push([pushed])
        expect((await collect(traceId)).entries).toMatchObject([{ line: pushed.line, message: msg }])
      })

      it.each([
        ['raw terminal escapes', '\u001B[31mred\u001B[39m'],
        ['raw control characters', '\u0001 \u0007 \t \u007F'],
        ['LogQL and shell syntax', '{a="b"} |~ `.*` $(id) %s \\n'],
      ])('a text line with %s untouched', async (_, text) => {
        const traceId = randomId()
        const line = `${iso(start)} [${traceId}:${traceId.slice(16)}] WARN ${text}`
        await store.push([{ timeUnixNano: start, line }])
        expect((await collect(traceId)).entries).toMatchObject([{ line, traceId, severity: { number: 13 }, timeUnixNano: start }])
      })
    })

    describe('where it finds the ID', () => {
      it.each<[string, (id: string) => Record<string, unknown>]>([
        ...['trace_id', 'traceId', 'traceID', 'TraceId', 'TraceID', 'otel_trace_id', 'dd.trace_id', 'trace.id'].map(
          (field): [string, (id: string) => Record<string, unknown>] => [`under ${field}`, (id) => ({ [field]: id })],
        ),
        ['under trace and id', (id) => ({ trace: { id } })],
        ['under dd and trace_id, in decimal', (id) => ({ dd: { trace_id: decimalOf(id) } })],
        ['under dd.trace_id, in decimal', (id) => ({ 'dd.trace_id': decimalOf(id) })],
        ['in upper case', (id) => ({ trace_id: id.toUpperCase() })],
        ['as X-Ray writes it', (id) => ({ trace_id: xrayOf(id) })],
      ])('in a JSON line %s', async (_, fields) => {
        // The low bits of some IDs are too small to be searched for in decimal.
        const traceId = `${randomId().slice(0, 16)}f${randomId().slice(17)}`
        await store.push([json(start, { ...fields(traceId), msg: 'x' })])
        expect((await collect(traceId)).entries).toMatchObject([{ traceId, message: 'x' }])
      })

      it.each<[string, (id: string) => string]>([
        ['logfmt', (id) => `time=${iso(start)} level=info trace_id=${id} msg="it works"`],
        ['the layout [trace_id:span_id]', (id) => `${iso(start)} [${id}:00f067aa0ba902b7] INFO it works`],
        ['a text with trace_id=', (id) => `${iso(start)} INFO [app] [trace_id=${id} span_id=00f067aa0ba902b7] - it works`],
        ['broken JSON that shows it', (id) => `{"time":${start},"trace_id":"${id}","msg":"cut he`],
      ])('in %s', async (_, line) => {
        const traceId = randomId()
        const pushed = { timeUnixNano: start, line: line(traceId) }
        await store.push([pushed])
        expect((await collect(traceId)).entries).toMatchObject([{ ...pushed, traceId }])
      })

      it('in metadata, where the store has such', async ({ skip }) => {
        if (!store.supports.metadata) skip()
        const traceId = randomId()
        await store.push([{ timeUnixNano: start, line: 'plain', metadata: { trace_id: traceId } }])
        expect((await collect(traceId)).entries).toMatchObject([{ line: 'plain', traceId, metadata: { trace_id: traceId } }])
      })

      it('with an ID in upper case asked for', async () => {
        const { traceId, pushed } = await pushedTrace()
        expect(lines((await collect(traceId.toUpperCase())).entries)).toEqual(lines(pushed))
      })

      it.each([
        ['a short ID', 'abc'],
        ['an ID that is not hex', 'g'.repeat(32)],
        ['the ID of zeros', '0'.repeat(32)],
        ['something that is no string', 42],
      ])('refuses %s by name, at the call', (_, traceId) => {
        expect(() => store.source.forTrace(traceId as string)).toThrow(expect.objectContaining({ code: 'INVALID_TRACE_ID' }))
      })

      it('holds broken JSON that does not show whose line it is for skipped, and itself for incomplete', async () => {
        const traceId = randomId()
        await store.push([
          own(start, traceId, 'whole'),
          { timeUnixNano: start + 1n, line: `{"time":${start + 1n},"msg":"about ${traceId}` },
        ])
        const { entries, verdict } = await collect(traceId)
        expect(entries).toHaveLength(1)
        expect(verdict).toMatchObject({ complete: false, entries: 1, mentions: 0, skipped: 1 })
        expect(verdict.reasons).toEqual([{ code: 'LINES_SKIPPED', message: expect.stringMatching(/^1 broken/) }])
      })
    })

    describe('mentions', () => {
      async function pushedMentions(): Promise<{ traceId: string; other: string }> {
        const [traceId, other] = [randomId(), randomId()]
        await store.push([
          own(start, traceId, 'own'),
          own(start + 1n, other, `retry of ${traceId}`),
          { timeUnixNano: start + 2n, line: `${iso(start + 2n)} see ${traceId}` },
          { timeUnixNano: start + 3n, line: `${iso(start + 3n)} [${other}:00f067aa0ba902b7] INFO after trace_id=${traceId}` },
          own(start + 4n, traceId, 'own too'),
        ])
        return { traceId, other }
      }

      it('are counted and not returned', async () => {
        const { traceId } = await pushedMentions()
        const { entries, verdict } = await collect(traceId)
        expect(entries.map(({ message }) => message)).toEqual(['own', 'own too'])
        expect(verdict).toMatchObject({ complete: true, entries: 2, mentions: 3 })
      })

      it('come in their place, marked, if asked for', async () => {
        const { traceId, other } = await pushedMentions()
        const { entries, verdict } = await collect(traceId, { mentions: true })
        expect(entries.map(({ mention }) => mention)).toEqual([undefined, true, true, true, undefined])
        expect(entries.map((entry) => entry.traceId)).toEqual([traceId, other, undefined, other, traceId])
        expect(verdict).toMatchObject({ complete: true, entries: 5, mentions: 3 })
      })
    })

    describe('the window', () => {
      it('includes `from` and excludes `to`', async () => {
        const { traceId, pushed } = await pushedTrace()
        const [from, to] = [pushed[1]!.timeUnixNano, pushed[3]!.timeUnixNano]
        const { entries, verdict } = await collect(traceId, { from, to })
        expect(lines(entries)).toEqual(lines(pushed.slice(1, 3)))
        expect(verdict).toMatchObject({ complete: true, from, to })
        expect(lines((await collect(traceId, { from: from + 1n, to: to + 1n })).entries)).toEqual(lines(pushed.slice(2, 4)))
      })

      it('may be one nanosecond wide', async () => {
        const { traceId, pushed } = await pushedTrace()
        const from = pushed[2]!.timeUnixNano
        expect(lines((await collect(traceId, { from, to: from + 1n })).entries)).toEqual([pushed[2]!.line])
      })

      it.each<[string, (at: bigint) => LogQueryOptions]>([
        ['ISO 8601 with nanoseconds', (at) => ({ from: iso(at) })],
        ['a Date', (at) => ({ from: new Date(Number(at / 1_000_000n)) })],
        ['nanoseconds as a decimal string', (at) => ({ from: String(at) })],
      ])('may be given as %s', async (_, options) => {
        const { traceId, pushed } = await pushedTrace()
        const { entries } = await collect(traceId, options(pushed[3]!.timeUnixNano))
        expect(lines(entries)).toEqual(lines(pushed.slice(3)))
      })

      it('may be given as a span before now', async () => {
        const { traceId } = await pushedTrace()
        expect((await collect(traceId, { from: '30m' })).entries).toHaveLength(5)
        expect((await collect(traceId, { from: '30m', to: '20m' })).entries).toHaveLength(0)
      })

      it.each<[string, object, string]>([
        ['a time in words', { from: 'yesterday' }, 'INVALID_TIME'],
        ['milliseconds as a string', { from: String(Date.now()) }, 'INVALID_TIME'],
        ['an invalid Date', { to: new Date(Number.NaN) }, 'INVALID_TIME'],
        ['a window that ends before it begins', { from: 2n, to: 1n }, 'INVALID_TIME'],
        ['an empty window', { from: 2n, to: 2n }, 'INVALID_TIME'],
        ['a misspelt option', { form: '2h' }, 'INVALID_OPTION'],
        ['a signal that is none', { signal: {} }, 'INVALID_OPTION'],
        ['mentions as a text', { mentions: 'yes' }, 'INVALID_OPTION'],
      ])('refuses %s, at the call', (_, options, code) => {
        expect(() => store.source.forTrace(randomId(), options)).toThrow(expect.objectContaining({ code }))
      })
    })

    describe('a query', () => {
      it('is read once', async () => {
        const { traceId } = await pushedTrace()
        const query = store.source.forTrace(traceId)
        await query.collect()
        expect(() => query[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: 'QUERY_USED' }))
        await expect(query.collect()).rejects.toMatchObject({ code: 'QUERY_USED' })
        expect(await query.verdict()).toMatchObject({ complete: true, entries: 5 })
      })

      it('is read to its end by its verdict, if nobody else does', async () => {
        const { traceId } = await pushedTrace()
        const query = store.source.forTrace(traceId)
        const [first, second] = await Promise.all([query.verdict(), query.verdict()])
        expect(first).toMatchObject({ complete: true, entries: 5 })
        expect(second).toEqual(first)
      })

      it('gives its verdict to one who asked before it was read', async () => {
        const { traceId } = await pushedTrace()
        const query = store.source.forTrace(traceId)
        const reading = query.collect()
        expect(await query.verdict()).toEqual((await reading).verdict)
      })

      it('left early is not complete', async () => {
        const { traceId } = await pushedTrace()
        const query = store.source.forTrace(traceId)
        for await (const _ of query) break
        const verdict = await query.verdict()
        expect(verdict).toMatchObject({ complete: false, entries: 1, reasons: [{ code: 'STOPPED_EARLY' }] })
      })

      it('aborted before it is read yields nothing and is not complete', async () => {
        const { traceId } = await pushedTrace()
        const { entries, verdict } = await collect(traceId, { signal: AbortSignal.abort() })
        expect(entries).toEqual([])
        expect(verdict).toMatchObject({ complete: false, entries: 0, reasons: [{ code: 'ABORTED' }] })
      })

      it('aborted at once ends, and is not complete', async () => {
        const { traceId } = await pushedTrace()
        const controller = new AbortController()
        const collecting = collect(traceId, { signal: controller.signal })
        controller.abort()
        expect((await collecting).verdict).toMatchObject({ complete: false, reasons: [{ code: 'ABORTED' }] })
      })

      it('aborted midway ends with what it has, and is not complete', async () => {
        const { traceId } = await pushedTrace()
        const controller = new AbortController()
        const query = store.source.forTrace(traceId, { signal: controller.signal })
        const entries: LogEntry[] = []
        for await (const entry of query) {
          entries.push(entry)
          if (entries.length === 2) controller.abort()
        }
        expect(entries).toHaveLength(2)
        expect(await query.verdict()).toMatchObject({ complete: false, entries: 2, reasons: [{ code: 'ABORTED' }] })
      })

      it('serves calls of next that do not wait for each other', async () => {
        const { traceId, pushed } = await pushedTrace()
        const iterator = store.source.forTrace(traceId)[Symbol.asyncIterator]()
        const results = await Promise.all(Array.from({ length: 7 }, () => iterator.next()))
        expect(results.map(({ value }) => value?.line)).toEqual([...lines(pushed), undefined, undefined])
      })
    })

    describe('a search', () => {
      /** Lines that all hold a text of their own: a store may hold those of other tests. */
      async function pushedLines(): Promise<{ tag: string; pushed: PushedLine[] }> {
        const tag = randomId()
        const pushed = [
          json(start, { level: 30, service: 'orders', msg: `accepted ${tag}`, trace_id: randomId() }),
          json(start + 1_000_000_000n, { level: 50, service: 'orders', msg: `refused ${tag}`, trace_id: randomId() }),
          json(start + 2_000_000_000n, { level: 'error', service: 'payments', msg: `down ${tag}` }),
          { timeUnixNano: start + 3_000_000_000n, line: `time=${iso(start + 3_000_000_000n)} level=warn service=orders msg="slow ${tag}"` },
        ]
        await store.push(pushed)
        return { tag, pushed }
      }
      const find = (query: LogSearch) => store.source.search({ from: '30m', ...query }).collect()

      it.each<[string, LogSearch, number[]]>([
        ['a text', {}, [0, 1, 2, 3]],
        ['a level', { level: 'error' }, [1, 2]],
        ['a lower level', { level: 'warn' }, [1, 2, 3]],
        ['a service', { service: 'orders' }, [0, 1, 3]],
        ['a service and a level', { service: 'orders', level: 'error' }, [1]],
        ['what has a trace', { traced: true }, [0, 1]],
        ['a window', { from: start + 1_000_000_000n, to: start + 3_000_000_000n }, [1, 2]],
      ])('finds lines by %s, in time order, and is complete', async (_, query, expected) => {
        const { tag, pushed } = await pushedLines()
        const { entries, verdict } = await find({ text: tag, ...query })
        expect(lines(entries)).toEqual(expected.map((n) => pushed[n]!.line))
        expect(verdict).toMatchObject({ complete: true, entries: expected.length, mentions: 0 })
        for (const entry of entries) expect(entry).not.toHaveProperty('mention')
      })

      it('finds lines by a pattern, and says whose they are', async () => {
        const { tag, pushed } = await pushedLines()
        const { entries } = await find({ text: new RegExp(`(accepted|refused) ${tag}`) })
        expect(lines(entries)).toEqual(lines(pushed.slice(0, 2)))
        expect(entries.map(({ traceId }) => traceId)).toEqual(pushed.slice(0, 2).map(({ line }) => /trace_id":"(\w+)/.exec(line)?.[1]))
      })

      it('with a limit yields the newest, and is complete only where there are no more', async () => {
        const { tag, pushed } = await pushedLines()
        const few = await find({ text: tag, limit: 2 })
        expect(lines(few.entries)).toEqual(lines(pushed.slice(2)))
        expect(few.verdict).toMatchObject({ complete: false, entries: 2 })
        expect(few.verdict.reasons.map(({ code }) => code)).toContain('LIMIT_REACHED')
        expect((await find({ text: tag, limit: 4 })).verdict).toMatchObject({ complete: true, entries: 4 })
      })

      it('refuses a level that nobody knows, at the call', () => {
        expect(() => store.source.search({ level: 'loud' })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
      })
    })

    describe('following', () => {
      const follow = (...args: Parameters<NonNullable<LogSource['follow']>>) =>
        store.supports.follow === false ? undefined : store.source.follow?.(...args)
      const now = (): bigint => BigInt(Date.now()) * 1_000_000n

      it('yields what is there in time order, then what is written, each line once, and none of another trace', async ({ skip }) => {
        const { traceId, pushed } = await pushedTrace()
        const followed = follow(traceId, { from: '30m' }) ?? skip()
        const written: PushedLine[] = []
        const found: string[] = []
        for await (const item of followed) {
          expect(item).not.toHaveProperty('gap')
          if ('line' in item) found.push(item.line)
          if (found.length === pushed.length + 3) break
          if (found.length < pushed.length) continue
          const next = own(now(), traceId, `written ${written.length}`)
          written.push(next)
          await store.push([own(now(), randomId(), 'another'), own(now(), randomId(), `see ${traceId}`), next])
        }
        expect(found).toEqual(lines([...pushed, ...written]))
      })

      it('ends without an error when it is aborted', async ({ skip }) => {
        const { traceId } = await pushedTrace()
        const controller = new AbortController()
        const followed = follow(traceId, { from: '30m', signal: controller.signal }) ?? skip()
        let found = 0
        for await (const _ of followed) if (++found === 5) controller.abort()
        expect(found).toBe(5)
      })

      it('refuses a short ID by name, at the call', ({ skip }) => {
        if (store.supports.follow === false || store.source.follow === undefined) skip()
        expect(() => store.source.follow?.('abc')).toThrow(expect.objectContaining({ code: 'INVALID_TRACE_ID' }))
      })
    })

    it('agrees with a model on generated traces, forms, streams and windows', async () => {
      const forms: ((at: bigint, id: string, n: number) => PushedLine)[] = [
        (at, id, n) => own(at, id, `n${n}`),
        (at, id, n) => json(at, { n, TraceID: id.toUpperCase() }),
        (at, id, n) => json(at, { n, trace: { id: xrayOf(id) } }),
        (at, id, n) => ({ timeUnixNano: at, line: `time=${iso(at)} n=${n} traceId=${id}` }),
        (at, id, n) => ({ timeUnixNano: at, line: `${iso(at)} [${id}:00f067aa0ba902b7] INFO n${n}` }),
      ]
      const generated = fc.array(
        fc.record({
          gap: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(50_000_000)),
          form: fc.nat(forms.length - 1),
          kind: fc.constantFrom('own', 'own', 'own', 'other', 'mention', 'none'),
          stream: fc.constantFrom('a', 'b', 'c'),
        }),
        { minLength: 1, maxLength: 60 },
      )
      await fc.assert(
        fc.asyncProperty(generated, fc.nat(59), fc.nat(60), async (specs, first, length) => {
          const [traceId, other] = [randomId(), randomId()]
          let at = start
          const pushed = specs.map(({ gap, form, kind, stream }, n) => {
            at += BigInt(gap)
            const make = forms[form]!
            if (kind === 'mention') return on(stream, json(at, { n, trace_id: other, msg: `after ${traceId}` }))
            if (kind === 'none') return on(stream, json(at, { n, msg: 'no trace' }))
            return on(stream, make(at, kind === 'own' ? traceId : other, n))
          })
          await store.push(pushed)
          const from = pushed[Math.min(first, pushed.length - 1)]!.timeUnixNano
          const to = (pushed[first + length]?.timeUnixNano ?? at) + 1n
          const windows: LogQueryOptions[] = [{}, { from, to }]
          for (const options of windows) {
            const within = ({ timeUnixNano }: PushedLine) => options.from === undefined || (timeUnixNano >= from && timeUnixNano < to)
            const wanted = pushed.filter((line, n) => specs[n]!.kind === 'own' && within(line))
            const mentions = pushed.filter((line, n) => specs[n]!.kind === 'mention' && within(line)).length
            const { entries, verdict } = await collect(traceId, options)
            expect(entries.map(({ timeUnixNano }) => timeUnixNano)).toEqual(wanted.map(({ timeUnixNano }) => timeUnixNano))
            expect(lines(entries).toSorted()).toEqual(lines(wanted).toSorted())
            expect(verdict).toMatchObject({ complete: true, entries: wanted.length, mentions, skipped: 0 })
          }
        }),
        { numRuns: runs },
      )
    })
  })
}
