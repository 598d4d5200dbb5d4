import type { TimedSearchRequest } from '../search.js'

/** A search in the third API. The spelling is the one that all of its servers understand. */
export function jaegerParams({ conditions, from, to, limit }: TimedSearchRequest): Record<string, string> {
  const { service, operation, minDurationNano } = conditions
  const tags = tagsOf(conditions)
  return {
    'query.start_time_min': rfc3339(from),
    'query.start_time_max': rfc3339(to),
    'query.num_traces': String(limit + 1),
    'query.raw_traces': 'true',
    ...(service !== undefined && { 'query.service_name': service }),
    ...(operation !== undefined && { 'query.operation_name': operation }),
    ...(minDurationNano !== undefined && { 'query.duration_min': `${minDurationNano}ns` }),
    ...(tags !== undefined && { 'query.attributes': tags }),
  }
}

/** The same in the first, in microseconds. */
export function jaegerV1Params({ conditions, from, to, limit }: TimedSearchRequest): Record<string, string> {
  const { service, operation, minDurationNano } = conditions
  const tags = tagsOf(conditions)
  return {
    start: String(from / 1000n),
    end: String((to + 999n) / 1000n),
    limit: String(limit + 1),
    raw: 'true',
    ...(service !== undefined && { service }),
    ...(operation !== undefined && { operation }),
    ...(minDurationNano !== undefined && { minDuration: `${minDurationNano}ns` }),
    ...(tags !== undefined && { tags }),
  }
}

/** Jaeger knows one status by a tag; the others are told apart once the traces are here. */
function tagsOf({ status, attributes }: TimedSearchRequest['conditions']): string | undefined {
  const tags = [...attributes.map(([key, value]) => [key, String(value)]), ...(status === 'error' ? [['error', 'true']] : [])]
  return tags.length === 0 ? undefined : JSON.stringify(Object.fromEntries(tags))
}

function rfc3339(nano: bigint): string {
  const second = 1_000_000_000n
  const whole = new Date(Number(nano / second) * 1000).toISOString().slice(0, 19)
  return `${whole}.${(nano % second).toString().padStart(9, '0')}Z`
}
