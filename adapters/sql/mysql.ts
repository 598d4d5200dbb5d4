import { EventEmitter } from 'node:events'
import { bindTrace } from '../../src/context/bind.js'
import { claim, insteadOfOthers, override } from '../instrumented.js'
import type { TraceSqlOptions } from './options.js'
import { type Database, openQuerySpan, openWaitSpan } from './query-span.js'

type AnyFunction = (...args: unknown[]) => unknown

interface Config {
  host?: unknown
  port?: unknown
  database?: unknown
}

/** A connection of mysql2, or its pool, in their callback forms; the promise forms stand on those. */
interface MysqlClient {
  query: AnyFunction
  execute: AnyFunction
  getConnection?: AnyFunction
  config?: Config & { connectionConfig?: Config }
  _freeConnections?: { length: number }
}

/** What `query` takes from the pool, and returns: a command that calls back, or emits. */
interface Command {
  sql?: unknown
  onResult?: unknown
}

const mark = Symbol.for('spanlog.sql')

/** The callback form behind a client of mysql2, all of which have `execute`; undefined where it is another driver's. */
export function mysqlClientOf(client: object): MysqlClient | undefined {
  const { execute, connection, pool } = client as { execute?: unknown; connection?: MysqlClient; pool?: MysqlClient }
  if (typeof execute !== 'function') return undefined
  return [connection, pool].find((one) => typeof one?.execute === 'function') ?? (client as MysqlClient)
}

export function traceMysql(client: MysqlClient, options: TraceSqlOptions): void {
  if (!claim(client, mark)) return
  if (typeof client.getConnection === 'function') tracePool(client as MysqlClient & { getConnection: AnyFunction }, options)
  else for (const method of ['query', 'execute'] as const) traceMethod(client, method, options)
}

function tracePool(pool: MysqlClient & { getConnection: AnyFunction }, options: TraceSqlOptions): void {
  const { getConnection, query } = pool
  override(pool, 'getConnection', function (this: MysqlClient, callback: AnyFunction) {
    const wait = (this._freeConnections?.length ?? 1) > 0 ? undefined : openWaitSpan(databaseOf(this))
    const bound = wait === undefined ? bindTrace(callback) : wait.callback(callback)
    return insteadOfOthers(getConnection, () =>
      getConnection.call(this, (error: unknown, connection: unknown) => {
        if (connection) traceMysql(connection as MysqlClient, options)
        return bound(error, connection)
      }),
    )
  })
  // Its own `query` asks for a connection first: listeners are added before it has one.
  override(pool, 'query', function (this: unknown, ...args: unknown[]) {
    const command = query.apply(this, args)
    return command instanceof EventEmitter ? bindTrace(command) : command
  })
}

function traceMethod(connection: MysqlClient, method: 'query' | 'execute', options: TraceSqlOptions): void {
  const original = connection[method]
  override(connection, method, function (this: MysqlClient, ...args: unknown[]) {
    const [given] = args as [string | Command | undefined]
    const command = typeof given === 'object' && given !== null ? given : undefined
    const sql = typeof given === 'string' ? given : typeof command?.sql === 'string' ? command.sql : ''
    const isOwn = command instanceof EventEmitter
    const span = openQuerySpan(databaseOf(this), sql, options, method === 'query')
    // A pool makes a command of each query before it has a connection.
    if (span.text !== sql && isOwn) command.sql = span.text
    else if (span.text !== sql) args[0] = command === undefined ? span.text : { ...command, sql: span.text }

    const at = args.findIndex((arg) => typeof arg === 'function')
    if (at > 0) args[at] = span.callback(args[at] as AnyFunction, rowsOf)
    const calledBack = at > 0 || (isOwn && typeof command?.onResult === 'function')
    if (at < 0 && isOwn && typeof command?.onResult === 'function')
      command.onResult = span.callback(command.onResult as AnyFunction, rowsOf)
    let result: unknown
    try {
      result = insteadOfOthers(original, () => original.apply(this, args))
    } catch (error) {
      span.end(error)
      throw error
    }
    if (result instanceof EventEmitter) {
      bindTrace(result)
      if (!calledBack) observe(result, (error) => span.end(error))
    }
    return result
  })
}

/** Not by listeners: one for `error` would make an uncaught error a caught one. */
function observe(command: EventEmitter, end: (error?: unknown) => void): void {
  const emit = command.emit.bind(command)
  override(command, 'emit', (event: string, ...args: unknown[]) => {
    if (event === 'error') end(args[0])
    if (event === 'end') end()
    return emit(event, ...args)
  })
}

function rowsOf(rows: unknown): number | undefined {
  return Array.isArray(rows) ? rows.length : undefined
}

function databaseOf({ config = {} }: MysqlClient): Database {
  const { host, port, database } = config.connectionConfig ?? config
  return {
    system: 'mysql',
    namespace: typeof database === 'string' ? database : undefined,
    host: typeof host === 'string' ? host : undefined,
    port: typeof port === 'number' ? port : undefined,
  }
}
