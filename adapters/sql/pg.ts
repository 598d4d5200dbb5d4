import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { bindTrace } from '../../src/context/bind.js'
import { claim, insteadOfOthers, override } from '../instrumented.js'
import type { TraceSqlOptions } from './options.js'
import { type Database, openQuerySpan, openWaitSpan, type QuerySpan } from './query-span.js'

type AnyFunction = (...args: unknown[]) => unknown

/** `pg.Client`, and what else has its `query`. */
interface PgClient {
  query: AnyFunction
  database?: unknown
  host?: unknown
  port?: unknown
}

/** `pg.Pool`: it lends clients to its own `query` as to everybody, by `connect`. */
interface PgPool {
  connect: AnyFunction
  idleCount: number
  waitingCount?: number
  options?: { database?: unknown; host?: unknown; port?: unknown }
}

/** What `query` takes beside texts and configurations: `pg.Query`, `pg-cursor`, `pg-query-stream`. */
interface Submittable {
  submit: AnyFunction
  text?: unknown
  cursor?: { text?: unknown }
  callback?: unknown
  read?: unknown
  handleError: AnyFunction
  handleReadyForQuery: AnyFunction
}

interface QueryConfig {
  text?: unknown
  name?: unknown
  callback?: unknown
}

const mark = Symbol.for('spanlog.sql')

export function isPgPool(client: object): client is PgPool {
  return 'idleCount' in client && 'totalCount' in client && typeof (client as Partial<PgPool>).connect === 'function'
}

export function tracePgPool(pool: PgPool, options: TraceSqlOptions): void {
  if (!claim(pool, mark)) return
  const { connect } = pool
  const lent = (client: unknown): void => {
    if (typeof client === 'object' && client !== null) tracePgClient(client as PgClient, options)
  }
  override(pool, 'connect', function (this: PgPool, callback?: unknown) {
    const wait = this.idleCount > (this.waitingCount ?? 0) ? undefined : openWaitSpan(databaseOf(pool.options ?? {}))
    const given = typeof callback === 'function' ? (callback as AnyFunction) : undefined
    // The pool calls it from the context of whoever gave the client back.
    const bound = given && (wait === undefined ? bindTrace(given) : wait.callback(given))
    const told = (error: unknown, client: unknown, release: unknown): unknown => {
      lent(client)
      return bound?.(error, client, release)
    }
    const result = insteadOfOthers(connect, () => connect.call(this, given ? told : callback))
    if (given !== undefined) return result
    const connected = (client: unknown): void => {
      lent(client)
      wait?.end()
    }
    return settling(result, connected, (error) => wait?.end(error))
  })
}

export function tracePgClient(client: PgClient, options: TraceSqlOptions): void {
  if (!claim(client, mark)) return
  const { query } = client
  override(client, 'query', function (this: PgClient, config: unknown, values?: unknown, callback?: unknown) {
    const args = [config, values, callback].slice(0, arguments.length)
    if (config === undefined || config === null) return query.apply(this, args)
    const given = config as QueryConfig & Partial<Submittable>
    const database = databaseOf(this)
    if (typeof given.submit === 'function') return submit(this, database, given as Submittable, args)

    const sql = textOf(typeof config === 'string' ? config : given.text)
    const span = openQuerySpan(database, sql, options, given.name === undefined)
    const own = [callback, values, given.callback].find((value) => typeof value === 'function') as AnyFunction | undefined
    args[0] = configOf(config, span, sql, own !== undefined)
    if (own !== undefined) args.splice(1, 2, typeof values === 'function' ? undefined : values, span.callback(own, rowsOf))
    const result = attempt(span, () => insteadOfOthers(query, () => query.apply(this, args)))
    return own === undefined
      ? settling(
          result,
          (answer) => span.end(undefined, rowsOf(answer)),
          (error) => span.end(error),
        )
      : result
  })

  function submit(self: PgClient, database: Database, query_: Submittable, args: unknown[]): unknown {
    const span = openQuerySpan(database, textOf(query_.text ?? query_.cursor?.text), options, false)
    observe(query_, span)
    const bound = args.map((arg, i) => (i > 0 && typeof arg === 'function' ? bindTrace(arg as AnyFunction) : arg))
    return attempt(span, () => insteadOfOthers(query, () => query.apply(self, bound)))
  }
}

/** Ends the span by what the client tells each query at its end; a listener for `error` would make an uncaught error a caught one. */
function observe(query: Submittable, span: QuerySpan): void {
  const { handleError, handleReadyForQuery } = query
  override(query, 'handleError', function (this: unknown, ...args: unknown[]) {
    span.end(args[0])
    return handleError.apply(this, args)
  })
  override(query, 'handleReadyForQuery', function (this: unknown, ...args: unknown[]) {
    try {
      // It calls `handleError` itself where a row could not be read.
      return handleReadyForQuery.apply(query, args)
    } finally {
      span.end()
    }
  })
  if (query instanceof EventEmitter) bindTrace(query)
  if (typeof query.callback === 'function') query.callback = bindTrace(query.callback as AnyFunction)
  if (typeof query.read === 'function' && !(query instanceof Readable)) bindRead(query)
}

/** A cursor's rows come to a callback. */
function bindRead(cursor: Submittable): void {
  const read = cursor.read as AnyFunction
  override(cursor, 'read', function (this: unknown, ...args: unknown[]) {
    return read.apply(
      this,
      args.map((arg) => (typeof arg === 'function' ? bindTrace(arg as AnyFunction) : arg)),
    )
  })
}

/** What goes to the driver: as it came, unless its text or its callback has to be another. */
function configOf(config: unknown, span: QuerySpan, sql: string, calledBack: boolean): unknown {
  if (typeof config === 'string') return span.text
  const hasCallback = calledBack && (config as QueryConfig).callback !== undefined
  if (span.text === sql && !hasCallback) return config
  const replaced = { ...(span.text !== sql && { text: span.text }), ...(hasCallback && { callback: undefined }) }
  const descriptors = { ...Object.getOwnPropertyDescriptors(config as object), ...Object.getOwnPropertyDescriptors(replaced) }
  return Object.create(Object.getPrototypeOf(config) as object, descriptors)
}

/** The promise that goes on in place of another: a rejection that nobody handles stays one. */
function settling(promise: unknown, resolved: (value: unknown) => void, rejected: (error: unknown) => void): unknown {
  return (promise as Promise<unknown>).then(
    (value) => {
      resolved(value)
      return value
    },
    (error: unknown) => {
      rejected(error)
      throw error
    },
  )
}

function attempt<T>(span: QuerySpan, fn: () => T): T {
  try {
    return fn()
  } catch (error) {
    span.end(error)
    throw error
  }
}

function rowsOf(result: unknown): number | undefined {
  const { rows } = (result ?? {}) as { rows?: unknown }
  return Array.isArray(rows) ? rows.length : undefined
}

function textOf(text: unknown): string {
  return typeof text === 'string' ? text : ''
}

function databaseOf({ database, host, port }: { database?: unknown; host?: unknown; port?: unknown }): Database {
  return {
    system: 'postgresql',
    namespace: typeof database === 'string' ? database : undefined,
    host: typeof host === 'string' ? host : undefined,
    port: typeof port === 'number' ? port : undefined,
  }
}
