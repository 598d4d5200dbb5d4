import { describe, expect, it } from 'vitest'
import type { LogQueryOptions } from '../../src/logs/types.js'
import { refuse } from '../support/faults.js'
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

  it('without a start and without lines is a week', async () => {
    const double = await loki()
    const { verdict } = await collect(double)
    expect(verdict).toMatchObject({ complete: true, entries: 0 })
    expect((verdict.to ?? 0n) - (verdict.from ?? 0n)).toBe(7n * 24n * 3_600_000_000_000n)
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
    double.inject(refuse(401, 'no such tenant'), { on: 'drilldown-limits' })
    expect((await collect(double, { from: '1h' }, { headers: { 'X-Scope-OrgID': 'team' } })).codes).toEqual(['LOKI_LIMITS_UNKNOWN'])
    expect(new Set(double.seen.map(({ headers }) => headers['x-scope-orgid']))).toEqual(new Set(['team']))
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
})
