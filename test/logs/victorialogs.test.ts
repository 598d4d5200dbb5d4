import { randomBytes } from 'node:crypto'
import { type LogEntry, type LogGap, type LogSource, type VictoriaLogsOptions, victoriaLogs } from 'spanlog/logs'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LogStoreUnderTest, PushedLine } from '../contract/log-source.js'
import { cutJson, refuse, reset, resetMidway, tooMany } from '../support/faults.js'
import { minutesAgo, mixedLines } from '../support/loki-lines.js'
import { startVictoriaLogsDouble, type VictoriaLogsDouble } from '../support/victorialogs-double/server.js'
import { victoriaStore } from '../support/victorialogs-store.js'

const real = process.env['VICTORIALOGS_URL']?.replace(/\/+$/, '')
const second = 1_000_000_000n
const start = minutesAgo(15)
const newId = (): string => randomBytes(16).toString('hex')

type Store = Omit<LogStoreUnderTest, 'close'>

async function doubled(): Promise<VictoriaLogsDouble> {
  const double = await startVictoriaLogsDouble()
  onTestFinished(() => double.close())
  return double
}

/** The same tests on either. */
const places: [string, boolean, () => Promise<string>][] = [
  ['the double', true, async () => (await doubled()).url],
  ['the VictoriaLogs of VICTORIALOGS_URL', real !== undefined, () => Promise.resolve(real ?? '')],
]

function mixed(id: string, count: number, gap: bigint): PushedLine[] {
  return mixedLines(id, count, start, gap).map(([timeUnixNano, line, metadata = {}], n) => ({
    timeUnixNano,
    line,
    labels: { pod: `p${n % 3}` },
    metadata,
  }))
}

const texts = (entries: readonly { line: string }[]): string[] => entries.map(({ line }) => line)

const shapes: [string, (id: string) => PushedLine[]][] = [
  ['12,345 lines in mixed encodings, in 95 seconds', (id) => mixed(id, 12_345, 7_654_321n)],
  ['12,345 lines in mixed encodings, in two milliseconds', (id) => mixed(id, 12_345, 150n)],
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

describe('what VictoriaLogs does wrong', () => {
  async function withLines(count: number, options: Partial<VictoriaLogsOptions> = {}) {
    const double = await doubled()
    const [store, id] = [victoriaStore(double.url, options), newId()]
    const lines = Array.from({ length: count }, (_, n) => ({ timeUnixNano: start + BigInt(n), line: `trace_id=${id} n=${n}` }))
    await store.push(lines)
    const collect = (window = {}) => store.source.forTrace(id, { from: '1h', ...window }).collect()
    return { double, id, store, lines, collect }
  }
  const isCount = (query: string): boolean => query.includes('| stats')
  const isPage = (query: string): boolean => !query.includes('|')

  it('fewer lines than it counts are asked for once more', async () => {
    const { double, lines, collect } = await withLines(100)
    let cuts = 1
    double.lie = (query, honest) =>
      isPage(query) && cuts-- > 0 ? { ...honest, body: honest.body.split('\n').slice(0, 40).join('\n') } : undefined
    const { entries, verdict } = await collect()
    expect(texts(entries)).toEqual(texts(lines))
    expect(verdict.complete).toBe(true)
  })

  it('fewer lines than it counts, again and again, are not called complete', async () => {
    const { double, collect } = await withLines(100)
    double.lie = (query, honest) => (isPage(query) ? { ...honest, body: honest.body.split('\n').slice(0, 40).join('\n') } : undefined)
    const { verdict } = await collect()
    expect(verdict).toMatchObject({ complete: false, entries: 40 })
    expect(verdict.reasons).toEqual([
      { code: 'VICTORIALOGS_LINES_MISSING', message: expect.stringMatching(/^of 100 lines .* it gave 40$/) },
    ])
  })

  it('lines that left between the count and the page are not missed', async () => {
    const { double, collect } = await withLines(3)
    let counts = 0
    double.lie = (query, honest) =>
      isCount(query) && counts++ === 0 ? { ...honest, body: honest.body.replace('"lines":"3"', '"lines":"4"') } : undefined
    expect((await collect()).verdict).toMatchObject({ complete: true, entries: 3 })
  })

  it.each([
    ['a broken connection', reset],
    ['a connection broken in the middle of an answer', resetMidway],
    ['an answer cut in the middle of a line', cutJson],
    ['too many requests', tooMany],
    ['an error that passes', refuse(503, 'starting')],
  ])('%s is tried again', async (_, fault) => {
    const { double, store, id, lines } = await withLines(50)
    double.inject(fault, { times: 2, on: '/select/logsql/query' })
    const query = store.source.forTrace(id, { from: '1h' })
    const { entries, verdict } = await query.collect()
    expect(texts(entries)).toEqual(texts(lines))
    expect(verdict.complete).toBe(true)
    expect(query.stats).toMatchObject({ retries: 2 })
  })

  it('a window that takes it too long is counted in halves', async () => {
    const { double, lines, collect } = await withLines(50)
    const spanOf = (query: string): number => {
      const [, from = '', to = ''] = /^_time:\[([^,]+),([^)]+)\)/.exec(query) ?? []
      return Date.parse(to) - Date.parse(from)
    }
    const slow = "the request couldn't be executed in 30.000 seconds; possible solutions: to increase -search.maxQueryDuration=30s"
    double.lie = (query) => (isCount(query) && spanOf(query) > 86_400_000 ? { status: 503, type: 'text/plain', body: slow } : undefined)
    const { entries, verdict } = await collect({ from: '6d' })
    expect(texts(entries)).toEqual(texts(lines))
    expect(verdict.complete).toBe(true)
  })

  it.each<[string, Parameters<VictoriaLogsDouble['inject']>[0], string]>([
    ['wrong credentials', refuse(401, 'no'), 'VICTORIALOGS_UNAUTHORIZED'],
    ['a refusal', refuse(400, 'cannot parse'), 'VICTORIALOGS_REFUSED'],
    ['an error that stays', refuse(500, 'no disk'), 'VICTORIALOGS_UNREACHABLE'],
    ['too many requests for good', refuse(429, '', { 'retry-after': '3600' }), 'VICTORIALOGS_RATE_LIMITED'],
    ['its own limit of time', refuse(503, "the request couldn't be executed in 30.000 seconds"), 'VICTORIALOGS_TIMEOUT'],
  ])('%s ends the query by its code', async (_, fault, code) => {
    const { double, collect } = await withLines(5, { retries: 0 })
    double.inject(fault, { times: 99, on: '/select/logsql/query' })
    expect((await collect()).verdict).toMatchObject({ complete: false, entries: 0, reasons: [{ code }] })
  })

  it.each([
    ['a number for a field', '{"_time":"2026-11-21T08:15:46Z","_msg":1}\n'],
    ['a list', '[]\n'],
    ['a line without a time', '{"_msg":"x"}\n'],
  ])('%s is no answer', async (_, body) => {
    const { double, collect } = await withLines(5, { retries: 0 })
    double.lie = (query, honest) => (isPage(query) ? { ...honest, body } : undefined)
    expect((await collect()).verdict).toMatchObject({ complete: false, reasons: [{ code: 'VICTORIALOGS_BAD_ANSWER' }] })
  })

  it('a wider window that nobody asked for and that fails says nothing against the one before it', async () => {
    const { double, store } = await withLines(5, { retries: 0 })
    double.lie = (query) =>
      query.startsWith(`_time:[${new Date().getUTCFullYear()}`) && isCount(query) && asked++ > 0 ? refusal : undefined
    let asked = 0
    const refusal = { status: 500, type: 'text/plain', body: 'no' }
    const { verdict } = await store.source.forTrace(newId()).collect()
    expect(verdict).toMatchObject({
      complete: true,
      reasons: [{ code: 'HOLDS_FOR', message: expect.stringContaining('VICTORIALOGS_UNREACHABLE') }],
    })
  })

  it('following goes on behind an outage, and ends where nothing will help', async () => {
    const { double, id, store } = await withLines(1, { retries: 0 })
    const push = (n: number) => store.push([{ timeUnixNano: BigInt(Date.now()) * 1_000_000n, line: `trace_id=${id} new=${n}` }])
    const found: string[] = []
    const following = async () => {
      for await (const item of store.source.follow?.(id, { from: '1h' }) ?? []) {
        if ('line' in item) found.push(item.line.slice(-3))
        if (found.length === 1) {
          double.inject(refuse(503), { times: 1, on: '/select' })
          await push(1)
        } else if (found.length === 2) double.inject(refuse(401), { times: 99, on: '/select' })
      }
    }
    await expect(following()).rejects.toMatchObject({ code: 'VICTORIALOGS_UNAUTHORIZED' })
    expect(found).toEqual(['n=0', 'w=1'])
  })

  it('following ends with its signal, and that is no error', async () => {
    const { id, store } = await withLines(1)
    const controller = new AbortController()
    const found: unknown[] = []
    for await (const item of store.source.follow?.(id, { from: '1h', signal: controller.signal }) ?? []) {
      found.push(item)
      controller.abort()
    }
    expect(found).toHaveLength(1)
  })
})

describe('options', () => {
  it.each<[string, object, string]>([
    ['a URL that is none', { url: 'localhost' }, 'INVALID_URL'],
    ['a tenant in words', { url: 'http://x', tenant: 'shop' }, 'INVALID_OPTION'],
    ['an empty selector', { url: 'http://x', selector: ' ' }, 'INVALID_OPTION'],
    ['another way to look', { url: 'http://x', text: 'fuzzy' }, 'INVALID_OPTION'],
    ['traces that are none', { url: 'http://x', traces: {} }, 'INVALID_OPTION'],
    ['a misspelt option', { url: 'http://x', selectors: '*' }, 'INVALID_OPTION'],
  ])('%s is refused', (_, options, code) => {
    expect(() => victoriaLogs(options as unknown as VictoriaLogsOptions)).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['12:34', '12', '34'],
    ['12', '12', '0'],
  ])('the tenant %s goes into its headers, and a URL may show the API', async (tenant, account, project) => {
    const double = await doubled()
    await victoriaLogs({ url: `${double.url}/select/logsql/query?x=1`, tenant })
      .forTrace(newId(), { from: '1h' })
      .collect()
    expect(double.seen[0]).toMatchObject({
      path: '/select/logsql/query',
      headers: { accountid: account, projectid: project },
    })
    expect(new URLSearchParams(double.seen[0]?.body).get('allow_partial_response')).toBe('0')
  })

  it('the window is that of the spans where they are known', async () => {
    const double = await doubled()
    const [store, id] = [victoriaStore(double.url), newId()]
    await store.push([{ timeUnixNano: start, line: `trace_id=${id}` }])
    const span = { startUnixNano: start, endUnixNano: start + second }
    const traces = { trace: () => Promise.resolve({ trace: { traceId: id, spans: [span] }, complete: true, reasons: [] }) }
    const source = victoriaLogs({ url: double.url, traces: traces as unknown as NonNullable<VictoriaLogsOptions['traces']> })
    const { verdict } = await source.forTrace(id).collect()
    expect(verdict).toMatchObject({ complete: true, entries: 1, from: start - 3600n * second })
  })
})
