import { parser } from '@grafana/lezer-logql'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLine } from '../../src/logs/entry.js'
import { goPattern } from '../../src/logs/go-pattern.js'
import { siftingForms } from '../../src/logs/loki/sift.js'
import { lokiLogs } from '../../src/logs/loki/source.js'
import { parseSearch } from '../../src/logs/query.js'
import { matches } from '../../src/logs/search.js'
import type { LogSearch } from '../../src/logs/types.js'
import { newestFirst } from '../../src/logs/window.js'
import { compileLogql } from '../support/loki-double/logql.js'
import type { LokiDouble } from '../support/loki-double/server.js'
import { type LokiValue, minutesAgo, OTHER, TRACE } from '../support/loki-lines.js'
import { loki, pagesOf } from '../support/loki-session.js'

const at = minutesAgo(30)

async function search(double: LokiDouble, query: LogSearch = {}) {
  const asked = lokiLogs({ url: double.url, tenant: 'a' }).search(query)
  const { entries, verdict } = await asked.collect()
  return { lines: entries.map(({ line }) => line), entries, verdict, codes: verdict.reasons.map(({ code }) => code), stats: asked.stats }
}

describe('a search in Loki', () => {
  const lines: [string, string, Record<string, string>?][] = [
    ['json error', JSON.stringify({ level: 50, service: 'orders', msg: 'refused', trace_id: TRACE })],
    ['json info', JSON.stringify({ level: 30, service: 'orders', msg: 'no error here' })],
    ['logfmt fatal', `level=fatal service=payments msg=down trace_id=${OTHER}`],
    ['text warning', '2026-11-21T03:00:00Z WARN low on disk'],
    ['metadata error', 'it broke', { severity_number: '17', service_name: 'orders' }],
    ['metadata word', 'it broke too', { severity_text: 'ERROR' }],
  ]
  async function filled() {
    const double = await loki()
    double.push(
      { app: 'shop' },
      lines.map(([, line, metadata], n): LokiValue => [at + BigInt(n) * 1_000_000_000n, line, metadata ?? {}]),
    )
    return double
  }

  it.for<[string, LogSearch, string[]]>([
    ['all lines', {}, lines.map(([name]) => name)],
    ['what is at least an error', { level: 'error' }, ['json error', 'logfmt fatal', 'metadata error', 'metadata word']],
    ['what is at least a warning', { level: 'WARN' }, ['json error', 'logfmt fatal', 'text warning', 'metadata error', 'metadata word']],
    ['what is at least fatal', { level: 'fatal' }, ['logfmt fatal']],
    ['what is at least info', { level: 'info' }, lines.map(([name]) => name)],
    ['a service', { service: 'orders' }, ['json error', 'json info', 'metadata error']],
    ['a level of a service', { service: 'orders', level: 'error' }, ['json error', 'metadata error']],
    ['a text', { text: 'error' }, ['json info']],
    ['a text with quotes', { text: '"msg":"refused"' }, ['json error']],
    ['a pattern', { text: /broke( too)?$/ }, ['metadata error', 'metadata word']],
    ['a pattern that only JavaScript knows', { text: /(?<=level)=f/ }, ['logfmt fatal']],
    ['a pattern in any case', { text: /REFUSED/i }, ['json error']],
    ['lines with a trace', { traced: true }, ['json error', 'logfmt fatal']],
    ['nothing', { text: 'nowhere' }, []],
  ])('finds %s', async ([, query, expected]) => {
    const { lines: found, verdict } = await search(await filled(), { from: '1h', ...query })
    expect(found).toEqual(expected.map((name) => lines.find(([each]) => each === name)?.[1]))
    expect(verdict).toMatchObject({ complete: true, entries: expected.length })
  })

  it('has an hour for its window, and keeps to it', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [
      [minutesAgo(90), 'old'],
      [minutesAgo(30), 'young'],
    ])
    expect((await search(double)).lines).toEqual(['young'])
    expect((await search(double, { from: '2h', to: '1h' })).lines).toEqual(['old'])
  })

  it('with a limit yields the newest, in time order, and says that there are more', async () => {
    const double = await loki({ maxEntries: 20 })
    double.push(
      { app: 'shop' },
      Array.from({ length: 300 }, (_, n): LokiValue => [at + BigInt(n) * 1_000_000_000n, `n=${n}`]),
    )
    const { lines: found, verdict, codes } = await search(double, { from: '2h', limit: 7 })
    expect(found).toEqual([293, 294, 295, 296, 297, 298, 299].map((n) => `n=${n}`))
    expect([verdict.complete, codes]).toEqual([false, ['LIMIT_REACHED']])
    expect(pagesOf(double).length).toBeLessThan(60)
    expect(await search(double, { from: '2h', limit: 300 })).toMatchObject({ verdict: { complete: true, entries: 300 } })
    expect(await search(double, { from: '2h', limit: 299 })).toMatchObject({ codes: ['LIMIT_REACHED'], verdict: { entries: 299 } })
  })

  it('with a limit of traces looks no further back than to more than those, and says how far that is', async () => {
    const double = await loki()
    const id = (n: number): string => n.toString(16).padStart(32, 'a')
    double.push(
      { app: 'shop' },
      // A trace of two lines each minute, the newest one a minute ago.
      Array.from({ length: 100 }, (_, n): LokiValue => [minutesAgo(1 + (n >> 1)), `trace_id=${id(n >> 1)} n=${n % 2}`]),
    )
    const { lines: found, verdict, codes, stats } = await search(double, { from: '2h', traced: true, traces: 4 })
    expect([verdict.complete, codes]).toEqual([false, ['LIMIT_REACHED']])
    expect(found.length).toBeGreaterThan(8)
    expect(found.length).toBeLessThan(40)
    expect(new Set(found).size).toBe(found.length)
    const oldest = pagesOf(double)
      .map(({ query }) => BigInt(query.get('start') ?? 0))
      .reduce((a, b) => (a < b ? a : b))
    expect(verdict.from).toBe(oldest)
    expect(Date.parse(stats.lookedBackTo ?? '')).toBe(Number(oldest / 1_000_000n))
    expect(verdict.reasons[0]?.message).toMatch(/^lines before \S+Z were not asked for: those since are of \d+ traces$/)
    // As many as there are is no reason to look no further.
    expect(await search(double, { from: '2h', traced: true, traces: 50 })).toMatchObject({ verdict: { complete: true, entries: 100 } })
  })

  it('refuses what costs more than it may', async () => {
    const double = await filled()
    double.flush()
    expect(await search(double, { from: '1h', maxBytes: 10 })).toMatchObject({ codes: ['QUERY_TOO_EXPENSIVE'], lines: [] })
  })
})

describe('what is sent to Loki', () => {
  const word = fc.constantFrom(
    'error',
    'WARN',
    'fatal',
    'info',
    'orders',
    'pay-1',
    '50',
    '30',
    '17',
    '9',
    '"',
    '\\',
    ' ',
    'é',
    '😀',
    'x',
    '=',
    ':',
  )
  const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(''))
  const value = fc.oneof(text, fc.constantFrom(10, 30, 40, 50, 60, 17, 13, 50.5, true, null))
  const name = fc.constantFrom('level', 'severity', 'lvl', 'severityNumber', 'log.level', 'service', 'service.name', 'msg', 'Level', 'a')
  const fields = fc.dictionary(
    name,
    fc.oneof(value, fc.dictionary(fc.constantFrom('level', 'number', 'text', 'name'), value, { maxKeys: 2 })),
    {
      maxKeys: 4,
    },
  )
  const line = fc.oneof(
    text,
    fields.map((each) => JSON.stringify(each)),
    fields.map((each) => JSON.stringify({ log: `${JSON.stringify(each)}\n`, stream: 'stdout' })),
    fields.map((each) => JSON.stringify(each).slice(0, -1)),
    fc.array(fc.tuple(name, word), { maxLength: 4 }).map((pairs) => pairs.map(([key, each]) => `${key}=${each}`).join(' ')),
    fc.tuple(word, text).map(([level, rest]) => `2026-11-21T03:00:00Z [${TRACE}:00f067aa0ba902b7] ${level} ${rest}`),
    fc.tuple(word, text).map(([level, rest]) => `\u001b[31m${level}\u001b[39m: ${rest}`),
  )
  const metadata = fc.dictionary(
    fc.constantFrom('level', 'severity_text', 'severity_number', 'detected_level', 'service_name', 'service', 'x'),
    word,
    { maxKeys: 3 },
  )
  const query = fc.record(
    {
      level: fc.constantFrom('debug', 'info', 'notice', 'warn', 'error', 'crit', 'fatal', 'emerg'),
      service: fc.constantFrom('orders', 'pay-1', 'é', 'a"b'),
      text: fc.oneof(
        fc.constantFrom('error', '"', '\\', 'é', '😀'),
        fc.constantFrom(/err.*50/, /E|w/i, /\d+=?/, /^.*x$/, /a.b/, /[eé]/u, /\bfatal\b/),
      ),
    },
    { requiredKeys: [] },
  )

  const compiled = new Map<string, ReturnType<typeof compileLogql>>()
  const compile = (asked: string): ReturnType<typeof compileLogql> => {
    const known = compiled.get(asked) ?? compileLogql(asked)
    if (!compiled.has(asked)) {
      let isBroken = false
      parser.parse(asked).iterate({ enter: ({ name: node }) => void (isBroken ||= node === '⚠') })
      expect(isBroken).toBe(false)
    }
    compiled.set(asked, known)
    return known
  }

  it('lets through whatever matches, and is LogQL', () => {
    let matched = 0
    fc.assert(
      fc.property(query, line, metadata, (asked, given, extra) => {
        const request = parseSearch(asked)
        const { queries } = siftingForms('{app="shop"}', request)
        for (const each of queries) compile(each)
        const entry = readLine({ line: given, metadata: extra, labels: { app: 'shop' } })
        if (entry === undefined || !matches(entry, request)) return
        matched++
        const passes = queries.some((each) => compile(each).keeps({ line: given, labels: { app: 'shop' }, metadata: extra, parsed: {} }))
        expect(passes).toBe(true)
      }),
      { numRuns: 8000 },
    )
    expect(matched).toBeGreaterThan(80)
  })

  it('is narrow: lines that are less severe stay there', () => {
    const { queries } = siftingForms('{app="shop"}', parseSearch({ level: 'error' }))
    const sent = (given: string) => queries.some((each) => compileLogql(each).keeps({ line: given, labels: {}, metadata: {}, parsed: {} }))
    expect(sent('{"level":30,"time":1763700000000,"pid":4711,"msg":"took 500 ms"}')).toBe(false)
    expect(sent('level=info status=500')).toBe(false)
    expect(sent('{"level":20,"msg":"a line of debug, as pino has it"}')).toBe(false)
    expect(sent('{"level":50,"time":1763700000000}')).toBe(true)
    expect(sent('{"severityNumber":20}')).toBe(true)
  })

  it.for<[RegExp, string | undefined]>([
    [/refused \d+/, '(?s)refused \\d+'],
    [/Time.*out|gone/i, '(?is)Time.*out|gone'],
    [/a\/b\.c/, '(?s)a\\/b\\.c'],
    [/a.b/, undefined],
    [/[ab]/, undefined],
    [/(?=a)b/, undefined],
    [/\s/, undefined],
    [/é/, undefined],
    [/k/iu, undefined],
    [/^a$/m, undefined],
    [/a{2}/, undefined],
    [/(a)\1/, undefined],
  ])('of %s is %s', ([pattern, expected]) => {
    expect(goPattern(pattern)).toBe(expected)
  })
})

it('the parts of a window, from its end, cover it without a hole', () => {
  const nano = fc.bigInt({ min: 1n, max: 10n ** 15n })
  fc.assert(
    fc.property(nano, nano, nano, (from, length, ahead) => {
      const window = { from, to: from + length + ahead, provenTo: from + length }
      const parts = [...newestFirst(window)]
      expect(parts[0]?.to).toBe(window.to)
      expect(parts.at(-1)?.from).toBe(from)
      for (const [index, part] of parts.entries()) {
        expect(part.from < part.to).toBe(true)
        if (index > 0) expect(part.to).toBe(parts[index - 1]?.from)
      }
    }),
  )
})
