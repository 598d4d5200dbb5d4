import { claim, override } from '../instrumented.js'
import type { TraceSqlOptions } from './options.js'
import { openQuerySpan, type QuerySpan } from './query-span.js'

type AnyFunction = (...args: unknown[]) => unknown

/** `better-sqlite3` and `node:sqlite`, which are alike in what is used here: everything happens before the call returns. */
interface SqliteDatabase {
  prepare: AnyFunction
  exec: AnyFunction
  name?: unknown
}

const mark = Symbol.for('spanlog.sql')

export function isSqlite(client: object): client is SqliteDatabase {
  const { prepare, exec } = client as Partial<SqliteDatabase>
  return typeof prepare === 'function' && typeof exec === 'function'
}

export function traceSqlite(client: SqliteDatabase, options: TraceSqlOptions): void {
  if (!claim(client, mark)) return
  const { prepare, exec } = client
  const open = (sql: unknown, commentable: boolean): QuerySpan => {
    const namespace = typeof client.name === 'string' ? client.name : undefined
    return openQuerySpan({ system: 'sqlite', namespace }, typeof sql === 'string' ? sql : '', options, commentable)
  }
  override(client, 'exec', function (this: unknown, ...args: unknown[]) {
    const span = open(args[0], true)
    return during(span, () => exec.call(this, typeof args[0] === 'string' ? span.text : args[0], ...args.slice(1)))
  })
  override(client, 'prepare', function (this: unknown, ...args: unknown[]) {
    const statement = prepare.apply(this, args) as Record<string, unknown>
    for (const method of ['run', 'get', 'all', 'iterate']) {
      const original = statement[method]
      if (typeof original !== 'function') continue
      override(statement, method, function (this: unknown, ...values: unknown[]) {
        const span = open(args[0], false)
        const call = (): unknown => (original as AnyFunction).apply(this, values)
        return method === 'iterate' ? iterated(span, call) : during(span, call)
      })
    }
    return statement
  })
}

function during<T>(span: QuerySpan, fn: () => T): T {
  try {
    const result = fn()
    span.end(undefined, Array.isArray(result) ? result.length : undefined)
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

/** The span of an iteration ends with it, or where it is left. */
function iterated(span: QuerySpan, fn: () => unknown): unknown {
  let rows = 0
  const step = (advance: () => IteratorResult<unknown>): IteratorResult<unknown> => {
    try {
      const result = advance()
      if (result.done === true) span.end(undefined, rows)
      else rows++
      return result
    } catch (error) {
      span.end(error)
      throw error
    }
  }
  let rest: Iterator<unknown>
  try {
    rest = fn() as Iterator<unknown>
  } catch (error) {
    span.end(error)
    throw error
  }
  const iterator: IterableIterator<unknown> = {
    next: () => step(() => rest.next()),
    return: (value?: unknown) => {
      span.end(undefined, rows)
      return rest.return?.(value) ?? { done: true, value }
    },
    [Symbol.iterator]: () => iterator,
  }
  return iterator
}
