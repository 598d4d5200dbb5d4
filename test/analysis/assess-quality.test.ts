import fc from 'fast-check'
import { assessQuality } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import { hasLiteral, shapeOf } from '../../src/analysis/shape.js'
import type { LogEntry } from '../../src/logs/types.js'
import type { Trace } from '../../src/traces/types.js'
import { anyTrace, chain, deepFreeze, drawn, epoch, idOf, span, traceId, traceOf } from './traces.js'

const failing = (trace: Trace, options?: Parameters<typeof assessQuality>[1]) =>
  assessQuality(deepFreeze(trace), { smallMs: 0, ...options })
    .checks.filter(({ failed }) => failed > 0)
    .map(({ check, failed, checked }) => `${check} ${failed}/${checked}`)

const line = (given: Partial<LogEntry> = {}): LogEntry => ({
  line: 'x',
  traceId,
  spanId: idOf('root'),
  service: 'shop',
  fields: {},
  metadata: {},
  labels: {},
  ...given,
})
const server = { kind: 'server' as const, attributes: { 'http.route': '/cart' } }
const call = { kind: 'client' as const, attributes: { 'server.address': 'bank', 'http.request.method': 'GET' } }

describe('assessQuality of lines that were not all read', () => {
  it.each<[string, { entriesFromUnixNano?: bigint }, string[]]>([
    ['misses the lines of a request where all were read', {}, ['logged 1/1']],
    ['and of one that began with the lines', { entriesFromUnixNano: epoch }, ['logged 1/1']],
    ['but not of one that began before them', { entriesFromUnixNano: epoch + 1n }, []],
  ])('%s', (_name, cut, expected) => {
    const entries = [line({ traceId: '1'.repeat(32), service: 'mail' })]
    expect(failing(traceOf(span(server)), { entries, ...cut })).toEqual(expected)
  })
})

describe('assessQuality finds', () => {
  it.each<[string, Trace, string[]]>([
    [
      'nothing in a good trace',
      traceOf(
        span({ ...server }),
        span({ name: 'call', parent: 'root', ...call, start: 1, end: 9 }),
        span({ name: 'answer', parent: 'call', ...server, service: 'bank', start: 2, end: 8 }),
      ),
      [],
    ],
    [
      'a missing root and an orphan',
      drawn(`
      a<gone     |----|`),
      ['root-present 1/1', 'parent-present 1/1'],
    ],
    [
      'several roots',
      drawn(`
      a          |----|
      b           |---|`),
      ['one-root 1/1'],
    ],
    [
      'a cycle',
      drawn(`
      a<b        |----|
      b<a         |---|`),
      ['root-present 1/1', 'no-cycles 1/2'],
    ],
    ['an ID that two spans have', traceOf(span(), span({ name: 'other', spanId: idOf('root') })), ['ids-unique 1/2', 'one-root 1/1']],
    ['a trace that begins with a call', traceOf(span({ kind: 'client', attributes: { 'db.system': 'redis' } })), ['entered 1/1']],
    [
      'a call that no server answered, but not of a database',
      traceOf(
        span({ ...server }),
        span({ name: 'call', parent: 'root', ...call }),
        span({
          name: 'db',
          parent: 'root',
          kind: 'client',
          attributes: { 'db.system.name': 'elasticsearch', 'http.request.method': 'GET' },
        }),
      ),
      ['call-answered 1/1'],
    ],
    [
      'clocks that disagree between services',
      traceOf(
        span({ start: 5 }),
        span({ name: 'same', parent: 'root', start: 4 }),
        span({ name: 'other', parent: 'root', service: 'bank', start: 4 }),
      ),
      ['clocks-agree 1/1'],
    ],
    [
      'an end before its start',
      drawn(`
      a          |----|
      b<a          ~-|`),
      ['ends-after-start 1/2'],
    ],
    ['a service without a name', traceOf(span({ service: 'unknown_service:node' })), ['service-named 1/1']],
    ['a peer that nobody names', traceOf(span({ kind: 'server' })), ['peer-known 1/1']],
    ['an error that says nothing', traceOf(span({ status: { code: 'error' } })), ['error-explained 1/1']],
    ['no fault in an error with a message', traceOf(span({ status: { code: 'error', message: 'no stock' } })), []],
    ['names that cannot be grouped', traceOf(span({ name: 'GET /item/17' })), ['name-general 1/1']],
    [
      'attributes by the hundred',
      traceOf(span({ attributes: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, i])) })),
      ['few-attributes 1/1'],
    ],
  ])('%s', (_, trace, expected) => {
    expect(failing(trace)).toEqual(expect.arrayContaining(expected))
    expect(failing(trace)).toHaveLength(expected.length)
  })

  it('spans too small to be worth it: short, internal, with nothing in them', () => {
    const trace = traceOf(
      span({ start: 0, end: 9e6 }),
      span({ name: 'small', parent: 'root', start: 0, end: 4_999_999 }),
      span({ name: 'long', parent: 'root', start: 0, end: 5e6 }),
      span({ name: 'told', parent: 'root', events: [{ timeUnixNano: epoch, name: 'x', attributes: {} }] }),
      span({ name: 'call', parent: 'root', kind: 'client', attributes: { 'db.system': 'redis' } }),
      span({ name: 'parent', parent: 'root', end: 6e6 }),
      span({ name: 'bad', parent: 'parent', status: { code: 'error', message: 'x' } }),
    )
    expect(failing(trace, { smallMs: 5 })).toEqual(['worth-it 1/6'])
  })

  it.each<[string, LogEntry[], string[]]>([
    ['nothing in lines with both IDs', [line()], []],
    ['a request that nobody logged', [], ['logged 1/1']],
    ['lines without a trace ID', [line(), { line: 'x', fields: {}, metadata: {}, labels: {} }], ['line-has-trace 1/2']],
    [
      'lines without a span ID',
      [line(), { line: 'x', traceId, service: 'shop', fields: {}, metadata: {}, labels: {} }],
      ['line-has-span 1/2'],
    ],
    [
      'lines whose span is missing, of traces that were given',
      [line({ spanId: idOf('gone') }), line({ traceId: 'f'.repeat(32), spanId: idOf('gone') })],
      ['line-span-present 1/1'],
    ],
    ['nothing in mentions', [line(), line({ mention: true, spanId: idOf('gone') })], []],
  ])('%s', (_, entries, expected) => {
    expect(failing(traceOf(span({ ...server })), { entries: deepFreeze(entries) })).toEqual(expected)
  })
})

describe('assessQuality', () => {
  it('has a score, a remedy and samples for each check, the costliest first', () => {
    const orphans = Array.from({ length: 7 }, (_, i) =>
      span({ name: `o${i}`, spanId: `${i}`.repeat(16), parent: 'gone', start: 0, end: 1e9 }),
    )
    const { score, checks } = assessQuality(traceOf(span({ start: 0, end: 1e9 }), ...orphans))
    expect(checks[0]).toMatchObject({ check: 'parent-present', score: 0, checked: 7, failed: 7, weight: 1 })
    expect(checks[0]!.samples).toHaveLength(5)
    expect(checks[0]!.samples[0]).toEqual({ traceId, spanId: '0'.repeat(16), service: 'shop' })
    expect(checks.every(({ remedy, finding }) => remedy.length > 10 && finding.length > 10)).toBe(true)
    expect(score).toBeGreaterThan(0)
    expect(score).toBeLessThan(1)
  })

  it('has no score where there was nothing to check', () => {
    expect(assessQuality([])).not.toHaveProperty('score')
  })

  it('keeps scores between 0 and 1 and never checks more than it was given, whatever the trace', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const { score = 0, checks } = assessQuality(deepFreeze(trace), { entries: [line()] })
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1)
        for (const check of checks) expect(check.checked).toBeLessThanOrEqual(Math.max(1, trace.spans.length))
      }),
    )
  })

  it('takes a chain of 100,000 spans', () => {
    expect(assessQuality(chain(100_000)).kpis.complete).toEqual({ part: 1, whole: 1, share: 1 })
  })

  it('refuses options that make no sense', () => {
    expect(() => assessQuality([], { smallMs: Number.NaN })).toThrow('Expected `smallMs` to be a number from 0')
    expect(() => assessQuality([], { small: 1 } as never)).toThrow('assessQuality has no option `small`')
  })
})

describe('key figures', () => {
  const id = (n: number) => String(n).repeat(32)
  const traces = [
    traceOf(span({ traceId: id(1), start: 0, end: 10 })),
    traceOf(
      span({ traceId: id(2), start: 100, end: 110, status: { code: 'error' } }),
      span({ traceId: id(2), name: 'lost', parent: 'gone', service: 'bank' }),
    ),
  ]
  const entries = [
    line({ traceId: id(1), line: 'zwölf' }),
    line({ traceId: id(2), severity: { number: 17, text: 'error' } }),
    line({ traceId: id(3), severity: { number: 21, text: 'fatal' } }),
    line({ traceId: id(4), service: 'mail' }),
    line({ traceId: id(5), mention: true }),
  ]
  const { kpis } = assessQuality(traces, {
    entries,
    services: ['shop', 'stock'],
    alertsUnixNano: [epoch + 500n, epoch + 50n, epoch + 300n],
  })

  it('count services that are traced, of those that anybody names', () => {
    expect(kpis.servicesTraced).toEqual({ part: 2, whole: 4, share: 0.5 })
    expect(kpis.servicesUntraced).toEqual(['mail', 'stock'])
  })

  it('tell what sampling kept by the traces that lines name', () => {
    expect(kpis.kept).toEqual({ part: 2, whole: 4, share: 0.5 })
    expect(kpis.keptOfFailed).toEqual({ part: 1, whole: 2, share: 0.5 })
    expect(kpis.failedOfKept).toEqual({ part: 1, whole: 2, share: 0.5 })
    expect(kpis.complete).toEqual({ part: 1, whole: 2, share: 0.5 })
  })

  it('sum the bytes of each service', () => {
    const shop = kpis.bytesByService.find(({ service }) => service === 'shop')!
    expect(shop).toMatchObject({ spans: 2, lines: 4, lineBytes: 6 + 1 + 1 + 1 })
    expect(shop.spanBytes).toBeGreaterThan(2 * 200)
  })

  it('take the first alert after the first error', () => {
    expect(kpis.firstErrorToAlertNano).toBe(300n - 110n)
    expect(assessQuality(traces, { alertsUnixNano: [epoch] }).kpis).not.toHaveProperty('firstErrorToAlertNano')
  })
})

describe('the shape of a call', () => {
  it.each([
    ["SELECT * FROM item WHERE id = 17 AND name = 'O''Neil'", 'SELECT * FROM item WHERE id = ? AND name = ?'],
    ['SELECT a1 FROM t2 WHERE id IN (1, 2, 3)', 'SELECT a1 FROM t2 WHERE id IN (?)'],
    ['https://bank:8080/v1/pay/0af76519-16cd-43dd-8448-eb211c80319c?n=1.5', 'https://bank:8080/v1/pay/??n=?'],
    ['GET /user/5f2b9c0e1d3a4b5c6d7e8f90/cart', 'GET /user/?/cart'],
    ['GET /user/:id/feedface/acceded', 'GET /user/:id/feedface/acceded'],
    ['SELECT $1, $2 FROM t', 'SELECT $1, $2 FROM t'],
  ])('of %s', (text, shape) => {
    expect(shapeOf(text)).toBe(shape)
    expect(hasLiteral(shape.replaceAll('?', 'x'))).toBe(false)
  })

  it('reads the head of a long text only', () => {
    expect(shapeOf("'".repeat(100_001)).length).toBeLessThan(2001)
  })
})
