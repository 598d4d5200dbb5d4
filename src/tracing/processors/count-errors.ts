import { type HrTime, SpanStatusCode } from '@opentelemetry/api'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { observer } from './stage.js'
import type { EndedSpan, TraceProcessor } from './types.js'

/** Failed spans that are alike. */
export interface ErrorCount {
  readonly service: string
  /** The span's name. */
  readonly operation: string
  /** That of the exception that was recorded last, else `error.type`, else `error`. */
  readonly type: string
  readonly count: number
  /** Nanoseconds since the epoch: when the first and the latest of them ended. */
  readonly firstUnixNano: bigint
  readonly lastUnixNano: bigint
  /** Of the latest one: 32 hex digits. */
  readonly sampleTraceId: string
  /** Whether that one is sampled, so that a store may have it; under tail sampling it is not decided yet. */
  readonly sampled: boolean
}

/** What `countErrors` returns. */
export interface ErrorCounter extends TraceProcessor {
  /** The most frequent first; what is counted later does not change it. */
  errors(): ErrorCount[]
  /** Failed spans whose groups were let go, as the ones seen longest ago, to keep within `maxGroups`. */
  readonly forgotten: number
  reset(): void
}

/**
 * Counts failed spans by service, operation and type of error, in memory; also those that are recorded but not exported.
 *
 * @param options - `maxGroups`: groups to keep, by default 1,000
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const failed = countErrors()
 * startTracing({ serviceName: 'orders', processors: [failed] })
 * app.get('/debug/errors', (_, res) => res.json(failed.errors().map(({ operation, type, count }) => ({ operation, type, count }))))
 * ```
 */
export function countErrors(options: { maxGroups?: number } = {}): ErrorCounter {
  refuseUnknownOptions('countErrors', options, ['maxGroups'])
  const { maxGroups = 1_000 } = options
  if (!Number.isSafeInteger(maxGroups) || maxGroups < 1) throw unexpected('maxGroups', 'a positive integer', maxGroups)
  // The one seen longest ago first.
  const groups = new Map<string, ErrorCount>()
  let forgotten = 0

  return {
    ...observer('countErrors', {
      onEnd(span) {
        if (span.status.code === SpanStatusCode.ERROR) count(span)
      },
    }),
    errors: () => [...groups.values()].toSorted((a, b) => b.count - a.count),
    get forgotten() {
      return forgotten
    },
    reset() {
      groups.clear()
      forgotten = 0
    },
  }

  function count(span: EndedSpan): void {
    const service = String(span.resource.attributes['service.name'] ?? 'unknown_service')
    const type = typeOf(span)
    const key = JSON.stringify([service, span.name, type])
    const endUnixNano = unixNano(span.endTime)
    const known = groups.get(key)
    const { traceId, traceFlags } = span.spanContext()
    groups.delete(key)
    groups.set(key, {
      service,
      operation: span.name,
      type,
      count: (known?.count ?? 0) + 1,
      firstUnixNano: known === undefined || endUnixNano < known.firstUnixNano ? endUnixNano : known.firstUnixNano,
      lastUnixNano: known === undefined || endUnixNano > known.lastUnixNano ? endUnixNano : known.lastUnixNano,
      sampleTraceId: traceId,
      sampled: (traceFlags & 1) === 1,
    })
    if (groups.size > maxGroups) letGo()
  }

  function letGo(): void {
    const [oldest] = groups
    if (oldest === undefined) return
    groups.delete(oldest[0])
    forgotten += oldest[1].count
  }
}

function typeOf({ events, attributes }: EndedSpan): string {
  const exception = events.findLast((event) => event.attributes?.['exception.type'] !== undefined)
  return String(exception?.attributes?.['exception.type'] ?? attributes['error.type'] ?? 'error')
}

function unixNano([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}
