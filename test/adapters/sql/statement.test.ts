import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statementOf } from '../../../adapters/sql/statement.js'

describe('the summary of a statement', () => {
  it.each([
    ['a table', 'SELECT * FROM orders WHERE id = $1', 'SELECT orders'],
    ['small letters', 'select id from orders', 'SELECT orders'],
    ['a schema and quotes', 'SELECT * FROM "shop" . "Orders"', 'SELECT shop.Orders'],
    ['a name in backticks', 'SELECT * FROM `orders`', 'SELECT orders'],
    ['a join', 'SELECT * FROM orders o LEFT JOIN customers c ON c.id = o.customer', 'SELECT orders customers'],
    ['a list of tables', 'SELECT * FROM orders AS o, customers c WHERE o.c = c.id', 'SELECT orders customers'],
    ['a list of values', 'SELECT * FROM orders WHERE id IN (1, 2), x', 'SELECT orders'],
    ['a subquery', 'SELECT * FROM (SELECT id FROM orders WHERE a IN (SELECT b FROM c)) t', 'SELECT SELECT orders SELECT c'],
    ['a function in the place of a table', 'SELECT * FROM generate_series(1, 9) AS n', 'SELECT'],
    ["a FROM of a function's own", "SELECT extract(year FROM at), trim(both 'x' FROM name) FROM orders", 'SELECT orders'],
    ['IS DISTINCT FROM', 'SELECT * FROM orders WHERE a IS DISTINCT FROM b', 'SELECT orders'],
    ['FOR UPDATE', 'SELECT * FROM orders FOR UPDATE', 'SELECT orders'],
    ['no table', 'SELECT 1', 'SELECT'],
    ['an insert', "INSERT INTO orders (id, note) VALUES (1, 'FROM secrets')", 'INSERT orders'],
    ['an upsert', 'INSERT INTO orders (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET n = 1', 'INSERT orders'],
    ['an insert of what is read', 'INSERT INTO archive SELECT * FROM orders', 'INSERT archive SELECT orders'],
    ['an update', 'UPDATE ONLY orders SET a = 1 FROM customers WHERE 1 = 1', 'UPDATE orders'],
    ['a delete', 'DELETE FROM orders WHERE id = 7', 'DELETE orders'],
    ['a table expression', 'WITH recent AS (SELECT * FROM orders) SELECT * FROM recent', 'SELECT orders SELECT'],
    ['several statements', 'UPDATE a SET x = 1; DELETE FROM b', 'UPDATE a DELETE b'],
    ['a transaction', 'BEGIN', 'BEGIN'],
    ['a commit with a semicolon', 'COMMIT;', 'COMMIT'],
    ['a new table', 'CREATE TABLE IF NOT EXISTS orders (id int REFERENCES customers ON DELETE CASCADE)', 'CREATE orders'],
    ['a dropped table', 'DROP TABLE IF EXISTS orders', 'DROP orders'],
    ['an emptied table', 'TRUNCATE orders', 'TRUNCATE orders'],
    ['a procedure', 'CALL settle(7)', 'CALL settle'],
    ['comments', '/* who */ SELECT -- FROM a\n * FROM b', 'SELECT b'],
    ['nothing', '  ', undefined],
  ])('of %s', (_, sql, summary) => {
    expect(statementOf(sql, 'postgresql').summary).toBe(summary)
  })

  it.each([
    ['one operation on one table', 'SELECT * FROM orders', ['SELECT', 'orders']],
    ['a join', 'SELECT * FROM orders JOIN customers USING (id)', ['SELECT', undefined]],
    ['two operations', 'INSERT INTO archive SELECT * FROM orders', [undefined, undefined]],
    ['two statements', 'DELETE FROM a; DELETE FROM a', [undefined, undefined]],
  ])('names operation and table of %s as far as there is one', (_, sql, [operation, collection]) => {
    expect(statementOf(sql, 'postgresql')).toMatchObject({ operation, collection })
  })

  it('is cut between words', () => {
    const tables = Array.from({ length: 100 }, (_, i) => `table_${i}`)
    const { summary = '' } = statementOf(`SELECT * FROM ${tables.join(', ')}`, 'postgresql')
    expect(summary.length).toBeLessThanOrEqual(255)
    expect(summary).toMatch(/^SELECT table_0 (table_\d+ ?)+$/)
    expect(tables).toContain(summary.split(' ').at(-1))
  })

  it('never shows a literal, whichever statement it stands in, and takes linear time', () => {
    const piece = fc.constantFrom(
      "'hunter2'",
      '$$hunter2$$',
      "E'hunter2\\'x'",
      '/* hunter2 */',
      'SELECT',
      'FROM',
      '(',
      ')',
      ',',
      'a',
      'INTO',
      ';',
      '4711',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { text, summary = '' } = statementOf(pieces.join(' '), 'postgresql')
        expect(text + summary).not.toMatch(/hunter2|4711/)
      }),
    )
    for (const sql of ['('.repeat(100_000), 'a.'.repeat(100_000), "'".repeat(100_001), 'SELECT a FROM b, '.repeat(20_000)])
      expect(statementOf(sql, 'postgresql').text.length).toBeLessThan(10_000)
  })
})
