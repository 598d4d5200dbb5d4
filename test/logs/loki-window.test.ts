import { describe, expect, it, vi } from 'vitest'
import { lokiLogs } from '../../src/logs/loki/source.js'
import type { LogQueryOptions } from '../../src/logs/types.js'
import type { TraceResult, TraceSource, TraceSpan } from '../../src/traces/types.js'
import { json, refuse, send } from '../support/faults.js'
import type { LokiDoubleOptions } from '../support/loki-double/server.js'
import { minutesAgo, mixedLines, TRACE } from '../support/loki-lines.js'
import { collect, loki, pagesOf } from '../support/loki-session.js'

describe('the window', () => {
  it('takes its start and leaves out its end', async () => {
    const double = await loki()
    const at = minutesAgo(10)
    double.push(
      { app: 'shop' },
      [-1n, 0n, 5n, 10n].map((offset) => [at + offset, `trace_id=${TRACE} at=${offset}`]),
    )
    const { lines, verdict } = await collect(double, { from: at, to: at + 10n })
    expect(lines).toEqual([0, 5].map((offset) => `trace_id=${TRACE} at=${offset}`))
    expect(verdict).toMatchObject({ complete: true, from: at, to: at + 10n })
  })

  it('is kept by nanoseconds where the counts decide', async () => {
    const double = await loki({ maxEntries: 3 })
    const at = minutesAgo(10)
    double.push(
      { app: 'shop' },
      Array.from({ length: 40 }, (_, n) => [at + BigInt(n) * 300_000n, `trace_id=${TRACE} n=${n}`]),
    )
    const { lines, verdict } = await collect(double, { from: at + 300_001n, to: at + 38n * 300_000n })
    expect(verdict.complete).toBe(true)
    expect(lines).toEqual(Array.from({ length: 36 }, (_, n) => `trace_id=${TRACE} n=${n + 2}`))
  })

  it('without a start is a week, however long the trace was silent', async () => {
    const double = await loki({ maxQueryLength: '30h' })
    double.push(
      { app: 'shop' },
      [6 * 24 * 60, 5 * 60, 1].map((minutes) => [minutesAgo(minutes), `trace_id=${TRACE} ${minutes}`]),
    )
    const { lines, verdict } = await collect(double)
    expect(lines).toEqual([6 * 24 * 60, 5 * 60, 1].map((minutes) => `trace_id=${TRACE} ${minutes}`))
    expect(verdict.complete).toBe(true)
    expect((verdict.to ?? 0n) - (verdict.from ?? 0n)).toBe(7n * 24n * 3_600_000_000_000n)
  })

  it('without an end holds lines of a clock that is ahead, and is proven up to now', async () => {
    const double = await loki()
    double.push(
      { app: 'shop' },
      [1, -9, -20].map((minutes) => [minutesAgo(minutes), `trace_id=${TRACE} ${minutes}`]),
    )
    const { lines, verdict } = await collect(double)
    expect(lines).toEqual([1, -9].map((minutes) => `trace_id=${TRACE} ${minutes}`))
    expect(verdict.complete).toBe(true)
    expect(verdict.to).toBeLessThanOrEqual(BigInt(Date.now()) * 1_000_000n)
  })

  describe('without a start and without lines in its week', () => {
    const day = 86_400_000_000_000n
    const length = ({ from = 0n, to = 0n }: { from?: bigint; to?: bigint }): bigint => (to - from) / day
    /** Loki takes no lines as old as these any more; this one took them when they were new. */
    const old = () => loki({ now: () => 0 })

    it.for<[string, number, bigint, number]>([
      ['three weeks', 21, 30n, 1],
      ['eighty days', 80, 90n, 1],
      ['three hundred days', 300, 365n, 1],
      ['four hundred days', 400, 365n, 0],
    ])('grows until it has the lines of %s ago, at most to a year', async ([, days, window, entries]) => {
      const double = await old()
      double.push({ app: 'shop' }, [
        [minutesAgo(days * 1440), `trace_id=${TRACE}`],
        [minutesAgo(1), 'of no trace'],
      ])
      const { verdict } = await collect(double)
      expect(verdict).toMatchObject({ complete: true, entries })
      expect(length(verdict)).toBe(window)
      expect(verdict.reasons[0]?.message).toContain('give a start (from, --from)')
    })

    it('asks for no lines where Loki has no stream, and for those that its index does not know yet', async () => {
      const double = await old()
      const ago = (at: string | null) => Math.round((Date.now() - Number(at) / 1e6) / 86_400_000)
      const pages = () => pagesOf(double).map(({ query }) => `${ago(query.get('start'))}-${ago(query.get('end'))}`)
      double.push({ app: 'shop' }, [[minutesAgo(1), 'of no trace']])
      await collect(double)
      expect(pages()).toEqual(['7-0', '7-0'])
      double.push({ app: 'shop' }, [[minutesAgo(80 * 1440), `trace_id=${TRACE}`]])
      const { verdict } = await collect(double)
      expect(verdict).toMatchObject({ complete: true, entries: 1 })
      expect(new Set(pages())).toEqual(new Set(['7-0', '90-63']))
    })

    it('begins no older window when looking so far has taken long, and says so', async () => {
      const double = await old()
      double.push({ app: 'shop' }, [[minutesAgo(1), 'of no trace']])
      const now = performance.now.bind(performance)
      let late = 0
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + late)
      double.inject(
        (response, honest) => {
          late += 15_000
          send(response, honest)
        },
        { times: Number.POSITIVE_INFINITY, on: 'index/stats' },
      )
      try {
        const { verdict } = await collect(double)
        expect(length(verdict)).toBe(30n)
        expect(verdict.reasons[0]?.message).toMatch(/older lines were not asked for, since that had taken \d+ s: give a start/)
      } finally {
        clock.mockRestore()
      }
    })

    it('does not grow where older lines would cost too much, and says so', async () => {
      const double = await old()
      double.push({ app: 'shop' }, [
        [minutesAgo(21 * 1440), `trace_id=${TRACE} ${'x'.repeat(1000)}`],
        [minutesAgo(1), 'of no trace'],
      ])
      double.flush()
      const { verdict } = await collect(double, { maxBytes: 1500 })
      expect(verdict).toMatchObject({ complete: true, entries: 0 })
      expect(length(verdict)).toBe(7n)
      expect(verdict.reasons[0]?.message).toMatch(/older lines were not asked for, since Loki would read about 2\.\d+ kB/)
    })

    it('does not grow where Loki does not say what it costs', async () => {
      const double = await old()
      double.inject(refuse(404, '404 page not found'), { times: Number.POSITIVE_INFINITY, on: 'index/stats' })
      double.push({ app: 'shop' }, [[minutesAgo(1), 'of no trace']])
      const { verdict } = await collect(double)
      expect(length(verdict)).toBe(7n)
      expect(verdict.reasons[0]?.message).toContain('Loki does not say what it costs')
    })

    it('grows only as far as Loki looks back', async () => {
      const double = await loki({ now: () => 0, maxQueryLookback: '20d' })
      double.push({ app: 'shop' }, [[minutesAgo(1), 'of no trace']])
      expect(length((await collect(double)).verdict)).toBe(20n)
    })

    it('an empty answer to a window of the caller says which one, and how to widen it', async () => {
      const double = await loki()
      double.push({ app: 'shop' }, [[minutesAgo(1), 'of no trace']])
      const { verdict } = await collect(double, { from: '1h' })
      expect(verdict).toMatchObject({ complete: true, entries: 0 })
      expect(verdict.reasons[0]?.message).toMatch(/from \S+Z to \S+Z, .* not asked for: give another start \(from, --from\)/)
    })
  })

  describe('that ends now', () => {
    const dated = async (offsetMs: number, more: Record<string, string> = {}) => {
      const double = await loki()
      double.inject(
        (response, honest) => send(response, { ...honest, headers: { date: new Date(Date.now() + offsetMs).toUTCString(), ...more } }),
        {
          times: Number.POSITIVE_INFINITY,
        },
      )
      double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
      return double
    }

    it.for<[string, number, RegExp]>([
      ['behind', 7_200_000, /clock is 120 minutes behind that of Loki/],
      ['ahead of', -3_600_000, /clock is 60 minutes ahead of that of Loki/],
    ])('is not proven where the clock of this machine is far %s that of Loki', async ([, offsetMs, message]) => {
      const { entries, verdict, codes } = await collect(await dated(offsetMs), { from: '1h' })
      expect({ found: entries.length, complete: verdict.complete, codes }).toEqual({ found: 1, complete: false, codes: ['CLOCKS_DIFFER'] })
      expect(verdict.reasons[0]?.message).toMatch(message)
    })

    it.for<[string, number, Record<string, string>, LogQueryOptions]>([
      ['by minutes, which is asked for anyway', 120_000, {}, { from: '1h' }],
      ['where the caller gives the end', 7_200_000, {}, { from: '1h', to: '1m' }],
      ['where a cache answers', 7_200_000, { age: '7200' }, { from: '1h' }],
    ])('is proven %s', async ([, offsetMs, headers, window]) => {
      expect((await collect(await dated(offsetMs, headers), window)).verdict).toMatchObject({ complete: true, entries: 1 })
    })
  })

  describe('of an ID that tells a time', () => {
    const day = 86_400_000_000_000n
    const idOf = (days: number, digits: 8 | 12) => {
      const made = minutesAgo(days * 1440) / (digits === 8 ? 1_000_000_000n : 1_000_000n)
      return `${made.toString(16).padStart(digits, '0')}7f33b57ab0ad0c0ffee00000`.slice(0, 32).padEnd(32, '1')
    }

    it.for<[string, number, 8 | 12, number]>([
      ['of seconds, as X-Ray and Datadog make them', 20, 8, 1],
      ['of milliseconds, as UUIDs of version 7 are', 20, 12, 1],
      ['of a day ago', 1, 8, 1],
    ])('begins an hour before that: %s', async ([, days, digits, entries]) => {
      const double = await loki({ now: () => 0 })
      const id = idOf(days, digits)
      double.push({ app: 'shop' }, [
        [minutesAgo(days * 1440 - 5), `trace_id=${id}`],
        [minutesAgo(1), 'of no trace'],
      ])
      const { verdict } = await lokiLogs({ url: double.url }).forTrace(id).collect()
      expect(verdict).toMatchObject({ complete: true, entries })
      expect(((verdict.to ?? 0n) - (verdict.from ?? 0n)) / day).toBe(days > 7 ? 7n : 1n)
      expect(pagesOf(double)).toHaveLength(2)
    })

    it.for([20, 1])('is the usual one where nothing is found there: %i days', async (days) => {
      const double = await loki({ now: () => 0 })
      const id = idOf(days, 8)
      double.push({ app: 'shop' }, [[minutesAgo(3 * 1440), `trace_id=${id}`]])
      const { verdict } = await lokiLogs({ url: double.url }).forTrace(id).collect()
      expect(verdict).toMatchObject({ complete: true, entries: 1 })
    })
  })

  describe('of the spans', () => {
    const at = minutesAgo(3000)
    const span = (offset: bigint) => ({ startUnixNano: at + offset, endUnixNano: at + offset + 5n }) as TraceSpan
    const traces = (result: Partial<TraceResult>): TraceSource => ({
      trace: () => Promise.resolve({ complete: true, reasons: [], ...result }),
      search: () => {
        throw new Error('nobody searches')
      },
    })
    const spans = { trace: { traceId: TRACE, spans: [span(1_000_000_000n), span(0n)] } }
    const hour = 3_600_000_000_000n

    async function asked(source: TraceSource, window: LogQueryOptions = {}) {
      const double = await loki()
      double.push({ app: 'shop' }, [[at, `trace_id=${TRACE}`]])
      return collect(double, window, { traces: source })
    }

    it('is an hour wider than they are at both ends, and is proven for that', async () => {
      const { verdict } = await asked(traces(spans))
      expect(verdict).toMatchObject({ complete: true, entries: 1, from: at - hour, to: at + 1_000_000_005n + hour })
      expect(verdict.reasons[0]?.message).toContain("the window is that of the trace's spans")
    })

    it.for<[string, TraceSource, LogQueryOptions]>([
      ['the spans are not all there', traces({ ...spans, complete: false }), {}],
      ['the trace is not known', traces({}), {}],
      ['the trace has no span', traces({ trace: { traceId: TRACE, spans: [] } }), {}],
      ['the caller gives a start', traces(spans), { from: '7d' }],
    ])('is not used where %s', async ([, source, window]) => {
      const { verdict } = await asked(source, window)
      expect(verdict.entries).toBe(1)
      expect(((verdict.to ?? 0n) - (verdict.from ?? 0n)) / hour).toBeGreaterThanOrEqual(167n)
    })
  })

  describe('is estimated', () => {
    it('before it is asked for, and refused where it costs more than it may', async () => {
      const double = await loki()
      double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE} ${'x'.repeat(4000)}`]])
      double.flush()
      const { entries, verdict } = await collect(double, { from: '1h', maxBytes: 8000 })
      expect(entries).toEqual([])
      expect(verdict).toMatchObject({ complete: false, reasons: [{ code: 'QUERY_TOO_EXPENSIVE' }] })
      expect(verdict.reasons[0]?.message).toMatch(/8\.08 kB to read for \{.* more than the 8 kB of maxBytes.*--max-bytes/)
      expect(pagesOf(double)).toEqual([])
      expect((await collect(double, { from: '1h', maxBytes: 9000 })).verdict).toMatchObject({ complete: true, entries: 1 })
    })

    it('and what it has cost is counted', async () => {
      const double = await loki()
      double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
      double.flush()
      double.inject(refuse(503, 'no'), { on: 'query_range' })
      const query = lokiLogs({ url: double.url, tenant: 'a' }).forTrace(TRACE)
      await query.verdict()
      const bytes = Buffer.byteLength(`trace_id=${TRACE}`)
      expect(query.stats).toMatchObject({ requests: 6, retries: 1, storeBytes: bytes, storeMs: 2, estimatedBytes: 2 * bytes })
      expect(query.stats.bytes).toBeGreaterThan(200)
    })
  })

  it('in which the selector has no stream is not proven', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
    const { verdict, codes } = await collect(double, { from: '1h' }, { selector: '{app="shpo"}' })
    expect(verdict).toMatchObject({ complete: false, entries: 0 })
    expect(codes).toEqual(['LOKI_NO_STREAMS'])
  })

  it('that is longer than Loki takes is asked for in parts', async () => {
    const double = await loki({ maxQueryLength: '2h', maxEntries: 10 })
    double.push(
      { app: 'shop' },
      Array.from({ length: 100 }, (_, n) => [minutesAgo(8 * 60) + BigInt(n) * 240_000_000_000n, `trace_id=${TRACE} n=${n}`]),
    )
    const { lines, verdict } = await collect(double, { from: '10h' })
    expect(verdict.complete).toBe(true)
    expect(lines).toEqual(Array.from({ length: 100 }, (_, n) => `trace_id=${TRACE} n=${n}`))
  })

  it('that ends in the future is proven up to now', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [[minutesAgo(5), 'of no trace']])
    const { verdict } = await collect(double, { from: '1h', to: new Date(Date.now() + 3_600_000) })
    expect(verdict.complete).toBe(true)
    expect(verdict.to).toBeLessThanOrEqual(BigInt(Date.now()) * 1_000_000n)
  })

  it.for<[string, LokiDoubleOptions, LogQueryOptions, string]>([
    ['reaches further back than Loki looks', { maxQueryLookback: '1d' }, { from: '2d' }, 'LOKI_LOOKBACK'],
    ['reaches further back than Loki keeps lines', { retentionPeriod: '30h' }, { from: '2d' }, 'LOKI_LOOKBACK'],
    ['is of a Loki that adds no service_name', { discoverServiceName: [] }, { from: '1h' }, 'LOKI_NO_SERVICE_NAME'],
  ])('that %s is not proven', async ([, options, window, code]) => {
    const double = await loki(options)
    double.push({ service_name: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
    const { verdict, codes } = await collect(double, window)
    expect(verdict).toMatchObject({ complete: false, entries: 1 })
    expect(codes).toEqual([code])
  })

  it('without a start does not reach further back than Loki looks, so that it can be proven', async () => {
    const double = await loki({ maxQueryLookback: '12h' })
    double.push({ app: 'shop' }, [[minutesAgo(5), 'of no trace']])
    const { verdict } = await collect(double)
    expect(verdict.complete).toBe(true)
    expect((verdict.to ?? 0n) - (verdict.from ?? 0n)).toBeLessThanOrEqual(12n * 3_600_000_000_000n)
  })

  it('that ends before Loki looks back is not proven', async () => {
    const double = await loki({ maxQueryLookback: '12h' })
    expect(await collect(double, { to: '1d' })).toMatchObject({ verdict: { complete: false, entries: 0 }, codes: ['LOKI_LOOKBACK'] })
  })

  it('of a Loki without service_name is proven for a selector of its own', async () => {
    const double = await loki({ discoverServiceName: [] })
    double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
    expect((await collect(double, { from: '1h' }, { selector: '{app=~".+"}' })).verdict).toMatchObject({ complete: true, entries: 1 })
  })
})

describe('the limits of a Loki', () => {
  it('that does not tell them are its defaults, and nothing is proven', async () => {
    const double = await loki()
    double.inject(refuse(404, '404 page not found'), { on: 'drilldown-limits' })
    double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
    expect(await collect(double)).toMatchObject({ verdict: { complete: false, entries: 1 }, codes: ['LOKI_LIMITS_UNKNOWN'] })
  })

  it('are not asked for as another tenant than the one that a header names', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [[minutesAgo(5), 'of no trace']])
    double.inject(refuse(401, 'no such tenant'), { on: 'drilldown-limits' })
    expect((await collect(double, { from: '1h' }, { headers: { 'X-Scope-OrgID': 'team' } })).codes).toEqual(['LOKI_LIMITS_UNKNOWN'])
    expect(new Set(double.seen.map(({ headers }) => headers['x-scope-orgid']))).toEqual(new Set(['team']))
  })

  it('are the strictest of several tenants', async () => {
    const double = await loki({ maxEntries: 30 })
    double.push({ app: 'shop' }, mixedLines(TRACE, 40, minutesAgo(5), 1_000_000n))
    const told = (max: number, lookback: string) => ({
      limits: { max_entries_limit_per_query: max, max_query_lookback: lookback, discover_service_name: ['app'] },
    })
    double.inject(json(told(30, '30m')), { on: 'drilldown-limits' })
    double.inject(json(told(50, '0s')), { on: 'drilldown-limits' })
    const { verdict, codes } = await collect(double, { from: '1h' }, { tenant: 'a|b' })
    expect([verdict.entries, codes]).toEqual([40, ['LOKI_LOOKBACK']])
    expect(new Set(pagesOf(double).map(({ query }) => query.get('limit')))).toEqual(new Set(['30']))
    expect(double.seen.slice(0, 2).map(({ headers }) => headers['x-scope-orgid'])).toEqual(['a', 'b'])
  })

  it('that does not tell them but refuses a page are those of the refusal', async () => {
    const double = await loki({ maxEntries: 30 })
    double.inject(refuse(404, '404 page not found'), { on: 'drilldown-limits' })
    double.push({ app: 'shop' }, mixedLines(TRACE, 100, minutesAgo(5), 1_000_000n))
    expect(await collect(double)).toMatchObject({ verdict: { entries: 100 }, codes: ['LOKI_LIMITS_UNKNOWN'] })
  })

  it.for([
    ['413', refuse(413, 'response too large')],
    ['500 of gRPC', refuse(500, 'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5 vs. 4)')],
  ] as const)('on the size of an answer (%s) halve the page', async ([, fault]) => {
    const double = await loki({ maxEntries: 400 })
    double.push({ app: 'shop' }, mixedLines(TRACE, 300, minutesAgo(5), 1_000_000n))
    double.inject(fault, { times: 1000, on: 'limit=400' })
    double.inject(fault, { times: 1000, on: 'limit=200' })
    const { verdict } = await collect(double)
    expect(verdict).toMatchObject({ complete: true, entries: 300 })
    expect(pagesOf(double).some(({ query }) => query.get('limit') === '100')).toBe(true)
  })

  it('on what its parts may send each other halve the page, and nothing is taken for an empty answer', async () => {
    const double = await loki({ maxMessageBytes: 100_000 })
    const pushed = Array.from({ length: 300 }, (_, i): [bigint, string] => [
      minutesAgo(5) + BigInt(i),
      `trace_id=${TRACE} ${'x'.repeat(5000)}`,
    ])
    double.push({ app: 'shop' }, pushed)
    const { verdict } = await collect(double)
    expect(verdict).toMatchObject({ complete: true, entries: 300 })
  })
})
