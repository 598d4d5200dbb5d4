import { parseTraceId } from '../context/ids.js'
import { reasonOf, refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { parseTime } from '../logs/time.js'
import type { TraceSearch, TraceSearchCut, TraceSpan, TraceSummary } from './types.js'

/** What a span must be; what is absent is not asked for. */
export interface SpanConditions {
  service?: string
  operation?: string
  status?: 'ok' | 'error' | 'unset'
  minDurationNano?: bigint
  attributes: readonly (readonly [string, string | number | boolean])[]
  linkedTo?: string
}

/** A search, checked. */
export interface TraceSearchRequest {
  conditions: SpanConditions
  /** Inclusive; nanoseconds since the epoch. */
  from: bigint | undefined
  /** Exclusive. */
  to: bigint | undefined
  limit: number
  /** In the store's own language, in place of the conditions. */
  query: string | undefined
  signal: AbortSignal | undefined
}

/** The same for a store that is asked by time. */
export type TimedSearchRequest = TraceSearchRequest & { from: bigint; to: bigint }

export const defaultLimit = 100
const conditionNames = ['service', 'operation', 'status', 'minDurationMs', 'attributes', 'linkedTo'] as const
const statuses = ['ok', 'error', 'unset']

/** What can be asked of a store: in a query language of its own, and by the links of spans. */
interface Store {
  name: string
  language?: string
  links?: true
}

/**
 * @param store - for an error
 * @throws SpanlogError INVALID_TIME, INVALID_OPTION, INVALID_TRACE_ID
 */
export function parseTraceSearch(search: TraceSearch, store: Store): TraceSearchRequest {
  if (typeof search !== 'object' || search === null) throw unexpected('query', 'an object', search)
  refuseUnknownOptions('search', search, [...conditionNames, 'from', 'to', 'limit', 'query', 'signal'])
  const { limit = defaultLimit, query, signal } = search
  if (!Number.isSafeInteger(limit) || limit < 1) throw unexpected('limit', 'a positive integer', limit)
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw unexpected('signal', 'an AbortSignal', signal)
  if (query !== undefined) checkQuery(search, store)
  if (search.linkedTo !== undefined && store.links !== true) {
    throw new SpanlogError('INVALID_OPTION', `search has no \`linkedTo\` for ${store.name}, which cannot search by links`, {
      remedy: 'ask a store that can: Tempo, or files',
    })
  }
  const now = Date.now()
  const from = search.from === undefined ? undefined : parseTime('from', search.from, now)
  const to = search.to === undefined ? undefined : parseTime('to', search.to, now)
  if (from !== undefined && to !== undefined && from >= to) {
    throw unexpected('from', `before \`to\` (${to}), which is exclusive`, from, 'INVALID_TIME')
  }
  return { conditions: parseConditions(search), from, to, limit, query, signal }
}

const hourNano = 3_600_000_000_000n

/** Likewise; without a window, the last hour before its end. */
export function parseTimedSearch(search: TraceSearch, store: Store): TimedSearchRequest {
  const request = parseTraceSearch(search, store)
  const to = request.to ?? BigInt(Date.now()) * 1_000_000n
  const from = request.from ?? (to > hourNano ? to - hourNano : 0n)
  if (from >= to) throw unexpected('from', 'before now, where `to` is not given', from, 'INVALID_TIME')
  return { ...request, from, to }
}

function checkQuery(search: TraceSearch, { name, language }: Store): void {
  const { query } = search
  if (language === undefined) {
    throw new SpanlogError('INVALID_OPTION', `search has no \`query\` for ${name}, which has no query language`, {
      remedy: `give ${conditionNames.join(', ')}`,
    })
  }
  if (typeof query !== 'string' || query.trim() === '') throw unexpected('query', `a text in ${language}`, query)
  const beside = conditionNames.find((option) => search[option] !== undefined)
  if (beside !== undefined) {
    throw new SpanlogError('INVALID_OPTION', `Expected \`query\` or \`${beside}\`, got both`, { remedy: `say all of it in ${language}` })
  }
}

function parseConditions({ service, operation, status, minDurationMs, attributes = {}, linkedTo }: TraceSearch): SpanConditions {
  for (const [option, value] of Object.entries({ service, operation })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw unexpected(option, 'a string that is not empty', value)
  }
  if (status !== undefined && !statuses.includes(status)) throw unexpected('status', `one of ${statuses.join(', ')}`, status)
  const isDuration = minDurationMs === undefined || (Number.isFinite(minDurationMs) && minDurationMs >= 0 && minDurationMs <= 1e12)
  if (!isDuration) throw unexpected('minDurationMs', 'milliseconds, 0 or more', minDurationMs)
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    throw unexpected('attributes', 'an object of strings, numbers and booleans', attributes)
  }
  for (const [key, value] of Object.entries(attributes)) {
    const isPlain = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
    if (key === '' || !isPlain) throw unexpected(`attributes.${key}`, 'a string, a finite number or a boolean', value)
  }
  return {
    ...(service !== undefined && { service }),
    ...(operation !== undefined && { operation }),
    ...(status !== undefined && { status }),
    ...(minDurationMs !== undefined && { minDurationNano: BigInt(Math.round(minDurationMs * 1e6)) }),
    attributes: Object.entries(attributes),
    ...(linkedTo !== undefined && { linkedTo: parseTraceId(linkedTo) }),
  }
}

/** Whether one span is all that is asked for. Attributes are compared as texts: some stores make texts of them. */
export function fits(span: TraceSpan, { service, operation, status, minDurationNano, attributes, linkedTo }: SpanConditions): boolean {
  return (
    (service === undefined || span.service === service) &&
    (operation === undefined || span.name === operation) &&
    (status === undefined || span.status.code === status) &&
    (minDurationNano === undefined || span.endUnixNano - span.startUnixNano >= minDurationNano) &&
    (linkedTo === undefined || span.links.some(({ traceId }) => traceId === linkedTo)) &&
    attributes.every(([key, value]) => isText(span.attributes[key], value) || isText(span.resource[key], value))
  )
}

function isText(value: unknown, wanted: string | number | boolean): boolean {
  return (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') && String(value) === String(wanted)
}

/** Whether a trace was under way in the window. */
export function isWithin(
  { startUnixNano, durationMs }: TraceSummary,
  { from, to }: { from: bigint | undefined; to: bigint | undefined },
): boolean {
  // Stores round durations to the millisecond.
  const end = startUnixNano + BigInt(Math.ceil(durationMs)) * 1_000_000n
  return (to === undefined || startUnixNano < to) && (from === undefined || end >= from)
}

/** What a store answered to a search. */
export interface Found {
  /** In any order, and more than the limit where there are more. */
  summaries: readonly TraceSummary[]
  /** Why there may be more. */
  reasons: readonly { code: string; message: string }[]
}

/** The traces that a search hands out: the newest first, then why there may be more. What `find` throws is such a reason. */
export async function* handOut(limit: number, find: () => Promise<Found>): AsyncGenerator<TraceSummary | TraceSearchCut, void> {
  let found: Found
  try {
    found = await find()
  } catch (error) {
    found = { summaries: [], reasons: [reasonOf(error)] }
  }
  const newest = found.summaries.toSorted(
    (a, b) => Number(b.startUnixNano - a.startUnixNano) || (a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0),
  )
  yield* newest.slice(0, limit)
  if (newest.length > limit) yield { cut: true, ...limitReached(limit) }
  for (const reason of found.reasons) yield { cut: true, ...reason }
}

/** All that a search hands out. */
export async function gather(search: AsyncIterable<TraceSummary | TraceSearchCut>): Promise<Found> {
  const summaries: TraceSummary[] = []
  const reasons: Found['reasons'][number][] = []
  for await (const item of search) {
    if ('cut' in item) reasons.push({ code: item.code, message: item.message })
    else summaries.push(item)
  }
  return { summaries, reasons }
}

export function limitReached(limit: number): { code: string; message: string } {
  return { code: 'LIMIT_REACHED', message: `there are more than these ${limit}; raise the limit, or narrow the window` }
}
