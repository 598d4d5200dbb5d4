import { once } from 'node:events'
import { createRequire } from 'node:module'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'
import QueryStream from 'pg-query-stream'
import { correlationId, SpanlogError, withSpan } from 'spanlog'
import { traceSql } from 'spanlog/sql'
import { recordTelemetry } from 'spanlog/testing'
import type { TraceSpan } from 'spanlog/traces'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../support/port.js'

// It has no types.
const require = createRequire(import.meta.url)
const Cursor = require('pg-cursor') as new (text: string) => { read(rows: number): Promise<unknown[]>; close(): Promise<void> }

const telemetry = recordTelemetry()
let database: PGlite
let server: PGLiteSocketServer
let port: number
beforeAll(async () => {
  database = await PGlite.create()
  await database.exec("CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'one'), (2, 'two'), (3, 'three')")
  port = await freePort()
  server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port, maxConnections: 4 })
  await server.start()
})
afterAll(async () => {
  telemetry.stop()
  await server.stop()
  await database.close()
})

const config = () => ({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', password: 'x' })
const open: { end(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.end()))
  telemetry.reset()
})

async function client(options?: Parameters<typeof traceSql>[1]): Promise<pg.Client> {
  const made = new pg.Client(config())
  await made.connect()
  open.push(made)
  return traceSql(made, options)
}

function pool(max: number, options?: Parameters<typeof traceSql>[1]): pg.Pool {
  const made = new pg.Pool({ ...config(), max })
  open.push(made)
  return traceSql(made, options)
}

const named = (name: string): TraceSpan[] => telemetry.spans().filter((span) => span.name === name)
const only = (name: string): TraceSpan => {
  const spans = named(name)
  expect(spans).toHaveLength(1)
  return spans[0] as TraceSpan
}

describe('traceSql on a client of pg', () => {
  it('opens a client span under the active one, without the literals', async () => {
    const db = await client()
    const result = await withSpan('order', () => db.query("SELECT * FROM orders WHERE note = 'two' AND id > 0"))
    expect(result.rows).toEqual([{ id: 2, note: 'two' }])
    const span = only('SELECT orders')
    expect(span).toMatchObject({ kind: 'client', parentSpanId: only('order').spanId, status: { code: 'unset' }, events: [] })
    expect(span.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'db.query.text': 'SELECT * FROM orders WHERE note = ? AND id > ?',
      'db.query.summary': 'SELECT orders',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'orders',
      'db.response.returned_rows': 1,
      'server.address': '127.0.0.1',
      'server.port': port,
    })
  })

  it.each([
    ['as it is', 'raw' as const, "SELECT 'two'"],
    ['not at all', false as const, undefined],
  ])('shows the text %s, if told so', async (_, queryText, shown) => {
    const db = await client({ queryText })
    await db.query("SELECT 'two'")
    expect(only('SELECT').attributes['db.query.text']).toBe(shown)
  })

  it.each([
    ['a text and values', (db: pg.Client, done: Done) => db.query('SELECT id FROM orders WHERE id = $1', [2], done)],
    ['a text alone', (db: pg.Client, done: Done) => db.query('SELECT id FROM orders WHERE id = 2', done)],
    ['a configuration', (db: pg.Client, done: Done) => (db.query as Loose)({ text: 'SELECT id FROM orders WHERE id = $1' }, [2], done)],
    [
      'a configuration that has it',
      (db: pg.Client, done: Done) => db.query({ text: 'SELECT id FROM orders WHERE id = $1', values: [2], callback: done } as never),
    ],
    ['a Query', (db: pg.Client, done: Done) => db.query(new pg.Query('SELECT id FROM orders WHERE id = $1', [2], done))],
    ['a Query without it', (db: pg.Client, done: Done) => (db.query as Loose)(new pg.Query('SELECT id FROM orders WHERE id = 2'), done)],
  ])('calls back in the trace of the query, with %s', async (_, ask) => {
    const db = await client()
    const [rows, id, traceId] = await withSpan('order', async (span) => {
      const told = await new Promise<unknown[]>((resolve) => {
        ask(db, (error, result) => resolve([error ?? result.rows, correlationId()]))
      })
      return [...told, span.spanContext().traceId]
    })
    expect(rows).toEqual([{ id: 2 }])
    expect(id).toBe(traceId)
    expect(only('SELECT orders').traceId).toBe(traceId)
  })

  it('leaves the configuration as it was, and takes it again', async () => {
    const db = await client({ comment: true })
    let calls = 0
    const given = Object.freeze({ text: 'SELECT 1', callback: () => calls++ })
    for (let i = 0; i < 3; i++) await new Promise((resolve) => (db.query as Loose)(given, () => resolve(undefined)))
    ;(db.query as Loose)(given)
    await db.query('SELECT 2')
    expect(calls).toBe(1)
    expect(named('SELECT')).toHaveLength(5)
  })

  it('hands out what pg hands out', async () => {
    const plain = new pg.Client(config())
    await plain.connect()
    open.push(plain)
    const db = await client()
    expect(db.query('SELECT 1')).toBeInstanceOf(Promise)
    expect(db.query('SELECT 1', () => {})).toBe(plain.query('SELECT 1', () => {}))
    const query = new pg.Query('SELECT 1')
    expect(db.query(query)).toBe(query)
    const rows = async (one: pg.Client) => (await one.query({ text: 'SELECT id, note FROM orders ORDER BY id', rowMode: 'array' })).rows
    expect(await rows(db)).toEqual(await rows(plain))
    expect(Object.keys(db)).toEqual(Object.keys(plain))
    expect(db).toBeInstanceOf(pg.Client)
  })

  it('gives the rows of a Query as events, in the trace', async () => {
    const db = await client()
    const seen: unknown[] = []
    const traceId = await withSpan('order', async (span) => {
      const query = db.query(new pg.Query('SELECT id FROM orders ORDER BY id'))
      query.on('row', (row) => seen.push([row, correlationId() === span.spanContext().traceId]))
      await once(query, 'end')
      return span.spanContext().traceId
    })
    expect(seen).toEqual([1, 2, 3].map((id) => [{ id }, true]))
    expect(only('SELECT orders').traceId).toBe(traceId)
  })

  it.each([
    ['a promise', (db: pg.Client) => db.query('SELECT * FROM nowhere')],
    ['a callback', (db: pg.Client) => new Promise((_, reject) => db.query('SELECT * FROM nowhere', (error) => reject(error)))],
    [
      "a Query's event",
      async (db: pg.Client) => {
        const [error] = await once(db.query(new pg.Query('SELECT * FROM nowhere')), 'error')
        throw error
      },
    ],
  ])('records what the database refuses, with its code, and passes it on by %s', async (_, ask) => {
    const db = await client()
    const error = await ask(db).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: '42P01', message: 'relation "nowhere" does not exist' })
    const span = only('SELECT nowhere')
    expect(span.status).toEqual({ code: 'error', message: 'relation "nowhere" does not exist' })
    expect(span.attributes).toMatchObject({ 'db.response.status_code': '42P01', 'error.type': '42P01' })
    expect(span.events.map(({ name }) => name)).toEqual(['exception'])
    expect((await db.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('leaves a rejection that nobody handles unhandled', async () => {
    const db = await client()
    const before = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    try {
      const unhandled = once(process, 'unhandledRejection')
      void db.query('SELECT * FROM nowhere')
      expect((await unhandled)[0]).toMatchObject({ code: '42P01' })
    } finally {
      for (const listener of before) process.on('unhandledRejection', listener)
    }
  })

  it('throws what pg throws, and has no open span then', async () => {
    const db = await client()
    expect(() => (db.query as Loose)(undefined)).toThrow('Client was passed a null or undefined query')
    expect(() => (db.query as Loose)('SELECT 1', [], 7)).toThrow('callback is not a function')
    expect(named('SELECT').map(({ status }) => status.code)).toEqual(['error'])
  })

  it('ends the spans of queries whose connection breaks', async () => {
    const db = new pg.Client(config())
    await db.connect()
    db.on('error', () => {})
    traceSql(db)
    const answer = db.query('SELECT 1')
    ;(db as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    await expect(answer).rejects.toThrow('Connection terminated unexpectedly')
    expect(only('SELECT').status.code).toBe('error')
  })

  it('traces a transaction statement by statement', async () => {
    const db = await client()
    await withSpan('pay', async () => {
      await db.query('BEGIN')
      await db.query('UPDATE orders SET note = $1 WHERE id = $2', ['paid', 1])
      await db.query('ROLLBACK')
    })
    expect(telemetry.spans().map(({ name }) => name)).toEqual(['BEGIN', 'UPDATE orders', 'ROLLBACK', 'pay'])
  })

  it.each([
    [
      'adds the trace to a text',
      "SELECT current_query() AS q WHERE 'a' <> 'b'",
      (q: string, span: TraceSpan) =>
        expect(q).toMatch(new RegExp(`^SELECT .* /\\*traceparent='00-${span.traceId}-${span.spanId}-0[13]'\\*/$`)),
    ],
    [
      'leaves a text with a comment alone',
      'SELECT current_query() AS q /* mine */',
      (q: string) => expect(q).toBe('SELECT current_query() AS q /* mine */'),
    ],
  ])('%s, if told so', async (_, text, check) => {
    const db = await client({ comment: true })
    const { rows } = await db.query(text)
    check(rows[0].q, only('SELECT'))
    expect(only('SELECT').attributes['db.query.text']).not.toContain('/*')
  })

  it('adds no comment to a prepared statement, which would be another each time', async () => {
    const db = await client({ comment: true })
    for (const id of [1, 2]) {
      const { rows } = await db.query({ name: 'note', text: 'SELECT note FROM orders WHERE id = $1', values: [id] })
      expect(rows).toHaveLength(1)
    }
    expect(Object.values((db as unknown as { connection: { parsedStatements: object } }).connection.parsedStatements)).toEqual([
      'SELECT note FROM orders WHERE id = $1',
    ])
  })

  it('opens one span where it is traced twice', async () => {
    const db = traceSql(await client())
    await db.query('SELECT 1')
    expect(named('SELECT')).toHaveLength(1)
  })
})

describe('traceSql on a cursor of pg', () => {
  it('ends the span when the cursor has no more rows, and reads in the trace', async () => {
    const db = await client()
    await withSpan('order', async (span) => {
      const cursor = (db.query as Loose)(new Cursor('SELECT id FROM orders ORDER BY id'))
      const read = () =>
        new Promise((resolve, reject) =>
          cursor.read(2, (error: Error, rows: unknown[]) => (error ? reject(error) : resolve([rows.length, correlationId()]))),
        )
      expect([await read(), await read(), await read()]).toEqual([2, 1, 0].map((count) => [count, span.spanContext().traceId]))
    })
    expect(only('SELECT orders')).toMatchObject({ parentSpanId: only('order').spanId, status: { code: 'unset' } })
  })

  it('ends the span of a cursor that is closed before its end', async () => {
    const db = await client()
    const cursor = (db.query as Loose)(new Cursor('SELECT id FROM orders ORDER BY id'))
    await cursor.read(1)
    expect(named('SELECT orders')).toEqual([])
    await cursor.close()
    await db.query('SELECT 1')
    expect(named('SELECT orders')).toHaveLength(1)
  })
})

describe('traceSql on a stream of pg', () => {
  it('ends the span with the stream', async () => {
    const db = await client()
    const rows: unknown[] = []
    for await (const row of (db.query as Loose)(new QueryStream('SELECT id FROM orders ORDER BY id'))) rows.push(row)
    expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
    expect(only('SELECT orders').status.code).toBe('unset')
  })

  it('records what the database refuses, and the stream fails with it', async () => {
    const db = await client()
    const [error] = await once((db.query as Loose)(new QueryStream('SELECT * FROM nowhere')).resume(), 'error')
    expect(error).toMatchObject({ code: '42P01' })
    expect(only('SELECT nowhere').attributes).toMatchObject({ 'db.response.status_code': '42P01' })
  })
})

describe('traceSql on a pool of pg', () => {
  it('traces what goes through the pool and through its clients', async () => {
    const db = pool(2)
    await withSpan('order', async () => {
      await db.query('SELECT * FROM orders')
      const lent = await db.connect()
      await lent.query('DELETE FROM orders WHERE id = 99')
      lent.release()
    })
    const { spanId } = only('order')
    expect([only('SELECT orders').parentSpanId, only('DELETE orders').parentSpanId]).toEqual([spanId, spanId])
  })

  it('gives each query to whoever asked, though one connection serves all', async () => {
    const db = pool(1)
    await db.query('SELECT 1')
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        withSpan(`order ${i}`, async () => {
          const own = correlationId()
          await db.query('SELECT * FROM orders')
          expect(correlationId()).toBe(own)
          await new Promise((resolve) => db.query('SELECT 1', () => resolve(expect(correlationId()).toBe(own))))
        }),
      ),
    )
    const parents = telemetry.spans().filter(({ name }) => name.startsWith('order '))
    for (const { traceId, spanId } of parents) {
      const own = telemetry.spans().filter((span) => span.traceId === traceId && span.kind === 'client' && span.name.startsWith('SELECT'))
      expect(own.map(({ name }) => name).toSorted()).toEqual(['SELECT', 'SELECT orders'])
      expect(own.map(({ parentSpanId }) => parentSpanId)).toEqual([spanId, spanId])
    }
  })

  it('shows the wait for a connection, and only where there is one', async () => {
    const db = pool(1)
    await db.query('SELECT 1')
    telemetry.reset()
    await db.query('SELECT 1')
    expect(named('wait for connection')).toEqual([])
    const lent = await db.connect()
    const waiting = db.query('SELECT 2')
    lent.release()
    await waiting
    expect(only('wait for connection').attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'server.address': '127.0.0.1',
      'server.port': port,
    })
  })

  it('records that no connection is to be had, and passes it on', async () => {
    const db = traceSql(new pg.Pool({ ...config(), port: await freePort() }))
    await expect(db.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await db.end()
    const span = only('wait for connection')
    expect(span.status.code).toBe('error')
    expect(span.attributes['error.type']).toBe('ECONNREFUSED')
    expect(span.attributes).not.toHaveProperty('db.response.status_code')
  })

  it('traces a pool that is already in use, and calls back from connect', async () => {
    const db = new pg.Pool({ ...config(), max: 1 })
    open.push(db)
    await db.query('SELECT 1')
    traceSql(db)
    const rows = await new Promise((resolve, reject) =>
      db.connect((error, lent, release) => {
        if (error || lent === undefined) return reject(error)
        lent.query('SELECT id FROM orders WHERE id = 1', (failure, result) => {
          release()
          if (failure) reject(failure)
          else resolve(result.rows)
        })
      }),
    )
    expect(rows).toEqual([{ id: 1 }])
    expect(named('SELECT orders')).toHaveLength(1)
  })
})

describe('traceSql', () => {
  it.each([
    ['what is no client', [{}], /`client` to be a client of pg/],
    ['nothing', [undefined], /`client` to be a database client/],
    ['a misspelt option', [{ query() {} }, { comments: true }], /has no option `comments`/],
    ['a queryText of another kind', [{ query() {} }, { queryText: true }], /`queryText` to be 'sanitized', 'raw' or false/],
    ['a comment that is no boolean', [{ query() {} }, { comment: 'yes' }], /`comment` to be a boolean/],
  ])('refuses %s', (_, args, message) => {
    expect(() => (traceSql as Loose)(...args)).toThrow(SpanlogError)
    expect(() => (traceSql as Loose)(...args)).toThrow(message)
  })
})

type Done = (error: Error | undefined, result: pg.QueryResult) => void
// oxlint-disable-next-line typescript/no-explicit-any -- calls that the types forbid
type Loose = (...args: any[]) => any
