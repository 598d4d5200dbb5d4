import { unexpected } from '../src/errors.js'
import { mysqlClientOf, traceMysql } from './sql/mysql.js'
import { checkSqlOptions, type TraceSqlOptions } from './sql/options.js'
import { isPgPool, tracePgClient, tracePgPool } from './sql/pg.js'
import { isSqlite, traceSqlite } from './sql/sqlite.js'

export type { TraceSqlOptions }

/**
 * Gives each query of a database client a client span, named by what it does (`SELECT orders`): of `pg` (`Client`, `Pool`), `mysql2`
 * (connections and pools, with callbacks and with promises), `better-sqlite3` and `node:sqlite`. Promises, callbacks, cursors, query
 * streams and events work as before, and callbacks run in the trace of the query. The wait for a connection that a pool has not at
 * hand is a span of its own. Literals do not show in `db.query.text`. What a query fails with is recorded with the database's code, and passed on.
 *
 * Where an OpenTelemetry instrumentation has patched the driver, this span takes the place of its own.
 *
 * @returns the same client
 * @throws SpanlogError INVALID_OPTION if it is no such client; its methods throw and reject as they always did
 * @example
 * ```ts
 * const pool = traceSql(new pg.Pool())
 * await pool.query('SELECT * FROM orders WHERE id = $1', [id])
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
export function traceSql<C extends object>(client: C, options: TraceSqlOptions = {}): C {
  checkSqlOptions(options)
  if (typeof client !== 'object' || client === null) throw unexpected('client', 'a database client', client)
  const mysql = mysqlClientOf(client)
  if (mysql !== undefined) traceMysql(mysql, options)
  else if (isSqlite(client)) traceSqlite(client, options)
  else if (isPgPool(client)) tracePgPool(client, options)
  else if ('query' in client && typeof client.query === 'function') tracePgClient(client as never, options)
  else throw unexpected('client', 'a client of pg, mysql2, better-sqlite3 or node:sqlite', client)
  return client
}
