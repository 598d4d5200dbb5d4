import { describe, expect, it } from 'vitest'
import { Sweep } from '../../src/logs/loki/sweep.js'
import { refuse } from '../support/faults.js'
import { shortPage, withoutStatistics } from '../support/loki-double/faults.js'
import type { LokiDouble } from '../support/loki-double/server.js'
import { type LokiValue, minutesAgo, TRACE } from '../support/loki-lines.js'
import { collect, loki, pagesOf } from '../support/loki-session.js'

/** Lines at these milliseconds, and where they begin. */
function linesAt(times: readonly number[], start = minutesAgo(50)): LokiValue[] {
  return times.map((ms, n) => [start + BigInt(Math.round(ms * 1_000_000)), `trace_id=${TRACE} n=${n}`])
}

const evenly = (count: number, gapMs: number, startMs = 0) => Array.from({ length: count }, (_, n) => startMs + n * gapMs)

/** The nanoseconds that were counted, in all. */
function counted(double: LokiDouble): number {
  const ranges = double.seen.filter(({ query }) => query.has('step'))
  return ranges.reduce((sum, { query }) => sum + Number(query.get('end')) - Number(query.get('start')), 0)
}

const hourNano = 3_600e9
const always = { times: Number.POSITIVE_INFINITY, on: 'limit=100' }

describe('behind a first page that is full', () => {
  it('lines are proven by the statistics of windows of somewhat less than a page, and only those of the first one are counted', async () => {
    const double = await loki({ maxEntries: 100 })
    const pushed = linesAt(evenly(2000, 1_500))
    double.push({ app: 'shop' }, pushed)
    const { verdict, lines } = await collect(double, { from: '1h' })
    expect(verdict).toMatchObject({ complete: true, reasons: [{ code: 'HOLDS_FOR' }] })
    expect(lines).toEqual(pushed.map(([, line]) => line))
    expect(counted(double)).toBeLessThan(hourNano / 4)
    expect(pagesOf(double).length).toBeLessThan(2000 / 55)
  })

  it.for<[string, number[]]>([
    ['in bursts with pauses between them', [...evenly(300, 20), ...evenly(5, 200_000, 100_000), ...evenly(700, 3, 1_800_000)]],
    ['ever closer', Array.from({ length: 1000 }, (_, n) => 2_000_000 * Math.log1p(n / 400))],
    ['ever farther from each other', Array.from({ length: 1000 }, (_, n) => (n * n) / 400)],
    ['many in one millisecond', [...evenly(150, 1_000), ...evenly(450, 0.001, 150_000), ...evenly(300, 1_000, 150_001)]],
  ])('none is missing of lines that come %s', async ([, times]) => {
    const double = await loki({ maxEntries: 100 })
    const pushed = linesAt(times)
    double.push({ app: 'shop' }, pushed)
    const { verdict, lines } = await collect(double, { from: '1h' })
    expect(verdict).toMatchObject({ complete: true, entries: times.length })
    expect(lines).toEqual(pushed.map(([, line]) => line))
    expect(double.seen.length).toBeLessThan(60)
  })

  it('a window that came short is seen, and its lines are fetched', async () => {
    const double = await loki({ maxEntries: 100 })
    const pushed = linesAt(evenly(2000, 1_500))
    double.push({ app: 'shop' }, pushed)
    // As seen with a real one, the statistics show that more lines match than a page takes.
    double.inject(
      (response, honest) => {
        const body = JSON.parse(honest.body) as { data: { result: unknown[]; stats: { summary: { totalPostFilterLines: number } } } }
        body.data.stats.summary.totalPostFilterLines = 5000
        shortPage((index) => index < 2)(response, { ...honest, body: JSON.stringify(body) })
      },
      { times: 3, on: 'limit=100', after: 5 },
    )
    const { verdict, lines } = await collect(double, { from: '1h' })
    expect(verdict.complete).toBe(true)
    expect(lines).toEqual(pushed.map(([, line]) => line))
  })

  it('windows without an answer are asked for again', async () => {
    const double = await loki({ maxEntries: 100 })
    const pushed = linesAt(evenly(1000, 3_000))
    double.push({ app: 'shop' }, pushed)
    double.inject(refuse(400, 'no'), { times: 4, on: 'limit=100', after: 2 })
    const { verdict, lines } = await collect(double, { from: '1h' })
    expect(verdict.complete).toBe(true)
    expect(lines).toEqual(pushed.map(([, line]) => line))
  })

  it('all is counted, once, where the statistics prove nothing', async () => {
    const double = await loki({ maxEntries: 100 })
    double.inject(withoutStatistics, always)
    const pushed = linesAt(evenly(2000, 1_500))
    double.push({ app: 'shop' }, pushed)
    const { verdict, lines } = await collect(double, { from: '1h' })
    expect(verdict.complete).toBe(true)
    expect(lines).toEqual(pushed.map(([, line]) => line))
    expect(counted(double)).toBeLessThan(hourNano * 1.2 * 2)
    expect(pagesOf(double).length).toBeLessThan(40)
  })
})

describe('a sweep', () => {
  const page = (times: readonly bigint[]) => ({
    lines: times.map((timeUnixNano) => ({ timeUnixNano, line: '', labels: {}, metadata: {} })),
    whole: false,
    duplicates: 0,
  })
  const start = minutesAgo(60)

  it.for<[string, bigint[], bigint]>([
    ['a page that is not full', [start, start + 9_000_000_000n], 10n],
    ['a page of one instant', [start, start, start], 3_600n],
    ['a page of a few milliseconds', [start, start + 1n, start + 3_000_000n], 3_600n],
    ['a page of a second in a window of a week', [start, start + 1n, start + 1_000_000_000n], 604_800n],
  ])('does not begin behind %s', ([, times, seconds]) => {
    expect(Sweep.behind(page(times), start, start + seconds * 1_000_000_000n, 3)).toBeUndefined()
  })

  it('covers the window from where the first page surely reaches to its end, without a gap', () => {
    const last = start + 60_000_000_000n
    const to = start + 3_600_000_000_000n
    const sweep = Sweep.behind(page([start, start + 1n, last]), start, to, 3) as Sweep
    expect(sweep.begin).toBeLessThanOrEqual(last)
    let at = sweep.begin
    for (let n = 0; sweep.at < to; n++) {
      const window = sweep.next()
      expect(window.from).toBe(at)
      expect((window.from - 1n) % (BigInt(sweep.gridMs) * 1_000_000n)).toBe(0n)
      expect(window.to).toBeGreaterThan(window.from)
      at = window.to
      sweep.adapt(window.from, window.to, { ...page([]), whole: true, matched: [2, 3, 1, 2][n % 4] })
    }
    expect(at).toBe(to)
  })
})
