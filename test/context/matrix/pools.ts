import { AsyncResource } from 'node:async_hooks'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'
import { freePort } from '../../support/port.js'
import { outside, type Place, type Row } from './row.js'

let postgres: Promise<{ port: number; stop(): Promise<void> }> | undefined

/** Once for all rows: to start it takes seconds. */
export async function startPostgres(): Promise<void> {
  await (postgres ??= outside(start))
}

async function start() {
  const db = await PGlite.create()
  const port = await freePort()
  const server = new PGLiteSocketServer({ db, port, host: '127.0.0.1', maxConnections: 8 })
  await server.start()
  return {
    port,
    async stop() {
      await server.stop()
      await db.close()
    },
  }
}

export async function stopPostgres(): Promise<void> {
  await (await postgres)?.stop()
}

/** A pool of one connection, which another request has opened and used. */
async function openPool({ elsewhere, after }: Place): Promise<pg.Pool> {
  const { port } = await (postgres ??= outside(start))
  const pool = outside(() => new pg.Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 1 }))
  after(() => pool.end())
  await elsewhere(() => pool.query('select 1'))
  return pool
}

/** The pool's one connection, taken by another request, which gives it back soon. */
async function occupy(pool: pg.Pool, { elsewhere }: Place): Promise<void> {
  const client = await elsewhere(() => pool.connect())
  setTimeout(() => elsewhere(() => client.release()), 5)
}

/** A pool as many are written: what asks while it is busy stands in a queue, and is called by whoever gives something back. */
function plainPool(bindCallback: (callback: () => void) => () => void) {
  const waiting: (() => void)[] = []
  return { acquire: (callback: () => void) => void waiting.push(bindCallback(callback)), release: () => waiting.shift()?.() }
}

export const pools: Row[] = [
  {
    where: 'pg (Postgres): after `await pool.query`, on a connection that another request opened',
    async run(place) {
      const pool = await openPool(place)
      await pool.query('select 1')
      place.see()
    },
  },
  {
    where: 'pg: after `await pool.query` that waited for the connection of another request',
    async run(place) {
      const pool = await openPool(place)
      await occupy(pool, place)
      await pool.query('select 1')
      place.see()
    },
  },
  {
    where: 'pg: after `await pool.connect()`, and in the transaction on that client',
    async run(place) {
      const pool = await openPool(place)
      await occupy(pool, place)
      const client = await pool.connect()
      place.see()
      await client.query('begin')
      await client.query('commit')
      place.see()
      client.release()
    },
  },
  {
    where: 'pg: the callback of `pool.query(text, callback)`',
    how: '`pool.query(text, bindTrace(callback))`, or `await`',
    async run(place) {
      const pool = await openPool(place)
      await new Promise<void>((resolve) => {
        const callback = () => (place.see(), resolve())
        pool.query('select 1', place.bind(callback))
      })
    },
  },
  {
    where: 'pg: the callback of `pool.query(text, callback)` that waited for the connection of another request',
    how: '`pool.query(text, bindTrace(callback))`, or `await`',
    async run(place) {
      const pool = await openPool(place)
      await occupy(pool, place)
      await new Promise<void>((resolve) => {
        const callback = () => (place.see(), resolve())
        pool.query('select 1', place.bind(callback))
      })
    },
  },
  {
    where: 'pg: the callback of `client.query(text, callback)`',
    how: '`client.query(text, bindTrace(callback))`, or `await`',
    async run(place) {
      const pool = await openPool(place)
      const client = await pool.connect()
      await new Promise<void>((resolve) => {
        const callback = () => (place.see(), resolve())
        client.query('select 1', place.bind(callback))
      })
      client.release()
    },
  },
  {
    where: 'pg: `row` and `end` of a `Query`',
    how: '`bindTrace(query)`',
    async run(place) {
      const pool = await openPool(place)
      const client = await pool.connect()
      const query = place.bind(client.query(new pg.Query('select 1')))
      query.on('row', () => place.see())
      await new Promise<void>((resolve) => {
        query.on('end', () => (place.see(), resolve()))
      })
      client.release()
    },
  },
  {
    where: 'pg: `notice` of a pooled connection',
    how: '`client.once(name, bindTrace(listener))`, removed before `release()`',
    async run(place) {
      const pool = await openPool(place)
      const client = await pool.connect()
      client.once(
        'notice',
        place.bind(() => place.see()),
      )
      await client.query("do $$ begin raise notice 'heard'; end $$")
      client.release()
    },
  },
  {
    where: 'the callback that a pool of one’s own keeps until another request gives something back',
    how: '`pool.acquire(bindTrace(callback))`',
    run({ see, bind, elsewhere }) {
      const pool = plainPool((callback) => callback)
      pool.acquire(bind(() => see()))
      elsewhere(pool.release)
    },
  },
  {
    where: 'the same where the pool keeps it by `AsyncResource.bind`',
    run({ see, elsewhere }) {
      const pool = plainPool((callback) => AsyncResource.bind(callback))
      pool.acquire(() => see())
      elsewhere(pool.release)
    },
  },
]
