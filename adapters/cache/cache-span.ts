import type { Attributes } from '@opentelemetry/api'
import { runIn } from '../../src/context/active.js'
import { startSpan } from '../../src/context/span.js'
import { endSpan } from '../../src/context/watch.js'
import { recordFailure } from '../failure.js'
import { guarded } from '../http/guarded.js'
import type { TraceCacheOptions } from './options.js'

/** What the keys asked for came to; `undefined` where a call asks for none. */
export interface Outcome {
  hits: number
  misses: number
}

/** The span of one call. */
export interface CacheSpan {
  run<T>(fn: () => T): T
  /** Once. */
  end(outcome?: Outcome): void
  /** Once. */
  fail(error: unknown, statusCode?: string): void
}

export function openCacheSpan(name: string, kind: 'client' | 'internal', attributes: Attributes): CacheSpan {
  const { span, context } = startSpan(name, { kind, attributes })
  return {
    run: (fn) => runIn(context, fn),
    end(outcome) {
      guarded('a cache call could not be described', () => {
        if (outcome !== undefined) span.setAttributes(outcomeAttributes(outcome))
      })
      endSpan(span)
    },
    fail(error, statusCode) {
      guarded('a cache call could not be described', () => {
        if (statusCode !== undefined) span.setAttribute('db.response.status_code', statusCode)
        recordFailure(span, error, statusCode)
      })
      endSpan(span, true)
    },
  }
}

/** `cache.hit` of several keys is a hit of them all; `compareTraces` reads it. */
function outcomeAttributes({ hits, misses }: Outcome): Attributes {
  if (hits + misses === 0) return {}
  return { 'cache.hit': misses === 0, ...(hits + misses > 1 && { 'cache.hits': hits, 'cache.misses': misses }) }
}

export function outcomeOf(values: readonly unknown[]): Outcome {
  const misses = values.filter((value) => value === null || value === undefined).length
  return { hits: values.length - misses, misses }
}

export function keyAttributes({ describeKey }: TraceCacheOptions, key: unknown): Attributes {
  const text = typeof key === 'string' || key instanceof Uint8Array ? String(key) : undefined
  const shown = describeKey && text !== undefined ? guarded('describeKey failed', () => describeKey(text)) : undefined
  return typeof shown === 'string' ? { 'cache.key': shown } : {}
}
