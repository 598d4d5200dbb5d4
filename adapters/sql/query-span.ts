import type { Attributes, Context, Span } from '@opentelemetry/api'
import { activeContext, runIn } from '../../src/context/active.js'
import { startSpan } from '../../src/context/span.js'
import { endSpan } from '../../src/context/watch.js'
import { traceparentOf } from '../../src/context/wire.js'
import { recordFailure } from '../failure.js'
import { guarded } from '../http/guarded.js'
import type { TraceSqlOptions } from './options.js'
import { statementOf } from './statement.js'

/** The database behind a client. */
export interface Database {
  system: 'postgresql' | 'mysql' | 'sqlite'
  namespace: string | undefined
  host?: string | undefined
  port?: number | undefined
}

/** The client span of one query. */
export interface QuerySpan {
  /** The query's text as it goes to the database. */
  readonly text: string
  /** Once; what comes later changes nothing. */
  end(error?: unknown, rows?: number): void
  /** A callback of the host's, that runs in the trace it was given in and is told of after the span has ended. */
  callback<F extends (...args: never[]) => unknown>(fn: F, rowsOf?: (result: unknown) => number | undefined): F
}

/**
 * @param commentable - whether the text may change from call to call
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
export function openQuerySpan(database: Database, sql: string, options: TraceSqlOptions, commentable: boolean): QuerySpan {
  const { queryText = 'sanitized', comment = false } = options
  const caller = activeContext()
  const { summary, operation, collection, text } = statementOf(sql, database.system)
  const { span, context } = startSpan(summary ?? database.system, {
    kind: 'client',
    attributes: {
      ...databaseAttributes(database),
      ...(summary !== undefined && { 'db.query.summary': summary }),
      ...(operation !== undefined && { 'db.operation.name': operation }),
      ...(collection !== undefined && { 'db.collection.name': collection }),
      ...(queryText !== false && sql !== '' && { 'db.query.text': queryText === 'raw' ? sql : text }),
    },
  })
  return {
    text: comment && commentable ? withComment(sql, context) : sql,
    ...endings(span, caller),
  }
}

/** The wait for a connection of a pool that has none to spare. */
export function openWaitSpan(database: Database): Pick<QuerySpan, 'end' | 'callback'> {
  const caller = activeContext()
  const { span } = startSpan('wait for connection', { kind: 'client', attributes: databaseAttributes(database) })
  return endings(span, caller)
}

function databaseAttributes({ system, namespace, host, port }: Database): Attributes {
  return {
    'db.system.name': system,
    ...(namespace !== undefined && { 'db.namespace': namespace }),
    ...(host !== undefined && { 'server.address': host }),
    ...(port !== undefined && { 'server.port': port }),
  }
}

function endings(span: Span, caller: Context): Pick<QuerySpan, 'end' | 'callback'> {
  let open = true
  const end = (error?: unknown, rows?: number): void => {
    if (!open) return
    open = false
    const failed = error !== undefined && error !== null
    guarded('a query could not be described', () => {
      if (failed) fail(span, error)
      if (rows !== undefined) span.setAttribute('db.response.returned_rows', rows)
    })
    endSpan(span, failed)
  }
  return {
    end,
    callback<F extends (...args: never[]) => unknown>(fn: F, rowsOf?: (result: unknown) => number | undefined): F {
      return function (this: unknown, ...args: never[]): unknown {
        end(args[0], rowsOf?.(args[1]))
        return runIn(caller, () => fn.apply(this, args))
      } as F
    },
  }
}

function fail(span: Span, error: unknown): void {
  const { code, errno, errcode, sqlState, name } = error as Record<
    'code' | 'errno' | 'errcode' | 'sqlState' | 'name',
    string | number | undefined
  >
  // PostgreSQL's SQLSTATE, MySQL's number, SQLite's name or number; a code of the system's such as ECONNREFUSED is no answer of a database.
  const status =
    typeof code === 'string' && /^(?:[0-9A-Z]{5}|SQLITE_\w+)$/.test(code) ? code : sqlState === undefined ? errcode : (errno ?? sqlState)
  const type = typeof code === 'string' && code !== 'ERR_SQLITE_ERROR' ? code : (status ?? name)
  if (status !== undefined) span.setAttribute('db.response.status_code', String(status))
  recordFailure(span, error, type === undefined ? '_OTHER' : String(type))
}

/** @see https://google.github.io/sqlcommenter/spec/ */
function withComment(sql: string, context: Context): string {
  if (sql === '' || sql.includes('/*') || sql.includes('--') || sql.includes('#')) return sql
  const traceparent = traceparentOf(context)
  return traceparent === undefined ? sql : `${sql} /*traceparent='${traceparent}'*/`
}
