// Each query of a pool is a span of the request that asked for it, and the database sees the trace.
import { Pool } from 'pg'
import { withSpan } from 'spanlog'
import { traceSql } from 'spanlog/sql'
import { startTracing } from 'spanlog/tracing'
import { startDatabase } from './database.mjs'

const tracing = startTracing({ serviceName: 'orders', exporters: ['console'] })
const database = await startDatabase()
const pool = traceSql(new Pool({ ...database.config, max: 1 }), { comment: true })

await withSpan('place order', async () => {
  await pool.query('CREATE TABLE orders (id int, note text)')
  await pool.query('INSERT INTO orders VALUES ($1, $2)', [7, 'two lamps'])
  const { rows } = await pool.query("SELECT current_query() AS seen FROM orders WHERE note = 'two lamps'")
  console.log(rows[0].seen)
  await pool.query('SELECT * FROM customers').catch((error) => console.log(error.message))
})

await pool.end()
await database.stop()
await tracing.shutdown()
