import { claim, override } from '../instrumented.js'
import { type CacheSpan, keyAttributes, type Outcome, openCacheSpan, outcomeOf } from './cache-span.js'
import type { TraceCacheOptions } from './options.js'

type AnyFunction = (...args: unknown[]) => unknown

/** A `Map`, an LRU, a client of some store: what has `get` and `set`, at once or by a promise. */
interface Cache {
  get: AnyFunction
  set: AnyFunction
  has?: AnyFunction
}

const mark = Symbol.for('spanlog.cache')
const plain = ['set', 'delete', 'del'] as const
const many = ['mget', 'getMany'] as const
// Which look first and load what is not there.
const loading = ['load', 'fetch', 'wrap', 'getOrSet', 'memo'] as const

export function isCache(client: object): client is Cache {
  const { get, set } = client as Partial<Cache>
  return typeof get === 'function' && typeof set === 'function'
}

export function traceMemory(cache: Cache, options: TraceCacheOptions): void {
  if (!claim(cache, mark)) return
  const { name = 'cache' } = options
  // As it was before: asking for it is no call of the host's.
  const has = cache.has?.bind(cache)
  // A cache's own methods call each other: the outermost is the host's.
  let inside = false

  const trace = (method: string, outcomeOfCall: OutcomeOfCall): void => {
    const original = (cache as unknown as Record<string, unknown>)[method]
    if (typeof original !== 'function') return
    override(cache, method, function (this: unknown, ...args: unknown[]) {
      if (inside) return (original as AnyFunction).apply(this, args)
      const span = openCacheSpan(`${method} ${name}`, 'internal', { 'cache.name': name, ...keyAttributes(options, args[0]) })
      const call = outcomeOfCall(args)
      return settle(span, call.outcome, () => {
        inside = true
        try {
          return (original as AnyFunction).apply(this, call.args)
        } finally {
          inside = false
        }
      })
    })
  }

  trace('get', (args) => ({ args, outcome: (value) => outcomeOf([value]) }))
  for (const method of many)
    trace(method, (args) => ({ args, outcome: (values) => (Array.isArray(values) ? outcomeOf(values) : undefined) }))
  for (const method of plain) trace(method, (args) => ({ args, outcome: () => undefined }))
  for (const method of loading) trace(method, loaded)

  /** A miss is where the loader runs; where the call brings none, where the key was not there. */
  function loaded(args: unknown[]): ReturnType<OutcomeOfCall> {
    const at = args.findIndex((arg) => typeof arg === 'function')
    const hadIt = at < 0 ? has?.(args[0]) === true : true
    let missed = !hadIt
    const known = at >= 0 || has !== undefined
    const loader = args[at] as AnyFunction
    const watched = function (this: unknown, ...given: unknown[]): unknown {
      missed = true
      // What it asks of the cache is its own affair, and the host's.
      const before = inside
      inside = false
      try {
        return loader.apply(this, given)
      } finally {
        inside = before
      }
    }
    const outcome = (): Outcome | undefined => (known ? { hits: missed ? 0 : 1, misses: missed ? 1 : 0 } : undefined)
    return { args: at < 0 ? args : args.with(at, watched), outcome }
  }
}

type OutcomeOfCall = (args: unknown[]) => { args: unknown[]; outcome: (value: unknown) => Outcome | undefined }

function settle(span: CacheSpan, outcome: (value: unknown) => Outcome | undefined, fn: () => unknown): unknown {
  let result: unknown
  try {
    result = span.run(fn)
  } catch (error) {
    span.fail(error)
    throw error
  }
  if (!(result instanceof Promise)) {
    span.end(outcome(result))
    return result
  }
  return result.then(
    (value: unknown) => {
      span.end(outcome(value))
      return value
    },
    (error: unknown) => {
      span.fail(error)
      throw error
    },
  )
}
