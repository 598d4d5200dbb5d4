import { type LogEntry, type LogGap, type LogSource, type VictoriaLogsOptions, victoriaLogs } from 'spanlog/logs'
import { describe, expect, it } from 'vitest'
import type { LogStoreUnderTest, PushedLine } from '../contract/log-source.js'
import { minutesAgo, mixedPushes } from '../support/loki-lines.js'
import { newId, second, texts, victoria } from '../support/victorialogs-session.js'
import { victoriaStore } from '../support/victorialogs-store.js'

const real = process.env['VICTORIALOGS_URL']?.replace(/\/+$/, '')
const start = minutesAgo(15)

type Store = Omit<LogStoreUnderTest, 'close'>

/** The same tests on either. */
const places: [string, boolean, () => Promise<string>][] = [
  ['the double', true, async () => (await victoria()).url],
  ['the VictoriaLogs of VICTORIALOGS_URL', real !== undefined, () => Promise.resolve(real ?? '')],
]

const shapes: [string, (id: string) => PushedLine[]][] = [
  ['12,345 lines in mixed encodings, in 95 seconds', (id) => mixedPushes(id, 12_345, start, 7_654_321n)],
  ['12,345 lines in mixed encodings, in two milliseconds', (id) => mixedPushes(id, 12_345, start, 150n)],
  [
    '10,000 lines on one nanosecond, in one stream',
    (id) => Array.from({ length: 10_000 }, (_, n) => ({ timeUnixNano: start, line: `trace_id=${id} n=${n}` })),
  ],
  [
    'lines of two days',
    (id) =>
      Array.from({ length: 500 }, (_, n) => ({
        timeUnixNano: start - 172_000n * second + BigInt(n) * 345n * second,
        line: `trace_id=${id} n=${n}`,
      })),
  ],
  ['equal lines in one stream', (id) => Array.from({ length: 50 }, () => ({ timeUnixNano: start, line: `trace_id=${id} twin` }))],
  [
    'the ID as a label',
    (id) => Array.from({ length: 200 }, (_, n) => ({ timeUnixNano: start + BigInt(n) * second, line: `n=${n}`, labels: { trace_id: id } })),
  ],
  [
    'several forms in one line',
    (id) =>
      Array.from({ length: 200 }, (_, n) => ({
        timeUnixNano: start + BigInt(n) * second,
        line: JSON.stringify({ n, traceId: id, trace_id: id.toUpperCase(), traceparent: `00-${id}-00f067aa0ba902b7-01` }),
        metadata: { 'trace.id': id },
      })),
  ],
  [
    'lines of 240 KB',
    (id) =>
      Array.from({ length: 60 }, (_, n) => ({
        timeUnixNano: start + BigInt(n) * second,
        line: `trace_id=${id} n=${n} ${String.fromCharCode(97 + (n % 26)).repeat(240_000)}`,
      })),
  ],
]

for (const [place, isThere, urlOf] of places) {
  describe.skipIf(!isThere)(`over ${place}`, { timeout: 120_000 }, () => {
    const storeAt = async (options: Partial<VictoriaLogsOptions> = {}): Promise<Store> => victoriaStore(await urlOf(), options)

    it.for(shapes)('%s are all there, in time order', async ([, shape]) => {
      const [store, id] = [await storeAt(), newId()]
      const lines = shape(id)
      await store.push(lines)
      const { entries, verdict } = await store.source.forTrace(id).collect()
      expect(verdict).toMatchObject({ complete: true, entries: lines.length })
      expect(texts(entries).toSorted()).toEqual(texts(lines).toSorted())
      const times = lines.map(({ timeUnixNano }) => timeUnixNano).toSorted((a, b) => Number(a - b))
      expect(entries.map(({ timeUnixNano }) => timeUnixNano)).toEqual(times)
    })

    it('what a shipper split into fields is read from them', async () => {
      const [store, id] = [await storeAt(), newId()]
      const metadata = { trace_id: id, 'span.id': '00f067aa0ba902b7', level: 'warn', amount: '12.5' }
      await store.push([{ timeUnixNano: start, line: 'declined', labels: { 'service.name': 'payments' }, metadata }])
      const [entry] = (await store.source.forTrace(id).collect()).entries
      expect(entry).toMatchObject({
        line: 'declined',
        message: 'declined',
        traceId: id,
        spanId: '00f067aa0ba902b7',
        severity: { number: 13, text: 'warn' },
        metadata: { amount: '12.5' },
      })
      expect(entry?.labels).toMatchObject({ 'service.name': 'payments' })
    })

    it.each<[string, 'word' | 'anywhere', number]>([
      ['not behind a letter, by words', 'word', 0],
      ['behind a letter, anywhere', 'anywhere', 1],
    ])('the ID is found %s', async (_, text, mentions) => {
      const [store, id] = [await storeAt({ text }), newId()]
      await store.push([{ timeUnixNano: start, line: `the job_${id} began` }])
      expect((await store.source.forTrace(id).collect()).verdict).toMatchObject({ complete: true, mentions })
    })

    it('a selector that finds nothing at all proves nothing', async () => {
      const [store, id] = [await storeAt({ selector: `{service_name="nobody-${newId()}"}` }), newId()]
      await store.push([{ timeUnixNano: start, line: `trace_id=${id}` }])
      const { verdict } = await store.source.forTrace(id, { from: '1h' }).collect()
      expect(verdict).toMatchObject({ complete: false, reasons: [{ code: 'VICTORIALOGS_NO_LINES' }] })
    })

    it('a window that is dearer than it may be is refused, and what it costs is told', async () => {
      const [store, id] = [await storeAt(), newId()]
      await store.push(mixedPushes(id, 500, start, 1_000_000n))
      const refused = store.source.forTrace(id, { from: '1h', maxBytes: 10 })
      expect(await refused.verdict()).toMatchObject({ complete: false, entries: 0, reasons: [{ code: 'QUERY_TOO_EXPENSIVE' }] })
      // Of the four encodings two have it in their text as it is written here.
      const asked = store.source.search({ text: id, from: '1h', maxBytes: 1e12 })
      expect(await asked.verdict()).toMatchObject({ complete: true, entries: 250 })
      expect(asked.stats.estimatedBytes).toBeGreaterThan(1000)
      const elsewhere = (await storeAt({ selector: `{service_name="nobody-${newId()}"}` })).source.forTrace(id, { from: '1h', maxBytes: 1 })
      expect((await elsewhere.verdict()).reasons).toMatchObject([{ code: 'VICTORIALOGS_NO_LINES' }])
      expect(elsewhere.stats.estimatedBytes).toBe(0)
    })

    it('another tenant sees nothing of it', async () => {
      const url = await urlOf()
      const [store, id] = [victoriaStore(url), newId()]
      await store.push([{ timeUnixNano: start, line: `trace_id=${id}` }])
      const { verdict } = await victoriaLogs({ url, tenant: '4000000001:7' }).forTrace(id, { from: '1h' }).collect()
      expect(verdict).toMatchObject({ complete: false, entries: 0, reasons: [{ code: 'VICTORIALOGS_NO_LINES' }] })
    })

    it('a selector that is no filter is refused with the words of the server', async () => {
      const store = await storeAt({ selector: '{service_name="a"} | limit 1' })
      const { verdict } = await store.source.forTrace(newId(), { from: '1h' }).collect()
      expect(verdict).toMatchObject({
        complete: false,
        reasons: [{ code: 'VICTORIALOGS_REFUSED', message: expect.stringContaining('pipes') }],
      })
    })

    it('a search finds levels, services and texts, also those in fields', async () => {
      const [store, id] = [await storeAt(), newId()]
      const lines = [
        { line: JSON.stringify({ level: 50, service: 'orders', msg: 'refused', trace_id: id }) },
        { line: JSON.stringify({ level: 30, service: 'orders', msg: 'no error' }) },
        { line: 'level=fatal service=payments msg="it was refused"' },
        { line: 'plain', metadata: { severity_number: '17', service: 'orders' } },
      ].map((line, n): PushedLine => Object.assign(line, { timeUnixNano: start + BigInt(n) * second }))
      await store.push(lines)
      const find = async (query: Parameters<LogSource['search']>[0]) => {
        const { entries, verdict } = await store.source.search({ from: '1h', ...query }).collect()
        return [verdict.complete, ...entries.map(({ line }) => lines.findIndex((pushed) => pushed.line === line))]
      }
      expect(await find({ level: 'error' })).toEqual([true, 0, 2, 3])
      expect(await find({ level: 'error', service: 'orders' })).toEqual([true, 0, 3])
      expect(await find({ text: /\brefused/ })).toEqual([true, 0, 2])
      expect(await find({ text: '"msg":"refused"' })).toEqual([true, 0])
      expect(await find({ traced: true })).toEqual([true, 0])
      expect(await find({ limit: 2 })).toEqual([false, 2, 3])
    })

    it('the newest of many are found page by page', async () => {
      const [store, id] = [await storeAt(), newId()]
      const lines = Array.from({ length: 12_000 }, (_, n) => ({ timeUnixNano: start + BigInt(n), line: `trace_id=${id} n=${n}` }))
      await store.push(lines)
      const query = store.source.search({ from: '1h', limit: 6000 })
      const { entries, verdict } = await query.collect()
      expect(texts(entries)).toEqual(texts(lines.slice(-6000)))
      expect(verdict.reasons.map(({ code }) => code)).toContain('LIMIT_REACHED')
    })

    it('a trace is followed: what is there, then each new line once, equal ones too', async () => {
      const [store, id] = [await storeAt(), newId()]
      const old: PushedLine[] = [1n, 2n, 2n].map((n) => ({ timeUnixNano: start + n, line: `trace_id=${id} n=${n}` }))
      const added = (n: number): PushedLine => ({ timeUnixNano: BigInt(Date.now()) * 1_000_000n, line: `trace_id=${id} n=${n}` })
      await store.push(old)
      const found: (LogEntry | LogGap)[] = []
      for await (const item of store.source.follow?.(id, { from: '1h' }) ?? []) {
        found.push(item)
        if (found.length === 3) await store.push([added(3)])
        // Written late, as lines are that waited in a shipper.
        if (found.length === 4) await store.push([{ ...added(4), timeUnixNano: BigInt(Date.now() - 20_000) * 1_000_000n }, added(5)])
        if (found.length === 6) break
      }
      expect(found.map((item) => ('line' in item ? item.line.slice(-3) : item))).toEqual(['n=1', 'n=2', 'n=2', 'n=3', 'n=4', 'n=5'])
    })
  })
}
