import fc from 'fast-check'
import type { LogEntry } from 'spanlog/logs'
import { toJson as entryToJson } from 'spanlog/logs'
import { type TraceSpan, toJson } from 'spanlog/traces'
import { describe, expect, it } from 'vitest'
import { type Filter, noFilter, shownLines, shownSpans } from '../../src/view/page/filter.js'
import { formatLink, type Link, lineKey, parseLink, views } from '../../src/view/page/link.js'
import { type Model, readDocument, rowOf } from '../../src/view/page/model.js'
import { line, span, traceId } from './draw.js'

function model(spans: TraceSpan[], entries: LogEntry[]): Model {
  const verdict = { complete: true, reasons: [] }
  return readDocument({ traceId, trace: toJson({ traceId, spans }), entries: entries.map(entryToJson), verdict })
}

/**
 * ```
 * a gateway/GET /cart |----------|
 * b  orders/load        |-----|      failed
 * c   db/SELECT          |-|
 * d  mail/send                 |-|
 * ```
 */
const cart = model(
  [
    span('a', undefined, 'gateway/GET /cart', 0, 100),
    span('b', 'a', 'orders/load', 10, 60, { status: { code: 'error', message: 'refused' } }),
    span('c', 'b', 'db/SELECT', 20, 40, { attributes: { 'db.query.text': "select * from cart where id = 'x'" } }),
    span('d', 'a', 'mail/send', 80, 99),
  ],
  [
    line('a', 1, 'info', 'request received'),
    line('c', 21, 'debug', 'query (slow?)'),
    line('b', 55, 'error', 'load failed', { service: 'orders' }),
    line('', 70, 'info', 'of no span'),
    line('f', 75, 'warn', 'of a span that is missing'),
  ],
)
const names = (filter: Partial<Filter>, collapsed: number[] = []): string[] =>
  shownSpans(cart, { ...noFilter, ...filter }, new Set(collapsed)).rows.map((i) => cart.rows[i]?.span.name ?? '')
const messages = (filter: Partial<Filter>, scope: Parameters<typeof shownLines>[2] = 'trace', spanId?: string): (string | undefined)[] => {
  const row = spanId === undefined ? undefined : rowOf(cart, spanId.padEnd(16, '0'))
  return shownLines(cart, { ...noFilter, ...filter }, scope, row).map((i) => cart.lines[i]?.entry.message)
}

describe('the spans that are shown', () => {
  it.each<[what: string, filter: Partial<Filter>, collapsed: number[], shown: string[]]>([
    ['all of them, parents first', {}, [], ['GET /cart', 'load', 'SELECT', 'send']],
    ['not what is below a folded one', {}, [1], ['GET /cart', 'load', 'send']],
    ['of a search, each with its way up', { text: 'select' }, [], ['GET /cart', 'load', 'SELECT']],
    ['of a search, also below folded ones', { text: 'select' }, [0], ['GET /cart', 'load', 'SELECT']],
    ['those whose attributes hold all words', { text: 'WHERE cart' }, [], ['GET /cart', 'load', 'SELECT']],
    ['those whose attributes hold what stands in quotes', { text: '"from cart"' }, [], ['GET /cart', 'load', 'SELECT']],
    ['none where the words in quotes stand otherwise', { text: '"cart from"' }, [], []],
    ['those with a line that holds the words', { text: 'slow?)' }, [], ['GET /cart', 'load', 'SELECT']],
    ['none where nothing fits, whatever a pattern would mean', { text: '.*' }, [], []],
    ['failed ones, with their way up', { errors: true }, [], ['GET /cart', 'load']],
    [
      'not those of a hidden service, unless they lead to others',
      { hidden: new Set(['mail', 'orders']) },
      [],
      ['GET /cart', 'load', 'SELECT'],
    ],
    ['those of the critical path', { path: true, text: 'send' }, [], ['GET /cart', 'send']],
  ])('%s', (_what, filter, collapsed, shown) => {
    expect(names(filter, collapsed)).toEqual(shown)
  })
})

describe('the lines that are shown', () => {
  it.each<[what: string, filter: Partial<Filter>, scope: 'trace' | 'below' | 'span', span: string | undefined, shown: string[]]>([
    [
      'all, also those without a span',
      {},
      'trace',
      'b',
      ['request received', 'query (slow?)', 'load failed', 'of no span', 'of a span that is missing'],
    ],
    ['of a span and all below it', {}, 'below', 'b', ['query (slow?)', 'load failed']],
    ['of a span alone', {}, 'span', 'b', ['load failed']],
    ['those that are severe enough', { severity: 13 }, 'trace', undefined, ['load failed', 'of a span that is missing']],
    ['errors', { errors: true }, 'trace', undefined, ['load failed']],
    ['those that hold all words', { text: 'OF span' }, 'trace', undefined, ['of no span', 'of a span that is missing']],
    ['not those of a hidden service', { hidden: new Set(['orders']) }, 'below', 'a', ['request received', 'query (slow?)']],
  ])('%s', (_what, filter, scope, spanId, shown) => {
    expect(messages(filter, scope, spanId)).toEqual(shown)
  })
})

describe('the model', () => {
  it('says why a line stands under no span', () => {
    expect(cart.lines.map(({ place }) => place)).toEqual([undefined, undefined, undefined, 'no span', 'span not in the trace'])
  })

  it('tells apart spans that share an ID by their kind', () => {
    const shared = model(
      [span('a', undefined, 'x/call', 0, 9, { kind: 'client' }), span('a', undefined, 'y/answer', 1, 8, { kind: 'server' })],
      [],
    )
    expect(rowOf(shared, 'a'.padEnd(16, '0'), 'server')?.span.name).toBe('answer')
  })

  it('counts what is below each span, whatever the parents say', () => {
    const parent = fc.option(fc.integer({ min: 0, max: 19 }))
    fc.assert(
      fc.property(fc.array(parent, { minLength: 1, maxLength: 20 }), (parents) => {
        const id = (i: number): string => (i + 1).toString(16).padStart(16, '0')
        const { rows } = model(
          parents.map((above, i) => span(id(i), above === null ? undefined : id(above), `s/${i}`, i, i + 1)),
          [],
        )
        expect(rows.map(({ span: { name } }) => Number(name)).toSorted((a, b) => a - b)).toEqual(parents.map((_, i) => i))
        for (const row of rows) {
          const isBelow = (index: number): boolean => {
            for (let at: number | undefined = index; at !== undefined; at = rows[at]?.parent) if (at === row.index) return true
            return false
          }
          expect(rows.filter(({ index }) => isBelow(index)).map(({ index }) => index)).toEqual(
            Array.from({ length: row.end - row.index }, (_, i) => row.index + i),
          )
        }
      }),
    )
  })

  it('draws a chain of 20,000 spans', () => {
    const id = (i: number): string => (i + 1).toString(16).padStart(16, '0')
    const chain = Array.from({ length: 20_000 }, (_, i) => span(id(i), i === 0 ? undefined : id(i - 1), `s/${i}`, i, 20_000))
    expect(model(chain, []).rows.at(-1)).toMatchObject({ depth: 19_999, end: 20_000 })
  })
})

describe('a link', () => {
  it('is read back as it was written', () => {
    const link: fc.Arbitrary<Link> = fc.record(
      {
        trace: fc.string({ minLength: 1 }),
        with: fc.string({ minLength: 1 }),
        view: fc.constantFrom(...views),
        span: fc.string({ minLength: 1 }),
        line: fc.string({ minLength: 1 }),
        search: fc.string({ minLength: 1, unit: 'grapheme' }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(link, (given) => {
        expect(parseLink(formatLink(given))).toEqual(given)
      }),
    )
  })

  it('passes over what it does not know', () => {
    expect(parseLink('#view=constructor&span=&x=1&line=7-ab')).toEqual({ line: '7-ab' })
  })

  it('names lines of one moment by what they say', () => {
    const [a, b] = [line('a', 1, 'info', 'one'), line('a', 1, 'info', 'two')]
    expect(lineKey(a)).not.toBe(lineKey(b))
    expect(lineKey(a)).toBe(lineKey({ ...a }))
  })
})
