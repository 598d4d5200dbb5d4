import { once } from 'node:events'
import { createRequire } from 'node:module'
import { correlationId, withSpan } from 'spanlog'
import { traceSql } from 'spanlog/sql'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../support/port.js'

/* oxlint-disable typescript/no-explicit-any -- of the driver's server there are no types, and of its clients too many */
const require = createRequire(import.meta.url)
const mysql = require('mysql2')
const mysqlPromise = require('mysql2/promise')

const telemetry = recordTelemetry()
const queries: string[] = []
let server: any
let port: number
// The driver's own server speaks the protocol, and answers as told here.
beforeAll(async () => {
  port = await freePort()
  server = mysql.createServer()
  server.on('connection', (connection: any) => {
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff,
    })
    connection.on('query', (sql: string) => {
      queries.push(sql)
      if (sql.includes('nowhere')) connection.writeError({ message: "Table 'shop.nowhere' doesn't exist", code: 1146 })
      else if (sql.startsWith('SELECT'))
        connection.writeTextResult(
          [{ id: 1 }, { id: 2 }],
          [
            {
              catalog: 'def',
              schema: 'shop',
              table: 'orders',
              orgTable: 'orders',
              name: 'id',
              orgName: 'id',
              characterSet: 63,
              columnLength: 11,
              columnType: 3,
              flags: 0,
              decimals: 0,
            },
          ],
        )
      else connection.writeOk({ affectedRows: 1 })
      // The next question counts its packets anew, which the driver's server leaves to us.
      connection.sequenceId = 0
    })
    connection.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
})
afterEach(() => {
  telemetry.reset()
  queries.splice(0)
})
afterAll(async () => {
  telemetry.stop()
  if (server) await new Promise((resolve) => server.close(resolve))
})

const config = () => ({ host: '127.0.0.1', port, user: 'root', database: 'shop' })
const spans = () => telemetry.spans().filter(({ kind, name }) => kind === 'client' && name !== 'wait for connection')

describe('traceSql on mysql2', () => {
  it('opens a client span of a query with a callback, which runs in its trace', async () => {
    const db = traceSql(mysql.createConnection(config()))
    await withSpan('order', async (span) => {
      const [rows, id] = await new Promise<any[]>((resolve, reject) =>
        db.query('SELECT id FROM orders WHERE note = "two" AND id > ?', [0], (error: Error | null, got: unknown) =>
          error ? reject(error) : resolve([got, correlationId()]),
        ),
      )
      expect(JSON.parse(JSON.stringify(rows))).toEqual([{ id: 1 }, { id: 2 }])
      expect(id).toBe(span.spanContext().traceId)
    })
    expect(spans()).toEqual([expect.objectContaining({ name: 'SELECT orders' })])
    expect(spans()[0]?.attributes).toEqual({
      'db.system.name': 'mysql',
      'db.namespace': 'shop',
      'db.query.summary': 'SELECT orders',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'orders',
      'db.query.text': 'SELECT id FROM orders WHERE note = ? AND id > ?',
      'db.response.returned_rows': 2,
      'server.address': '127.0.0.1',
      'server.port': port,
    })
    db.destroy()
  })

  it('ends the span of a query that emits, and binds its events', async () => {
    const db = traceSql(mysql.createConnection(config()))
    await withSpan('order', async (span) => {
      const ids = new Set<unknown>()
      const query = db.query('SELECT id FROM orders')
      query.on('result', () => ids.add(correlationId()))
      await once(query, 'end')
      expect([...ids]).toEqual([span.spanContext().traceId])
    })
    expect(spans()).toHaveLength(1)
    db.destroy()
  })

  it.each<[string, (db: any) => Promise<unknown>]>([
    ['a callback', (db) => new Promise((_, reject) => db.query('SELECT * FROM nowhere', reject))],
    [
      'an event',
      async (db) => {
        throw (await once(db.query('SELECT * FROM nowhere'), 'error'))[0]
      },
    ],
    ['a promise', (db) => db.promise().query('SELECT * FROM nowhere')],
  ])('records what the database refuses, and passes it on by %s', async (_, ask) => {
    const db = traceSql(mysql.createConnection(config()))
    await expect(ask(db)).rejects.toMatchObject({ errno: 1146, code: 'ER_NO_SUCH_TABLE' })
    expect(spans()).toEqual([
      expect.objectContaining({
        name: 'SELECT nowhere',
        status: expect.objectContaining({ code: 'error' }),
        attributes: expect.objectContaining({ 'db.response.status_code': '1146', 'error.type': 'ER_NO_SUCH_TABLE' }),
      }),
    ])
    db.destroy()
  })

  it.each<[string, () => any]>([
    ['a connection of promises', async () => traceSql(await mysqlPromise.createConnection(config()))],
    ['a pool of promises', () => traceSql(mysqlPromise.createPool({ ...config(), connectionLimit: 1 }))],
    ['the promises of a pool', () => traceSql(mysql.createPool({ ...config(), connectionLimit: 1 })).promise()],
  ])('gives each query of %s to whoever asked', async (_, make) => {
    const db = await make()
    await Promise.all(
      Array.from({ length: 5 }, (_item, i) =>
        withSpan(`order ${i}`, async () => {
          const own = correlationId()
          const [rows] = await db.query('SELECT id FROM orders')
          expect([rows.length, correlationId()]).toEqual([2, own])
        }),
      ),
    )
    const parents = telemetry.spans().filter(({ name }) => name.startsWith('order'))
    expect(new Set(spans().map(({ parentSpanId }) => parentSpanId))).toEqual(new Set(parents.map(({ spanId }) => spanId)))
    expect(spans()).toHaveLength(5)
    await db.end()
  })

  it.each<[string, () => any]>([
    ['a connection', () => mysql.createConnection(config())],
    ['a pool', () => mysql.createPool({ ...config(), connectionLimit: 1 })],
  ])('adds the trace to a text of %s, if told so', async (_, make) => {
    const db = traceSql(make(), { comment: true })
    await db.promise().query('UPDATE orders SET id = ?', [7])
    const [span] = spans()
    expect(queries.at(-1)).toMatch(new RegExp(`^UPDATE orders SET id = 7 /\\*traceparent='00-${span?.traceId}-${span?.spanId}-0[13]'\\*/$`))
    if (db.getConnection) await db.promise().end()
    else db.destroy()
  })

  it('traces a transaction statement by statement', async () => {
    const db = traceSql(await mysqlPromise.createConnection(config()))
    await db.beginTransaction()
    await db.query('UPDATE orders SET id = 1')
    await db.commit()
    expect(spans().map(({ name }) => name)).toEqual(['START', 'UPDATE orders', 'COMMIT'])
    await db.end()
  })
})
