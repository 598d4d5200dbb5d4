import { withSpan } from 'spanlog'
import { traceSql } from 'spanlog/sql'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { optional } from '../../support/optional.js'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

interface Database {
  exec(sql: string): unknown
  prepare(sql: string): {
    run(...values: unknown[]): { changes: number | bigint }
    get(...values: unknown[]): unknown
    all(...values: unknown[]): unknown[]
    iterate(...values: unknown[]): IterableIterator<unknown>
  }
  close(): void
}
type Constructor = new (file: string) => Database

// `node:sqlite` is there from Node 22.5 on.
const drivers: [string, Constructor | undefined, string][] = [
  ['node:sqlite', (optional('node:sqlite') as { DatabaseSync: Constructor } | undefined)?.DatabaseSync, '1'],
  ['better-sqlite3', optional('better-sqlite3') as Constructor | undefined, 'SQLITE_ERROR'],
]

describe.each(drivers)('traceSql on %s', (_, Driver, refusal) => {
  function database(options?: Parameters<typeof traceSql>[1]): Database {
    const db = new (Driver as Constructor)(':memory:')
    db.exec("CREATE TABLE orders (id INTEGER, note TEXT); INSERT INTO orders VALUES (1, 'one'), (2, 'two'), (3, 'three')")
    return traceSql(db, options)
  }
  const spans = () => telemetry.spans().map(({ name, attributes }) => [name, attributes['db.response.returned_rows']])

  it.skipIf(!Driver)('opens a span a call of a statement, without the literals', () => {
    const db = database()
    const find = db.prepare("SELECT id FROM orders WHERE id > ? AND note <> 'three'")
    withSpan('order', () => {
      expect(JSON.parse(JSON.stringify(find.all(0)))).toEqual([{ id: 1 }, { id: 2 }])
      expect({ ...(find.get(1) as object) }).toEqual({ id: 2 })
      expect(Number(db.prepare('DELETE FROM orders WHERE id = ?').run(1).changes)).toBe(1)
    })
    expect(spans()).toEqual([
      ['SELECT orders', 2],
      ['SELECT orders', undefined],
      ['DELETE orders', undefined],
      ['order', undefined],
    ])
    expect(telemetry.spans()[0]).toMatchObject({
      kind: 'client',
      parentSpanId: telemetry.spans()[3]?.spanId,
      attributes: {
        'db.system.name': 'sqlite',
        'db.operation.name': 'SELECT',
        'db.collection.name': 'orders',
        'db.query.text': 'SELECT id FROM orders WHERE id > ? AND note <> ?',
      },
    })
    db.close()
  })

  it.skipIf(!Driver)('ends the span of an iteration with it, or where it is left', () => {
    const db = database()
    const find = db.prepare('SELECT id FROM orders')
    expect([...find.iterate()]).toHaveLength(3)
    for (const row of find.iterate()) if ((row as { id: number }).id === 2) break
    expect(spans()).toEqual([
      ['SELECT orders', 3],
      ['SELECT orders', 2],
    ])
    db.close()
  })

  it.skipIf(!Driver)('records what the database refuses, and throws it on', () => {
    const db = database()
    expect(() => db.exec('INSERT INTO nowhere VALUES (7)')).toThrow('no such table: nowhere')
    expect(() => db.prepare('SELECT * FROM nowhere')).toThrow('no such table: nowhere')
    expect(telemetry.spans()).toEqual([
      expect.objectContaining({
        name: 'INSERT nowhere',
        status: { code: 'error', message: 'no such table: nowhere' },
        attributes: expect.objectContaining({ 'db.response.status_code': refusal, 'error.type': refusal }),
      }),
    ])
    db.close()
  })

  it.skipIf(!Driver)('adds the comment to what is not prepared, and runs it', () => {
    const db = database({ comment: true })
    db.exec('DELETE FROM orders')
    expect(db.prepare('SELECT id FROM orders').all()).toEqual([])
    expect(spans()).toEqual([
      ['DELETE orders', undefined],
      ['SELECT orders', 0],
    ])
    db.close()
  })
})
