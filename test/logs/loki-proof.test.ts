import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { json, send } from '../support/faults.js'
import { changed, shortPage, withoutStatistics } from '../support/loki-double/faults.js'
import { type LokiValue, minutesAgo, mixedLines, TRACE } from '../support/loki-lines.js'
import { collect, loki, pagesOf } from '../support/loki-session.js'

describe('a proof', () => {
  it('of a small trace needs one page for each form, and the names of labels', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, mixedLines(TRACE, 40, minutesAgo(5), 1_000_000n))
    const { entries, verdict } = await collect(double, { from: '1h' }, { tenant: 'team' })
    expect(entries.length).toBe(40)
    expect(verdict).toMatchObject({ complete: true, reasons: [{ code: 'HOLDS_FOR' }] })
    expect(double.seen.map(({ path }) => path.replace('/loki/api/v1/', ''))).toEqual([
      'drilldown-limits',
      'query_range',
      'query_range',
      'labels',
    ])
  })

  it('of 12,345 lines in mixed encodings takes at most 10 requests', async () => {
    const double = await loki()
    const pushed = mixedLines(TRACE, 12_345, minutesAgo(30), 7_654_321n)
    double.push({ app: 'shop' }, pushed)
    const { lines, entries, verdict } = await collect(double, { from: '3h' }, { tenant: 'team' })
    expect(verdict).toMatchObject({ complete: true, entries: 12_345 })
    expect(lines).toEqual(pushed.map(([, line]) => line))
    expect(entries.map(({ timeUnixNano }) => timeUnixNano)).toEqual(pushed.map(([at]) => at))
    expect(double.seen.length).toBeLessThanOrEqual(10)
    for (const { query } of pagesOf(double)) expect(query.get('limit')).toBe('5000')
  })

  it.for<[string, number, bigint]>([
    ['over an hour', 400, 7_654_321n],
    ['in one millisecond', 300, 1_500n],
    ['on one nanosecond', 300, 0n],
  ])('holds for lines that were pushed twice %s, which Loki counts twice', async ([, count, gap]) => {
    const double = await loki({ maxEntries: 100, keepsCopies: true, statistics: 'block' })
    const start = minutesAgo(30)
    const pushed = Array.from({ length: count }, (_, n): LokiValue => [start + BigInt(n) * gap, `n=${n} trace_id=${TRACE}`])
    double.push({ app: 'shop' }, pushed)
    double.push({ app: 'shop' }, pushed.slice(count / 2))
    const { lines, verdict } = await collect(double, { from: '1h' })
    expect(verdict).toMatchObject({ complete: true, entries: count })
    expect(lines.toSorted()).toEqual(pushed.map(([, line]) => line).toSorted())
  })

  it('is not claimed for lines that were pushed twice where pages come short as well', async () => {
    const double = await loki({ maxEntries: 100, keepsCopies: true })
    const pushed = mixedLines(TRACE, 400, minutesAgo(30), 7_654_321n)
    for (let copies = 0; copies < 2; copies++) double.push({ app: 'shop' }, pushed)
    double.inject(
      shortPage((index) => index < 5),
      { times: Number.POSITIVE_INFINITY, on: 'limit=100' },
    )
    const { verdict, codes } = await collect(double, { from: '1h' })
    expect(verdict.complete).toBe(false)
    expect(codes).toContain('LOKI_LINES_MISSING')
  })

  it('does without statistics', async () => {
    const double = await loki({ maxEntries: 50 })
    double.inject(withoutStatistics, { times: Number.POSITIVE_INFINITY, on: 'query_range' })
    double.push({ app: 'shop' }, mixedLines(TRACE, 400, minutesAgo(30), 7_654_321n))
    expect((await collect(double)).verdict).toMatchObject({ complete: true, entries: 400 })
  })

  it.for([
    ['stop at the limit', 50],
    ['say less than the page holds', 7],
    ['are no numbers', 'many'],
    ['are negative', -1],
  ] as const)('does not rest on statistics that %s', async ([, totalPostFilterLines]) => {
    const double = await loki({ maxEntries: 50 })
    const fault = changed(({ data }) => {
      data.stats = { summary: { totalPostFilterLines } }
    })
    double.inject(fault, { times: Number.POSITIVE_INFINITY, on: 'limit=50' })
    double.push({ app: 'shop' }, mixedLines(TRACE, 400, minutesAgo(30), 7_654_321n))
    expect((await collect(double)).verdict).toMatchObject({ complete: true, entries: 400 })
  })

  it('does with statistics that count the whole block', async () => {
    const double = await loki({ maxEntries: 50, statistics: 'block' })
    double.push({ app: 'shop' }, mixedLines(TRACE, 400, minutesAgo(30), 7_654_321n))
    double.push(
      { app: 'dense' },
      Array.from({ length: 130 }, (_, n) => [minutesAgo(20) + BigInt(n) * 5_000n, JSON.stringify({ trace_id: TRACE, n })]),
    )
    expect((await collect(double)).verdict).toMatchObject({ complete: true, entries: 530 })
  })

  it('sees that a page came short, and gets the rest', async () => {
    const double = await loki({ maxEntries: 100 })
    const pushed = mixedLines(TRACE, 1000, minutesAgo(30), 7_654_321n)
    double.push({ app: 'shop' }, pushed)
    // As seen with a real one: 2 of 1002.
    double.inject(
      shortPage((index) => index < 2),
      { times: 6, on: 'limit=100' },
    )
    const { lines, verdict } = await collect(double, { from: '1h' })
    expect(verdict.complete).toBe(true)
    expect(lines).toEqual(pushed.map(([, line]) => line))
  })

  it('is not claimed where pages always come short, and the requests are bounded', async () => {
    const double = await loki({ maxEntries: 100 })
    double.push({ app: 'shop' }, mixedLines(TRACE, 1000, minutesAgo(30), 7_654_321n))
    double.inject(
      changed(({ data }) => void data.result[0]?.values.pop()),
      { times: Number.POSITIVE_INFINITY, on: 'limit=100' },
    )
    const { verdict, codes, lines } = await collect(double, { from: '1h' })
    expect(verdict.complete).toBe(false)
    expect(codes).toContain('LOKI_LINES_MISSING')
    expect(new Set(lines).size).toBe(lines.length)
    expect(lines.length).toBeGreaterThan(500)
    expect(double.seen.length).toBeLessThan(600)
  })

  it('is not claimed where the counts miss what a page showed', async () => {
    const double = await loki({ maxEntries: 10 })
    double.push({ app: 'shop' }, mixedLines(TRACE, 40, minutesAgo(30), 1_000_000_000n))
    double.inject(json({ status: 'success', data: { resultType: 'matrix', result: [] } }), { times: Number.POSITIVE_INFINITY, on: 'step=' })
    const { verdict, codes } = await collect(double, { from: '1h' })
    expect(verdict).toMatchObject({ complete: false })
    expect(verdict.entries).toBeGreaterThanOrEqual(10)
    expect(codes).toContain('LOKI_LINES_MISSING')
  })

  it('is not claimed where later answers deny a line that a page showed, and the line stays', async () => {
    const double = await loki({ maxEntries: 10 })
    const at = minutesAgo(30)
    double.push(
      { app: 'shop' },
      Array.from({ length: 40 }, (_, n) => [at + BigInt(n) * 10_000_000_000n, `trace_id=${TRACE} n=${n}`]),
    )
    // The first page has n=0 to 9. From then on Loki knows nothing of n=5, nor do its counts.
    double.inject(
      (response, honest) => {
        const gone = Number((at + 50_000_000_000n) / 1_000_000n)
        const body = JSON.parse(honest.body) as { data: { result: { values: [unknown, unknown][] }[] } }
        for (const series of body.data.result) {
          // A count stands at the end of its step, whatever a step is.
          const counted = series.values.map(([time]) => Number(time) * 1000).filter((time) => time >= gone)
          series.values = series.values.filter(([time, value]) =>
            typeof time === 'number' ? time * 1000 !== Math.min(...counted) : !String(value).endsWith(' n=5'),
          )
        }
        send(response, { ...honest, body: JSON.stringify(body) })
      },
      { times: Number.POSITIVE_INFINITY, on: `|~`, after: 1 },
    )
    const { lines, verdict, codes } = await collect(double, { from: '1h' })
    expect(lines).toEqual(Array.from({ length: 40 }, (_, n) => `trace_id=${TRACE} n=${n}`))
    expect(verdict.complete).toBe(false)
    expect(codes).toContain('LOKI_LINES_MISSING')
  })

  it('holds for more than a page in one millisecond', async () => {
    const double = await loki({ maxEntries: 50 })
    const start = minutesAgo(30)
    const pushed = Array.from({ length: 333 }, (_, n): LokiValue => [start + BigInt(n) * 2_500n, JSON.stringify({ trace_id: TRACE, n })])
    double.push({ app: 'shop' }, pushed)
    const { lines, verdict } = await collect(double)
    expect(verdict.complete).toBe(true)
    expect(lines).toEqual(pushed.map(([, line]) => line))
  })

  it.for([
    ['a number in JSON', (n: number) => JSON.stringify({ trace_id: TRACE, n })],
    ['a number at the end of a long line', (n: number) => `trace_id=${TRACE} ${'é😀'.repeat(900)} ${n}`],
  ] as const)('holds for more than a page on one nanosecond where the lines differ by %s', async ([, line]) => {
    const double = await loki({ maxEntries: 50 })
    const at = minutesAgo(30)
    for (const pod of ['a', 'b', 'c'])
      double.push(
        { app: 'shop', pod },
        Array.from({ length: 111 }, (_, n) => [at, line(n)]),
      )
    const { entries, verdict } = await collect(double)
    expect(verdict).toMatchObject({ complete: true, entries: 333 })
    expect(new Set(entries.map((entry) => entry.line + entry.labels['pod'])).size).toBe(333)
  })

  it('is not claimed for more equal lines on one nanosecond than a page holds, and nothing is doubled', async () => {
    const double = await loki({ maxEntries: 50 })
    const at = minutesAgo(30)
    for (let pod = 0; pod < 80; pod++)
      double.push({ app: 'shop', pod: String(pod) }, [
        [at, `trace_id=${TRACE}`],
        [at + 9_000_000n, `trace_id=${TRACE} later`],
      ])
    const { entries, verdict } = await collect(double)
    expect(verdict.complete).toBe(false)
    expect(verdict.reasons[0]).toMatchObject({ code: 'LOKI_LINES_MISSING', message: expect.stringContaining('of 80 lines') })
    const keys = entries.map((entry) => entry.line + entry.labels['pod'])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('holds for every shape of a trace, each line once and in time order', async () => {
    const double = await loki({ maxEntries: 5, statistics: 'block' })
    const step = fc.constantFrom(0n, 1n, 999n, 400_000n, 999_999n, 1_000_000n, 77_000_000n, 60_000_000_000n)
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ step, pod: fc.constantFrom('a', 'b'), metadata: fc.boolean() }), { maxLength: 60 }),
        async (shape) => {
          const service = `run-${run++}`
          let at = minutesAgo(120)
          // A selector without any stream proves nothing.
          double.push({ service_name: service }, [[at, 'of no trace']])
          const expected = shape.map(({ step: gap, pod, metadata }, n) => {
            at += gap
            const line = metadata ? `n=${n}` : `n=${n} trace_id=${TRACE}`
            double.push({ service_name: service, pod }, [[at, line, metadata ? { trace_id: TRACE } : {}]])
            return { timeUnixNano: at, line }
          })
          const { entries, verdict } = await collect(double, { from: '3h' }, { selector: `{service_name="${service}"}` })
          expect(verdict.complete).toBe(true)
          expect(entries.map(({ timeUnixNano }) => timeUnixNano)).toEqual(expected.map(({ timeUnixNano }) => timeUnixNano))
          expect(entries.map(({ line }) => line).toSorted()).toEqual(expected.map(({ line }) => line).toSorted())
        },
      ),
      { numRuns: 40 },
    )
  })

  it('asks a few at a time', async () => {
    const double = await loki({ maxEntries: 20 })
    double.push({ app: 'shop' }, mixedLines(TRACE, 1000, minutesAgo(30), 7_654_321n))
    // Not answered at once, so that they meet.
    double.inject((response, honest) => setTimeout(() => send(response, honest), 20), { times: Number.POSITIVE_INFINITY })
    await collect(double)
    const most = Math.max(...double.seen.map(({ underWay }) => underWay))
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(4)
  })
})
