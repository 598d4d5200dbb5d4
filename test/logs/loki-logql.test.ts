import { parser } from '@grafana/lezer-logql'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { halvingPattern } from '../../src/logs/loki/halves.js'
import { countQuery, halves, parseSelector, queryForms } from '../../src/logs/loki/logql.js'
import { traceForms } from '../../src/logs/needles.js'
import { compileLogql } from '../support/loki-double/logql.js'

/** The names of a query's nodes below the top; an error node is `⚠`. */
function nodesOf(query: string): string[] {
  const names: string[] = []
  parser.parse(query).iterate({ enter: ({ name }) => void names.push(name) })
  return names
}

const traceId = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))
  .filter((id) => !/^0+$/.test(id))
const line = fc.string({ unit: fc.constantFrom('a', 'b', '0', '9', '`', '"', '\\', '\n', ']', '-', '^', 'é', '😀'), maxLength: 12 })
const selector = fc
  .array(
    fc.tuple(
      fc.constantFrom('app', 'env', '_x1'),
      fc.constantFrom('=', '=~', '!=', '!~'),
      fc.string({ maxLength: 8 }),
      fc.constantFrom(', ', ',', ' ,\n'),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map(
    (parts) => `{${parts.map(([name, op, value, gap], index) => `${index > 0 ? gap : ''}${name}${op}${JSON.stringify(value)}`).join('')}}`,
  )

describe('every query that can be built', () => {
  it('is LogQL by the grammar of Grafana, with any trace ID, and is evaluated by the double', () => {
    fc.assert(
      fc.property(traceId, fc.array(line, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 2 ** 31 }), (id, lines, stepMs) => {
        for (const { query } of queryForms('{app=~"a|b", env!=`x`}', traceForms(id))) {
          const pattern = halvingPattern(lines)
          const parts = pattern === undefined ? [query] : [query, ...halves(query, pattern)]
          for (const part of [...parts, ...parts.map((each) => countQuery(each, stepMs))]) {
            expect(nodesOf(part)).not.toContain('⚠')
            expect(() => compileLogql(part)).not.toThrow()
          }
        }
      }),
    )
  })
})

describe('a selector', () => {
  it.for(['{service_name=~".+"}', '{ app = "shop" , env!~`dev|test` }', '{app="sh\\"op"}', '{app="}"}', '{app="a",env!="b",pod=~".*"}'])(
    '%s passes as it is',
    (text) => {
      expect(parseSelector(` ${text} `)).toBe(text)
      expect(nodesOf(text)).not.toContain('⚠')
    },
  )

  it.for<[unknown, string]>([
    ['{}', 'stream selector'],
    ['', 'stream selector'],
    [7, 'stream selector'],
    ['app="shop"', 'stream selector'],
    ['{app="shop"} |= "x"', 'stream selector'],
    ['{app="shop"} or {x="y"}', 'stream selector'],
    ['{app="shop" env="x"}', 'stream selector'],
    ['{app="shop",}', 'stream selector'],
    ['{app="shop}', 'stream selector'],
    ['{1app="shop"}', 'stream selector'],
    ["{app=='shop'}", 'stream selector'],
    ['{app="a\nb"}', 'stream selector'],
    ['{app=""}', 'Loki refuses'],
    ['{app=~".*"}', 'Loki refuses'],
    ['{app=~"a|"}', 'Loki refuses'],
    ['{app!="x", env!~"y"}', 'Loki refuses'],
  ])('%s is refused', ([text, message]) => {
    expect(() => parseSelector(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(message) }),
    )
  })

  it('that passes is one selector and nothing else, whatever it holds', () => {
    let passed = 0
    fc.assert(
      fc.property(
        fc.oneof(
          selector,
          fc.string({ unit: fc.constantFrom('{', '}', 'a', '=', '~', '"', '`', '\\', ',', '|', ' ', '!'), maxLength: 24 }),
        ),
        (text) => {
          try {
            parseSelector(text)
          } catch {
            return
          }
          passed++
          const names = nodesOf(text)
          expect(names).not.toContain('⚠')
          expect(names.slice(0, 4)).toEqual(['LogQL', 'Expr', 'LogExpr', 'Selector'])
          expect(names).not.toContain('PipelineExpr')
        },
      ),
      { numRuns: 1000 },
    )
    expect(passed).toBeGreaterThan(100)
  })
})

describe('halves', () => {
  it('are exact complements, neither of them all of the sample, wherever lines differ', () => {
    fc.assert(
      fc.property(fc.uniqueArray(line, { minLength: 2, maxLength: 40 }), (lines) => {
        const pattern = halvingPattern(lines)
        expect(pattern).toBeDefined()
        const [one, other] = halves('{a="b"}', pattern ?? '').map((query) => {
          const { keeps } = compileLogql(query)
          return lines.filter((text) => keeps({ line: text, labels: {}, metadata: {}, parsed: {} }))
        })
        expect(one?.length).toBeGreaterThan(0)
        expect(other?.length).toBeGreaterThan(0)
        expect([...(one ?? []), ...(other ?? [])].toSorted()).toEqual(lines.toSorted())
      }),
    )
  })

  it('of equal lines there are none', () => {
    expect(halvingPattern(['same', 'same', 'same'])).toBeUndefined()
  })

  it('of lines that differ evenly are about even', () => {
    const lines = Array.from(
      { length: 1000 },
      (_, n) => `{"trace_id":"0af7651916cd43dd8448eb211c80319c","n":${String(n).padStart(4, '0')}}`,
    )
    const { keeps } = compileLogql(halves('{a="b"}', halvingPattern(lines) ?? '')[0])
    const { length } = lines.filter((text) => keeps({ line: text, labels: {}, metadata: {}, parsed: {} }))
    expect(length).toBeGreaterThan(300)
    expect(length).toBeLessThan(700)
  })
})
