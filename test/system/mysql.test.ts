import { setTimeout } from 'node:timers/promises'
import mysql, { type Pool, type RowDataPacket } from 'mysql2/promise'
import { correlationId, withSpan } from 'spanlog'
import { traceSql } from 'spanlog/sql'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mariadb, type RunningProgram, startProgram } from '../support/program.js'

const telemetry = recordTelemetry()
let server: RunningProgram
let pool: Pool
beforeAll(async () => {
  server = await startProgram(mariadb)
  const setUp = await mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root', multipleStatements: true })
  await setUp.query(
    "CREATE DATABASE shop; USE shop; CREATE TABLE orders (id INT, note TEXT); INSERT INTO orders VALUES (1, 'one'), (2, 'two')",
  )
  await setUp.end()
  pool = traceSql(mysql.createPool({ host: '127.0.0.1', port: server.port, user: 'root', database: 'shop', connectionLimit: 2 }), {
    comment: true,
  })
})
afterEach(() => telemetry.reset())
afterAll(async () => {
  telemetry.stop()
  await pool.end()
  await server.stop()
})

const spans = () => telemetry.spans().filter(({ kind, name }) => kind === 'client' && name !== 'wait for connection')

describe('traceSql on mysql2, with a real MariaDB', () => {
  it('opens a client span under the active one, without the literals', async () => {
    await withSpan('order', async (parent) => {
      const [rows] = await pool.query('SELECT id FROM orders WHERE note = "two" OR id > ?', [1])
      expect(rows).toEqual([{ id: 2 }])
      expect(correlationId()).toBe(parent.spanContext().traceId)
    })
    const [query, parent] = telemetry.spans().filter(({ name }) => name !== 'wait for connection')
    expect(query).toMatchObject({ name: 'SELECT orders', kind: 'client', parentSpanId: parent?.spanId, status: { code: 'unset' } })
    expect(query?.attributes).toMatchObject({
      'db.namespace': 'shop',
      'db.query.text': 'SELECT id FROM orders WHERE note = ? OR id > ?',
      'db.response.returned_rows': 1,
      'server.port': server.port,
    })
  })

  it('prepares and executes without a comment', async () => {
    await withSpan('order', async () => {
      for (const id of [1, 2]) expect((await pool.execute('SELECT note FROM orders WHERE id = ?', [id]))[0]).toHaveLength(1)
    })
    expect(spans().map(({ name }) => name)).toEqual(['SELECT orders', 'SELECT orders'])
  })

  it('shows the trace in the list of what the database is doing', async () => {
    const seen = await withSpan('order', async (span) => {
      const slow = pool.query('SELECT SLEEP(1)')
      await setTimeout(300)
      const [rows] = await pool.query<RowDataPacket[]>('SELECT info FROM information_schema.processlist')
      await slow
      return { texts: rows.map(({ info }) => String(info)), traceId: span.spanContext().traceId }
    })
    expect(seen.texts).toContainEqual(expect.stringMatching(new RegExp(`^SELECT SLEEP\\(1\\) /\\*traceparent='00-${seen.traceId}-`)))
  })

  it('records what the database refuses, and passes it on', async () => {
    await expect(pool.query('SELECT * FROM nowhere')).rejects.toMatchObject({ errno: 1146, code: 'ER_NO_SUCH_TABLE' })
    expect(spans()).toMatchObject([
      {
        name: 'SELECT nowhere',
        status: { code: 'error' },
        attributes: { 'db.response.status_code': '1146', 'error.type': 'ER_NO_SUCH_TABLE' },
      },
    ])
  })

  it('traces a transaction statement by statement, also where it is rolled back', async () => {
    const connection = await pool.getConnection()
    await withSpan('order', async () => {
      await connection.beginTransaction()
      await connection.query("INSERT INTO orders VALUES (3, 'three')")
      await connection.rollback()
    })
    connection.release()
    const names = spans().map(({ name }) => name)
    expect(names).toContain('INSERT orders')
    const [rows] = await pool.query('SELECT id FROM orders')
    expect(rows).toHaveLength(2)
  })
})
