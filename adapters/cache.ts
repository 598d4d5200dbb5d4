import { unexpected } from '../src/errors.js'
import { isRedis, traceRedis } from './cache/ioredis.js'
import { isCache, traceMemory } from './cache/memory.js'
import { checkCacheOptions, type TraceCacheOptions } from './cache/options.js'

export type { TraceCacheOptions }

/**
 * Gives each call of a cache a span that says whether it hit, as `cache.hit`, which `compareTraces` reads. Of `ioredis` each command is a
 * client span (`GET`), a pipeline or transaction one for all of its commands. Of a cache in memory, a `Map` or whatever has `get` and
 * `set`, the calls of `get`, `set`, `delete`, `mget` and those that load what is missing (`load`, `fetch`, `wrap`, `getOrSet`, `memo`)
 * are spans (`get sessions`). Of several keys asked for at once, `cache.hit` means all of them. Keys do not show unless told.
 *
 * Where OpenTelemetry's ioredis instrumentation has patched the client, this span takes the place of its own.
 *
 * @returns the same client
 * @throws SpanlogError INVALID_OPTION if it is no cache; its methods throw and reject as they always did
 * @example
 * ```ts
 * const redis = traceCache(new Redis())
 * const sessions = traceCache(new Map(), { name: 'sessions' })
 * ```
 */
export function traceCache<C extends object>(client: C, options: TraceCacheOptions = {}): C {
  checkCacheOptions(options)
  if (typeof client !== 'object' || client === null) throw unexpected('client', 'a cache', client)
  if (isRedis(client)) traceRedis(client, options)
  else if (isCache(client)) traceMemory(client, options)
  else throw unexpected('client', 'a client of ioredis, or what has `get` and `set`', client)
  return client
}
