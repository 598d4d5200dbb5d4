import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hideSqlLiterals } from '../../src/redaction/sql.js'

describe('hideSqlLiterals', () => {
  it.each<[what: string, sql: string, shown: string]>([
    ['a text', "SELECT * FROM users WHERE email = 'ada@example.com'", 'SELECT * FROM users WHERE email = ?'],
    ['a doubled quote', "INSERT INTO t VALUES ('O''Hara', 1)", 'INSERT INTO t VALUES (?, ?)'],
    ['all behind a backslash and a quote, which databases read in two ways', String.raw`SELECT 'C:\', 'secret'`, 'SELECT ?'],
    ['a text with backslashes', String.raw`SELECT 'C:\a\\', x`, 'SELECT ?, x'],
    ['numbers of every form', 'a = 1 AND b > -2.5e10 AND c = 0xFF AND d < .5', 'a = ? AND b > -? AND c = ? AND d < ?'],
    ['a list', 'WHERE id IN (1,2,3)', 'WHERE id IN (?,?,?)'],
    ['dollar quotes', "SELECT $$it's secret$$, $fn$ body $$ $fn$", 'SELECT ?, ?'],
    ['a text with a prefix', "E'\\n' || N'x' || X'1F' || DATE '2026-01-01'", 'E? || N? || X? || DATE ?'],
    ['comments, which may say anything', "SELECT 1 /* ada */ FROM t -- 'x'\nWHERE a = 2", 'SELECT ?   FROM t  \nWHERE a = ?'],
    ['a text that was cut off', "WHERE name = 'Ada Lovel", 'WHERE name = ?'],
    ['a text that was cut off behind a backslash', "WHERE name = 'Ada\\", 'WHERE name = ?'],
    ['a comment that was cut off', 'SELECT a /* for ada', 'SELECT a  '],
  ])('hides %s', (_what, sql, shown) => {
    expect(hideSqlLiterals(sql)).toBe(shown)
  })

  it.each<[what: string, sql: string]>([
    ['names that hold digits', 'SELECT t1.col_2 FROM schema3.table4 t1'],
    ['parameters', 'WHERE a = $1 AND b = ? AND c = :name AND d = @p1'],
    ['quoted names', 'SELECT "Order"."id", `t`.`1st`, [dbo].[users2] FROM "Order"'],
    ['names beyond ASCII', 'SELECT straße1 FROM größe'],
  ])('leaves %s', (_what, sql) => {
    expect(hideSqlLiterals(sql)).toBe(sql)
  })

  it('takes double quotes for texts where the database does', () => {
    expect(hideSqlLiterals('SELECT "secret" FROM `t`', 'texts')).toBe('SELECT ? FROM `t`')
  })

  it('never shows what stands in a quoted text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom("'", '\\', '"', '$', '-', '/', '*', 'a', '1', ' ', 'é') })), (texts) => {
        const literals = texts.map((text) => `'SECRET${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
        expect(hideSqlLiterals(`SELECT ${literals.join(', ')}`)).toBe(`SELECT ${literals.map(() => '?').join(', ')}`)
      }),
    )
  })

  it('takes time in proportion to the length, whatever the text', () => {
    for (const piece of ["'", '"', '/*', '$a$', '\\', '[', '0x', '$', '1_'])
      expect(hideSqlLiterals(piece.repeat(100_000))).toBeTypeOf('string')
  })
})
