import { refuseUnknownOptions, unexpected } from '../../src/errors.js'

/** What the spans of a cache's calls show. */
export interface TraceCacheOptions {
  /** What a cache in memory is called in its spans: `get sessions`. @defaultValue 'cache' */
  name?: string
  /**
   * What of a key shows, as `cache.key`: keys hold the IDs of people and are many, so that none shows unless told: `(key) => key.split(':')[0]`.
   */
  describeKey?: (key: string) => string | undefined
}

/** @throws SpanlogError INVALID_OPTION */
export function checkCacheOptions(options: TraceCacheOptions): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('traceCache', options, ['name', 'describeKey'])
  const { name, describeKey } = options
  if (name !== undefined && (typeof name !== 'string' || name === '')) throw unexpected('name', 'a non-empty string', name)
  if (describeKey !== undefined && typeof describeKey !== 'function') throw unexpected('describeKey', 'a function', describeKey)
}
