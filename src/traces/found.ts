import { reasonOf } from '../errors.js'
import type { ReadSpans } from './collector.js'
import { type Found, fits, isWithin, limitReached, type TraceSearchRequest } from './search.js'
import { Summaries } from './summaries.js'

/**
 * What a store found, where it answers a search with whole traces; asked for one more than the limit. Each is held against the
 * conditions again: stores compare in ways of their own, and some conditions they do not know.
 */
export function foundIn({ spans, skipped, problem }: ReadSpans, request: TraceSearchRequest): Found {
  const summaries = new Summaries()
  for (const span of spans) summaries.add(span, fits(span, request.conditions))
  const inside = summaries.found().filter((summary) => isWithin(summary, request))
  const isFull = summaries.size > request.limit
  return {
    summaries: inside,
    reasons: [
      ...(isFull && inside.length <= request.limit ? [limitReached(request.limit)] : []),
      ...(skipped > 0 ? [reasonOf(problem)] : []),
    ],
  }
}
