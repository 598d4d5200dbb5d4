import { existsSync, readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { displayWidth } from '../../src/view/terminal/text.js'
import { otlp } from '../support/otlp.js'
import { Folder, spanlog } from './spanlog.js'
import { request, traffic } from './traffic.js'

const folder = new Folder()
afterAll(() => folder.remove())

/** 2026-11-21T04:00:00Z */
const four = 1_795_233_600_000_000_000n
const hour = 3_600_000_000_000n
const calm = folder.write('calm.jsonl', traffic({ from: four - hour, requests: 60, version: '1.4' }))
const storm = folder.write('storm.jsonl', traffic({ from: four, requests: 60, version: '1.5', queryMs: 90, failEvery: 4 }))
const stormIds = readFileSync(storm, 'utf8')
  .trim()
  .split('\n')
  .map((line) => String(JSON.parse(line).resourceSpans[0].scopeSpans[0].spans[0].traceId))
const slow = request(four + hour, { queryMs: 400 })
const quick = request(four + hour, { queryMs: 20 })
const pair = folder.write('pair.jsonl', [otlp(...slow), otlp(...quick)])
const widest = (text: string) => Math.max(...stripVTControlCharacters(text).split('\n').map(displayWidth))

describe('spanlog compare', () => {
  it('says what the second trace does differently, what changed the time most first', async () => {
    const { stdout, stderr, code } = await spanlog(['compare', quick[0]!.traceId, slow[0]!.traceId, pair])
    expect(stdout).toContain('▲ orders "SELECT shop": slower, 20.0ms → 400ms; its own time +380ms a trace')
    expect(stdout.indexOf('SELECT shop')).toBeLessThan(stdout.indexOf('gateway "POST": slower'))
    expect(stderr).toBe('1 trace against 1 trace, complete\n')
    expect(code).toBe(0)
  })

  it('finds no difference between a trace and itself', async () => {
    const { stdout } = await spanlog(['compare', slow[0]!.traceId, slow[0]!.traceId, pair])
    expect(stdout).toContain('No difference')
  })

  it('holds one release against the other, with the samples, and leaves out the traces with both', async () => {
    const mixed = [...request(four, { version: '1.4' }), ...request(four, { version: '1.5' })]
    for (const span of mixed) span.traceId = 'c'.repeat(32)
    const torn = folder.write('torn.jsonl', [otlp(...mixed)])
    const { stdout, stderr, code } = await spanlog([
      'compare',
      '--by',
      'service.version',
      '1.4',
      '1.5',
      calm,
      storm,
      torn,
      '--service',
      'orders',
    ])
    expect(stdout).toContain('1.4 (60 traces) → 1.5 (60 traces)')
    expect(stdout).toContain('orders "SELECT shop": failing, 0 % → 25 % of the calls failed')
    expect(stdout).toMatch(/orders "SELECT shop": slower, 20\.\dms → 9\d\.\dms/)
    expect(stdout).toContain('60 calls → 60 calls; see 7ab')
    expect(stderr).toBe('60 traces against 60 traces, 1 with both left out, complete\n')
    expect(code).toBe(0)
    expect(widest(stdout)).toBeLessThanOrEqual(80)
  })

  it('gives machines all of it', async () => {
    const { stdout } = await spanlog(['compare', quick[0]!.traceId, slow[0]!.traceId, pair, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      before: quick[0]!.traceId,
      comparison: { traces: { before: 1, after: 1 }, changes: { length: 4 } },
      verdict: { complete: true },
    })
  })

  it.each([
    ['one trace alone', ['compare', slow[0]!.traceId], 'Expected two trace IDs, got 1 word', 2],
    ['what is no ID', ['compare', 'one', 'two', pair], 'INVALID_TRACE_ID', 2],
    ['one value alone', ['compare', '--by', 'service.version', '1.4'], 'Expected two values of service.version', 2],
    ['traces that are not there', ['compare', 'd'.repeat(32), 'e'.repeat(32), pair], '0 traces against 0 traces, complete', 1],
  ])('refuses or reports %s', async (_name, args, message, expected) => {
    const { stderr, code } = await spanlog(args)
    expect(stderr).toContain(message)
    expect(code).toBe(expected)
  })
})

describe('spanlog map', () => {
  it('draws who calls whom, in 80 columns', async () => {
    const { stdout, stderr, code } = await spanlog(['map', storm])
    expect(stdout).toBe(`2 services, 3 connections, from 60 traces over 59.1s

from       to                            calls  failed     p50     p95  calls/s
(outside)  → gateway                        60    25 %   124ms   128ms        1
gateway    → orders                         60    25 %   114ms   118ms        1
orders     → (database postgresql/shop)     60    25 %  93.6ms  98.1ms        1

service  of the time  calls  failed  depth  called by  calls to
orders          84 %     60    25 %      1          1         1
gateway         16 %     60    25 %      0          1         1
`)
    expect(stderr).toBe('60 traces, complete\n')
    expect(code).toBe(0)
  })

  it.each([
    ['--mermaid', /^flowchart LR\n/],
    ['--dot', /^digraph services \{\n/],
    ['--json', /^\{"map":\{"traces":60,/],
  ])('writes %s', async (flag, begins) => {
    const { stdout, code } = await spanlog(['map', storm, flag])
    expect(stdout).toMatch(begins)
    expect(code).toBe(0)
  })

  it('refuses two forms at once', async () => {
    expect(await spanlog(['map', storm, '--dot', '--json'])).toMatchObject({ code: 2, stdout: '' })
  })

  it('says that there is nothing', async () => {
    expect(await spanlog(['map', folder.write('none.jsonl', [])])).toMatchObject({ code: 1, stdout: '', stderr: 'no traces, complete\n' })
  })

  it('says where it is cut', async () => {
    const { stderr, code } = await spanlog(['map', storm, '--limit', '10'])
    expect(stderr).toMatch(/^10 traces, INCOMPLETE: LIMIT_REACHED: there are more than these 10/)
    expect(code).toBe(4)
  })
})

describe('spanlog report', () => {
  const window = ['--from', '2026-11-21T04:00:00Z', '--to', '2026-11-21T05:00:00Z']

  it('tells errors, broken limits, what is unusual against the window before, latencies and quality, in 80 columns', async () => {
    const budget = folder.write('slo.json', JSON.stringify({ operations: [{ service: 'gateway', kind: 'server', p95Ms: 60 }] }))
    const { stdout, stderr, code } = await spanlog(['report', calm, storm, ...window, '--budget', budget])
    expect(stdout).toContain('2026-11-21 04:00:00 UTC, 59.1s: 60 traces, 240 spans, 2 services')
    expect(stdout).toContain('✗ 15 × error in orders: deadlock')
    expect(stdout).toContain('began in orders "SELECT shop"; failed gateway "POST /checkout"')
    expect(stdout).toMatch(/✗ gateway POST \/checkout \(server\): p95Ms is 128\.\d ms, at most 60 ms allowed, of\n? *60/)
    expect(stdout).toContain('Unusual against 60 traces of the window before')
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      '! orders "SELECT shop" is slower: median 20.9ms → 94.0ms, fails more: 0 % → 25 % (60 calls before, 60 now)',
    )
    expect(stdout).toMatch(/gateway POST \/checkout +60 +25 % +124ms +128ms +128ms +128ms/)
    expect(stdout).toMatch(/100ms █ 200ms {3}median over time [▁-█ ]{12}/)
    expect(stdout).toContain('traces with a failure 25 % (15 of 60)')
    expect(stderr).toBe('60 traces, complete (2 files read to their ends); no lines\n')
    expect(widest(stdout)).toBeLessThanOrEqual(80)
    expect(code).toBe(0)
  })

  it('shows the lines of the span in which an error began', async () => {
    const failed = request(four + 2n * hour, { fails: true })
    const [, , , query] = failed
    const spans = folder.write('lines/spans.jsonl', [otlp(...failed)])
    const line = (spanId: string, msg: string) => ({
      level: 50,
      time: Number((four + 2n * hour) / 1_000_000n),
      name: 'orders',
      trace_id: query!.traceId,
      span_id: spanId,
      msg,
    })
    const lines = folder.write('lines/orders.log', [line(query!.spanId, 'deadlock detected \u001b[2J'), line('1'.repeat(16), 'elsewhere')])
    const { stdout } = await spanlog(['report', spans, lines])
    expect(stdout).toContain('deadlock detected \\x1b[2J')
    expect(stdout).not.toContain('elsewhere')
  })

  it('reads with --service what all services wrote in its traces, and of other traces what it wrote', async () => {
    const at = four + 3n * hour
    const [one, other] = [request(at, { fails: true }), request(at, {})]
    const spans = folder.write('service/spans.jsonl', [otlp(...one), otlp(...other.slice(0, 2))])
    const line = (trace: typeof one, name: string, msg: string) => ({
      level: 50,
      time: Number(at / 1_000_000n),
      name,
      trace_id: trace[0]!.traceId,
      span_id: trace.at(-1)!.spanId,
      msg,
    })
    const written = [line(one, 'orders', 'deadlock'), line(one, 'gateway', 'answered 500'), line(other, 'gateway', 'elsewhere')]
    const lines = folder.write('service/all.log', written)
    const { stdout } = await spanlog(['report', spans, lines, '--service', 'orders', '--json'])
    const { errors, quality } = JSON.parse(stdout).report
    expect(errors.groups[0].origins[0].lines.map(({ message }: { message: string }) => message)).toEqual(['deadlock', 'answered 500'])
    expect(quality.checks.find(({ check }: { check: string }) => check === 'logged')).toMatchObject({ checked: 2, failed: 0 })
    expect(quality.kpis.bytesByService.map(({ service, lines: many }: { service: string; lines: number }) => `${service} ${many}`)).toEqual(
      ['orders 1', 'gateway 1'],
    )
  })

  it('leaves out the lines of traces that it did not read: sampling did not lose them', async () => {
    const lines = folder.write(
      'limited/orders.log',
      Array.from({ length: 60 }, (_, i) => ({
        level: 30,
        time: Number(four / 1_000_000n) + i * 1000,
        name: 'orders',
        trace_id: i >= 50 && i % 2 === 0 ? 'f'.repeat(32) : stormIds[i],
        span_id: '1'.repeat(16),
        msg: `line ${i}`,
      })),
    )
    const { stdout } = await spanlog(['report', storm, lines, '--limit', '10', '--json'])
    expect(JSON.parse(stdout).report.quality.kpis.kept).toEqual({ part: 5, whole: 6, share: 5 / 6 })
  })

  it('says where only the newest lines were read, and what that means', async () => {
    const lines = folder.write(
      'cut/orders.log',
      Array.from({ length: 9 }, (_, i) => ({ level: 30, time: Number(four / 1_000_000n) + i * 60_000, name: 'orders', msg: `line ${i}` })),
    )
    const { stdout, stderr, code } = await spanlog(['report', storm, lines, '--max-lines', '4'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('the newest 4 were read, from 2026-11-21 04:05:00 UTC on.')
    expect(stdout).not.toContain('logged nothing')
    expect(stderr).toMatch(/^60 traces, INCOMPLETE: LIMIT_REACHED: of the log lines the newest 4 were read: raise --max-lines/)
    expect(code).toBe(4)
    const whole = await spanlog(['report', storm, lines, '--max-lines', '9'])
    expect(whole.stdout).not.toContain('There are more log lines')
    expect(whole.stdout).toContain('logged nothing')
    expect(whole.code).toBe(0)
  })

  it('gives machines all of it', async () => {
    const { stdout } = await spanlog(['report', storm, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      report: {
        traces: 60,
        errors: { groups: [{ count: 15 }] },
        operations: [{ name: 'POST /checkout', count: 60 }, { name: 'POST /orders' }],
      },
      verdict: { complete: true },
    })
  })

  it('draws the same without colour as with', async () => {
    expect((await spanlog(['report', storm])).stdout).not.toContain('\u001b')
  })
})

describe('spanlog check', () => {
  const budgets = (name: string, limits: object) => folder.write(name, JSON.stringify(limits))
  const strict = budgets('strict.json', { operations: [{ service: 'gateway', kind: 'server', p95Ms: 60, errorShare: 0.1 }] })
  const absent = budgets('absent.json', { operations: [{ service: 'mail', p95Ms: 60 }] })

  it.each([
    ['0 where every limit is kept', [calm, '--budget', strict], 0, '2 of 2 limits kept', '60 traces, complete'],
    [
      '5 where one is broken',
      [storm, '--budget', strict],
      5,
      '✗ gateway POST /checkout (server): errorShare is 25 %, at most 10 % allowed, of 60; see 7ab',
      '60 traces, complete',
    ],
    ['4 where one has no data', [calm, '--budget', absent], 4, '? mail any operation: no data for p95Ms (0 calls)', '60 traces, complete'],
    [
      '4 where there is no trace',
      [folder.write('no.jsonl', []), '--budget', budgets('t.json', { traces: { spans: 9 } })],
      4,
      '? all traces: no data',
      'no traces, complete',
    ],
    ['4 where traces are left out', [calm, '--budget', strict, '--limit', '5'], 4, '2 of 2 limits kept', '5 traces, INCOMPLETE'],
    ['2 for limits that are none', [calm, '--budget', budgets('bad.json', { operations: [{ p95: 3 }] })], 2, '', 'has no option `p95`'],
    ['3 for a file that is not there', [calm, '--budget', '/nowhere.json'], 3, '', 'FILE_UNREADABLE'],
    ['3 for a file that is no JSON', [calm, '--budget', folder.write('text.json', 'p95: 3')], 3, '', 'FILE_MALFORMED'],
    ['2 without limits', [calm], 2, '', 'Expected --budget or --write-baseline, got neither'],
  ])('ends with %s', async (_name, args, expected, told, verdict) => {
    const { stdout, stderr, code } = await spanlog(['check', ...args])
    expect(stdout).toContain(told)
    expect(stderr).toContain(verdict)
    expect(code).toBe(expected)
  })

  it('finds a regression against a baseline that it wrote', async () => {
    const baseline = `${folder.path}/baseline.json`
    expect(await spanlog(['check', calm, '--write-baseline', baseline])).toMatchObject({ code: 0, stderr: '60 traces, complete\n' })
    const limits = budgets('regression.json', { regression: { ratio: 1.5 } })
    expect(await spanlog(['check', calm, '--budget', limits, '--baseline', baseline])).toMatchObject({ code: 0 })
    const worse = await spanlog(['check', storm, '--budget', limits, '--baseline', baseline])
    expect(worse.stdout).toContain('orders SELECT shop (client): p50Ms against the baseline is 93.6 ms')
    expect(worse.stdout).toMatch(/errorShare against the baseline is 25 %.*see 7ab/)
    expect(worse.code).toBe(5)
  })

  it('writes no baseline from traces that break a limit', async () => {
    const target = `${folder.path}/never.json`
    const { stderr } = await spanlog(['check', storm, '--budget', strict, '--write-baseline', target])
    expect(stderr).toContain('; no baseline written')
    expect(existsSync(target)).toBe(false)
  })

  it('writes JUnit and Markdown, also to standard output, and JSON', async () => {
    const junit = `${folder.path}/junit.xml`
    const { stdout } = await spanlog(['check', storm, '--budget', strict, '--junit', junit, '--markdown', '-'])
    expect(readFileSync(junit, 'utf8')).toContain('<testsuites name="spanlog" tests="2" failures="2">')
    expect(stdout).toMatch(/^\*\*Budgets broken\*\*: 0 of 2 limits, over 60 traces\.\n/)
    expect(JSON.parse((await spanlog(['check', storm, '--budget', strict, '--json'])).stdout)).toMatchObject({
      passed: false,
      traces: 60,
      verdict: { complete: true },
    })
  })
})
