import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LokiLogsOptions } from '../../src/logs/loki/options.js'
import { lokiLogs } from '../../src/logs/loki/source.js'
import type { LogQueryOptions } from '../../src/logs/types.js'
import * as faults from '../support/faults.js'
import { changed } from '../support/loki-double/faults.js'
import { type LokiDouble, type LokiDoubleOptions, startLokiDouble } from '../support/loki-double/server.js'
import { minutesAgo, mixedLines, TRACE } from '../support/loki-lines.js'

const open: LokiDouble[] = []
// No jitter: the shortest pauses before each further try.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(open.splice(0).map((double) => double.close()))
})

/** A Loki with 100 lines of the trace, of which a page takes 30. */
async function loki(options: LokiDoubleOptions = {}): Promise<LokiDouble> {
  const double = await startLokiDouble({ maxEntries: 30, ...options })
  open.push(double)
  double.push({ app: 'shop' }, mixedLines(TRACE, 100, minutesAgo(5), 1_000_000n))
  return double
}

async function collect(double: LokiDouble, options: Partial<LokiLogsOptions> = {}, window: LogQueryOptions = {}) {
  const source = lokiLogs({ url: double.url, tenant: 'team', retries: 2, ...options })
  const { entries, verdict } = await source.forTrace(TRACE, { from: '1h', ...window }).collect()
  const [reason] = verdict.reasons
  return { entries, verdict, code: reason?.code, message: reason?.message ?? '' }
}

/** Short only where a row waits for it: the machine may be slow. */
const timeoutFor = (fault: faults.Fault) => (fault === faults.hang || fault === faults.hangMidway ? { timeoutMs: 500 } : {})
const always = { times: Number.POSITIVE_INFINITY }

describe('what may pass is asked for again', () => {
  it.for<[string, faults.Fault]>([
    ['429 with Retry-After', faults.tooMany],
    ['429 with a Retry-After that is a date', faults.refuse(429, 'slow down', { 'retry-after': new Date(0).toUTCString() })],
    ['500', faults.refuse(500, 'internal')],
    ['502 with a page of a proxy', faults.refuse(502, '<html>bad gateway</html>')],
    ['503', faults.refuse(503, 'no ready ingesters')],
    ['504', faults.refuse(504, 'context deadline exceeded')],
    ['a connection that is cut', faults.reset],
    ['a connection that is cut in the middle of the body', faults.resetMidway],
    ['no answer in time', faults.hang],
    ['half an answer in time', faults.hangMidway],
    ['JSON that is cut', faults.cutJson],
  ])('%s', async ([name, fault]) => {
    const double = await loki()
    // One is what a page of few lines gets after a time-out.
    const times = fault === faults.hang || fault === faults.hangMidway || name === '504' ? 1 : 2
    double.inject(fault, { times, on: 'query_range', after: 1 })
    expect(await collect(double, timeoutFor(fault))).toMatchObject({ verdict: { complete: true, entries: 100 } })
  })
})

it('a Loki that restarts is asked until it is back', async () => {
  const double = await loki()
  const { port } = new URL(double.url)
  await double.close()
  const asked = lokiLogs({ url: `http://127.0.0.1:${port}`, tenant: 'team', retries: 8 }).forTrace(TRACE, { from: '1h' })
  const verdict = asked.verdict()
  await vi.waitFor(() => expect(asked.stats.retries).toBeGreaterThan(1), { timeout: 60_000 })
  const again = await loki({ port: Number(port) })
  expect(await verdict).toMatchObject({ complete: true, entries: 100 })
  expect(again.seen.length).toBeGreaterThan(2)
})

describe("Loki's own wish when to come back", () => {
  it('goes before the growing pauses', async () => {
    const double = await loki()
    // Without it these tries would take a minute.
    vi.spyOn(Math, 'random').mockReturnValue(1)
    double.inject(faults.tooMany, { times: 14, on: 'query_range' })
    expect(await collect(double, { retries: 15 })).toMatchObject({ verdict: { complete: true, entries: 100 } })
  })
})

describe('what stays wrong ends the query with what was fetched so far', () => {
  it.for<[string, faults.Fault, string, RegExp, number]>([
    ['429', faults.tooMany, 'LOKI_RATE_LIMITED', /429 to \/loki\/api\/v1\/query_range: too many outstanding requests after 3 tries/, 3],
    [
      '503',
      faults.refuse(503, 'no ready ingesters'),
      'LOKI_UNREACHABLE',
      /503 to \/loki\/api\/v1\/query_range: no ready ingesters after 3 tries/,
      3,
    ],
    ['504', faults.refuse(504, 'slow'), 'LOKI_TIMEOUT', /504/, 2],
    ['a connection that is cut', faults.reset, 'LOKI_UNREACHABLE', /query_range/, 3],
    ['a connection that is cut in the middle of the body', faults.resetMidway, 'LOKI_UNREACHABLE', /query_range/, 3],
    ['no answer', faults.hang, 'LOKI_TIMEOUT', /within 500 ms to \S+ after 2 tries/, 2],
    ['half an answer', faults.hangMidway, 'LOKI_TIMEOUT', /within 500 ms/, 2],
    ['JSON that is cut', faults.cutJson, 'LOKI_BAD_ANSWER', /not JSON/, 3],
    ['a page to sign in', faults.html, 'LOKI_BAD_ANSWER', /web page: Sign in;.*wants a login/, 1],
    ['an answer without a word', faults.refuse(200), 'LOKI_BAD_ANSWER', /query_range with nothing after 3 tries/, 3],
    ['400', faults.refuse(400, 'parse error at line 1'), 'LOKI_REFUSED', /400 to \/loki\/api\/v1\/query_range: parse error at line 1;/, 1],
    ['401', faults.refuse(401, 'no org id'), 'LOKI_UNAUTHORIZED', /no org id/, 1],
    ['403', faults.refuse(403, 'forbidden'), 'LOKI_UNAUTHORIZED', /forbidden/, 1],
    ['404', faults.refuse(404, '404 page not found'), 'LOKI_REFUSED', /path in front of/, 1],
    ['a redirect', faults.refuse(302, '', { location: 'https://elsewhere.test/' }), 'LOKI_REFUSED', /https:\/\/elsewhere\.test/, 1],
    ['a redirect to a login', faults.refuse(302, '', { location: '/login' }), 'LOKI_REFUSED', /wants a login.*data source/, 1],
    [
      "a proxy's page",
      faults.refuse(400, '<html><head><title>400 No required SSL certificate was sent</title></head></html>'),
      'LOKI_REFUSED',
      /query_range: 400 No required SSL certificate was sent;/,
      1,
    ],
    [
      'a selector without a label that is required',
      faults.refuse(400, 'stream selector is missing required matchers [app], labels present in the query were [service_name]'),
      'LOKI_REFUSED',
      /give a selector with them \(selector, --selector\)/,
      1,
    ],
    ['JSON that is no answer of Loki', faults.json({ hello: 'world' }), 'LOKI_BAD_ANSWER', /data/, 1],
    ['null', faults.json(null), 'LOKI_BAD_ANSWER', /an object/, 1],
  ])('%s', async ([, fault, code, message, tries]) => {
    const double = await loki()
    // The two first pages and the count of the form that needs one pass; the windows behind it do not.
    double.inject(fault, { ...always, on: 'limit=30', after: 2 })
    const got = await collect(double, timeoutFor(fault))
    expect(got).toMatchObject({ code, verdict: { complete: false } })
    expect(`${got.message};`).toMatch(message)
    expect(got.entries.length).toBeGreaterThan(30)
    expect(got.entries.length).toBeLessThan(100)
    const windows = double.seen.filter(({ query }) => query.get('limit') === '30').slice(2)
    const asked = windows.map(({ query }) => `${query.get('query')} ${query.get('start')}`)
    expect(Math.max(...asked.map((window) => asked.filter((other) => other === window).length))).toBe(tries)
  })

  it.for<[string, number[], boolean]>([
    ['is asked for with fewer lines, until it comes', [2000, 1000], true],
    ['at every size ends the query', [2000, 1000, 500], false],
  ])('a page that takes too long %s, with two tries at each size', async ([, slow, complete]) => {
    const double = await loki({ maxEntries: 2000 })
    for (const limit of slow) double.inject(faults.refuse(504, 'context deadline exceeded'), { ...always, on: `limit=${limit}&` })
    // A minute: a longer window is halved first.
    const from = minutesAgo(5) - 30_000_000_000n
    const { verdict, code } = await collect(double, { retries: 4 }, { from, to: from + 60_000_000_000n })
    expect([verdict.complete, code]).toEqual([complete, complete ? 'HOLDS_FOR' : 'LOKI_TIMEOUT'])
    for (const form of ['|~', '|=']) {
      const limits = double.seen.filter(({ query }) => query.get('query')?.includes(form)).map(({ query }) => Number(query.get('limit')))
      expect(limits).toEqual(limits.toSorted((a, b) => b - a))
      for (const limit of slow) expect([0, 2]).toContain(limits.filter((other) => other === limit).length)
      expect(limits.at(-1)).toBe(limits.length > 0 ? 500 : undefined)
    }
    expect(double.seen.filter(({ query }) => query.get('limit') === '2000').length).toBe(4)
  })

  it.for<[string, string]>([
    ['pages of', 'limit='],
    ['counts of', 'step='],
  ])('%s a window that takes too long are asked for by halves, each once, and so is what is behind it', async ([, on]) => {
    const double = await loki()
    const lengthOf = (query: URLSearchParams): number => Number(query.get('end')) / 1e9 - Number(query.get('start')) / 1e9
    const slowOverTenMinutes: faults.Fault = (response, honest) => {
      const { searchParams } = new URL(response.req.url ?? '', double.url)
      if (lengthOf(searchParams) > 600) faults.refuse(504, 'context deadline exceeded')(response, honest)
      else faults.send(response, honest)
    }
    double.inject(slowOverTenMinutes, { ...always, on })
    const { verdict, code } = await collect(double, { retries: 4 })
    expect([verdict.complete, verdict.entries, code]).toEqual([true, 100, 'HOLDS_FOR'])
    const slow = double.seen.filter(({ query }) => query.has(on.slice(0, -1)) && lengthOf(query) > 600)
    // Over 70, 35 and 17.5 minutes, of each form; counts are needed for one of them only.
    expect(slow.length).toBe(on === 'limit=' ? 6 : 3)
  })

  it('limits that never come are asked for twice only', async () => {
    const double = await loki()
    double.inject(faults.hang, { ...always, on: 'drilldown-limits' })
    const { verdict } = await lokiLogs({ url: double.url, timeoutMs: 100 }).forTrace(TRACE).collect()
    expect(verdict.reasons).toMatchObject([{ code: 'LOKI_TIMEOUT' }])
    expect(double.seen).toHaveLength(2)
  })

  it('a count that fails leaves the page at hand', async () => {
    const double = await loki()
    double.inject(faults.refuse(400, 'no metrics here'), { ...always, on: 'step=' })
    const { entries, verdict } = await collect(double)
    expect(verdict.complete).toBe(false)
    expect(entries.length).toBeGreaterThanOrEqual(30)
  })

  it('one form that fails leaves the lines of the other', async () => {
    const double = await loki({ maxEntries: 5000 })
    double.inject(faults.refuse(504, 'too slow'), { ...always, on: '|~' })
    const { entries, verdict, code } = await collect(double)
    expect(code).toBe('LOKI_TIMEOUT')
    expect(verdict).toMatchObject({ complete: false, entries: 25 })
    expect(entries.every(({ metadata }) => metadata['trace_id'] === TRACE)).toBe(true)
  })

  it('nobody listens', async () => {
    const double = await loki()
    await double.close()
    const { code, message, verdict } = await collect(double)
    expect(code).toBe('LOKI_UNREACHABLE')
    expect(message).toContain('ECONNREFUSED')
    expect(verdict).toMatchObject({ complete: false, entries: 0 })
  })

  it('the text of a refusal is short and cannot steer a terminal', async () => {
    const double = await loki()
    double.inject(faults.refuse(400, `\u001b[31mred\u202e ${'x'.repeat(5000)}`), { ...always, on: 'query_range' })
    const { message } = await collect(double)
    expect(message).toContain('\\u{1b}[31mred\\u{202e} xxx')
    expect(message.length).toBeLessThan(600)
  })
})

describe('answers are not trusted', () => {
  type Entry = [unknown, unknown, unknown?]
  it.for<[string, (entry: Entry) => Entry]>([
    ['a time that is a number', ([, line]) => [1_795_227_540, line]],
    ['a time that is no number', ([, line]) => ['yesterday', line]],
    ['a time outside the window', ([, line]) => ['1795227540000000000', line]],
    ['a line that is none', ([time]) => [time, { evil: true }]],
    ['metadata that is no text', ([time, line]) => [time, line, { structuredMetadata: { n: 1 } }]],
  ])('%s', async ([, change]) => {
    const double = await loki({ maxEntries: 5000 })
    const fault = changed(({ data }) => {
      for (const stream of data.result) stream.values = (stream.values as Entry[]).map(change)
    })
    double.inject(fault, { ...always, on: 'query_range' })
    expect(await collect(double)).toMatchObject({ code: 'LOKI_BAD_ANSWER', verdict: { complete: false, entries: 0 } })
  })

  it.for<[string, unknown]>([
    [
      'counts of steps that nobody asked for',
      { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [[1, '3']] }] } },
    ],
    ['counts that are none', { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [[1, '-3']] }] } }],
    ['lines where counts belong', { status: 'success', data: { resultType: 'streams', result: [] } }],
  ])('%s', async ([, body]) => {
    const double = await loki()
    double.inject(faults.json(body), { ...always, on: 'step=' })
    expect(await collect(double)).toMatchObject({ code: 'LOKI_BAD_ANSWER', verdict: { complete: false } })
  })

  it('more entries than asked for', async () => {
    const double = await loki({ maxEntries: 5000 })
    double.inject(
      (response, honest) => {
        double.limits.maxEntries = 5000
        faults.send(response, { ...honest, body: honest.body.replace('5000', '20') })
      },
      { on: 'drilldown-limits' },
    )
    double.inject(
      changed(({ data }) => {
        const [stream] = data.result
        if (stream !== undefined) stream.values = [...stream.values, ...stream.values, ...stream.values]
      }),
      { ...always, on: 'query_range' },
    )
    expect(await collect(double)).toMatchObject({ code: 'LOKI_BAD_ANSWER' })
  })

  it.for<[string, faults.Fault, string[]]>([
    // Each page is a quarter of a gigabyte: smaller ones are asked for in one row only.
    ['an answer without end', faults.endless(), ['1']],
    ['an answer without end, packed', faults.endless('gzip'), ['2', '1']],
  ])('%s is cut off, and asked for in smaller pages until there are none', async ([, fault, pages]) => {
    const double = await loki({ maxEntries: Number(pages[0]) })
    double.inject(fault, { ...always, on: 'query_range' })
    const { code, message } = await collect(double, { timeoutMs: 50_000 })
    expect(code).toBe('LOKI_REFUSED')
    expect(message).toContain('too large: more than 256 MB')
    expect(new Set(double.seen.flatMap(({ query }) => query.get('limit') ?? []))).toEqual(new Set(pages))
    await vi.waitFor(() => expect(double.underWay()).toBe(0), { timeout: 60_000 })
  })

  it("a warning of Loki's is a reason not to call it proven", async () => {
    const double = await loki({ maxEntries: 5000 })
    double.inject(
      (response, honest) => faults.send(response, { ...honest, body: honest.body.replace('{', '{"warnings":["an ingester is missing"],') }),
      { on: 'query_range' },
    )
    expect(await collect(double)).toMatchObject({
      code: 'LOKI_WARNING',
      message: 'an ingester is missing',
      verdict: { complete: false, entries: 100 },
    })
  })
})

describe('an abort', () => {
  it.for<[string, faults.Fault, string]>([
    ['while the limits are awaited', faults.hang, 'drilldown-limits'],
    ['while a page is awaited', faults.hang, 'limit=30'],
    ['in the middle of a page', faults.hangMidway, 'limit=30'],
    ['while a count is awaited', faults.hang, 'step='],
    ['in a pause before another try', faults.refuse(429, 'later', { 'retry-after': '20' }), 'limit=30'],
  ])('%s ends the query', async ([, fault, on]) => {
    const double = await loki()
    double.inject(fault, { ...always, on })
    const controller = new AbortController()
    const asked = collect(double, { timeoutMs: 20_000, retries: 5 }, { signal: controller.signal })
    while (!double.seen.some(({ path, query }) => `${path}?${query.toString()}`.includes(on))) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    controller.abort()
    expect(await asked).toMatchObject({ code: 'ABORTED', verdict: { complete: false } })
  })

  it.for<[string, LogQueryOptions, string]>([
    ['an estimate', { from: '1h', maxBytes: 1e9 }, 'index/stats'],
    ['the streams of an empty answer', { from: '1m' }, '/labels'],
  ])('while %s is awaited ends the query', async ([, options, on]) => {
    const double = await loki()
    double.inject(faults.hang, { ...always, on })
    const controller = new AbortController()
    const verdict = lokiLogs({ url: double.url, tenant: 'a' })
      .forTrace(TRACE, { ...options, signal: controller.signal })
      .verdict()
    await vi.waitFor(() => expect(double.seen.some(({ path }) => path.includes(on))).toBe(true), { timeout: 60_000 })
    controller.abort()
    expect(await verdict).toMatchObject({ complete: false, reasons: [{ code: 'ABORTED' }] })
    await vi.waitFor(() => expect(double.underWay()).toBe(0), { timeout: 60_000 })
  })

  it('before it began asks nothing', async () => {
    const double = await loki()
    expect(await collect(double, {}, { signal: AbortSignal.abort() })).toMatchObject({ code: 'ABORTED', verdict: { entries: 0 } })
    expect(double.seen).toEqual([])
  })

  it('by a caller who stops reading cancels the requests under way', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, mixedLines(TRACE, 100, minutesAgo(50), 5_000_000_000n))
    // The windows behind the first page never answer.
    double.inject(faults.hang, { ...always, on: 'limit=30', after: 2 })
    const query = lokiLogs({ url: double.url, tenant: 'team' }).forTrace(TRACE, { from: '1h' })
    for await (const entry of query) {
      expect(entry.traceId).toBe(TRACE)
      await vi.waitFor(() => expect(double.underWay()).toBeGreaterThan(0), { timeout: 60_000 })
      break
    }
    expect(await query.verdict()).toMatchObject({ complete: false, entries: 1, reasons: [{ code: 'STOPPED_EARLY' }] })
    await vi.waitFor(() => expect(double.underWay()).toBe(0), { timeout: 60_000 })
  })
})
