import type { Answer } from '../faults.js'
import { goDuration, lokiTime, promDuration } from './go.js'
import { compileLogql, type PipelineLine } from './logql.js'
import type { LokiStore, Stored } from './store.js'

export interface LokiLimits {
  maxEntries: number
  /** As Loki writes durations; `0s` is none. */
  maxQueryLength: string
  maxQueryLookback: string
  retentionPeriod: string
  discoverServiceName: readonly string[]
  /** What its parts send each other at most at once, 4 MB in a real one. */
  maxMessageBytes: number
}

/** How `totalPostFilterLines` counts: lines of the window, or also those of the same block outside it, as stored blocks are counted. */
export type Statistics = 'window' | 'block'

const maxPoints = 11_000n
/** An ingester sends so many lines at once. */
const batchLines = 128

/** `query_range`: lines for a log query, a matrix for `sum(count_over_time(…))`. Throws refusals as errors with Loki's text. */
export function queryRange(
  store: LokiStore,
  limits: LokiLimits,
  statistics: Statistics,
  query: URLSearchParams,
  categorize: boolean,
): Answer {
  const now = BigInt(Date.now()) * 1_000_000n
  const end = query.has('end') ? lokiTime('end', query.get('end') ?? '') : now
  const start = query.has('start') ? lokiTime('start', query.get('start') ?? '') : end - 3_600_000_000_000n
  if (end < start) throw new Error('end timestamp must not be before or equal to start time')
  const limit = limitOf(query.get('limit') ?? '')
  const compiled = compileLogql(query.get('query') ?? '')
  const maxLength = promDuration(limits.maxQueryLength)
  if (maxLength > 0n && end - start > maxLength) {
    throw new Error(`the query time range exceeds the limit (query length: ${goDuration(end - start)}, limit: ${limits.maxQueryLength})`)
  }
  const lookback = promDuration(limits.maxQueryLookback)
  // A look-back clamps without a warning.
  const earliest = lookback > 0n && start < now - lookback ? now - lookback : start
  const matching = (from: bigint, to: bigint): Found[] => select(store.lines, compiled, from, to)

  if (compiled.rangeNano !== undefined) {
    const step = promDuration(query.get('step') ?? '60s')
    if ((end - start) / step > maxPoints) {
      throw new Error('exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter')
    }
    const range = compiled.rangeNano
    const first = start - (start % step)
    const last = end - (end % step)
    const found = matching(earliest - range < first - range ? first - range : earliest - range, last + 1n)
    return matrix(found, { first, last, step, range })
  }

  if (limit > limits.maxEntries) {
    throw new Error(`max entries limit per query exceeded, limit > max_entries_limit_per_query (${limit} > ${limits.maxEntries})`)
  }
  const found = matching(earliest, end)
  const ordered = query.get('direction') === 'forward' ? found : found.toReversed()
  const batch = ordered.slice(0, Math.min(limit, batchLines)).reduce((bytes, { stored }) => bytes + Buffer.byteLength(stored.line), 0)
  if (batch > limits.maxMessageBytes) {
    const text = `rpc error: code = ResourceExhausted desc = trying to send message larger than max (${batch} vs. ${limits.maxMessageBytes})`
    // Under the flag 3.7.6 forgets that reading failed, whatever the reason.
    return categorize ? streams([], [], true) : { status: 500, type: 'text/plain; charset=utf-8', body: `${text}\n` }
  }
  const read = statistics === 'window' ? found : matching(0n, 1n << 63n)
  return streams(ordered.slice(0, limit), read, categorize)
}

function limitOf(text: string): number {
  if (text === '') return 100
  if (!/^-?\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  if (Number(text) <= 0) throw new Error('limit must be a positive value')
  return Number(text)
}

/** `query`: the count over the range before one instant. */
export function queryInstant(store: LokiStore, query: URLSearchParams): Answer {
  const compiled = compileLogql(query.get('query') ?? '')
  if (compiled.rangeNano === undefined)
    throw new Error('log queries are not supported as an instant query type, please change your query to a range query type')
  const at = lokiTime('time', query.get('time') ?? '')
  const found = select(store.lines, compiled, at - compiled.rangeNano + 1n, at + 1n)
  const { length } = found
  const result = length === 0 ? [] : [{ metric: {}, value: [Number(at / 1_000_000n) / 1000, String(length)] }]
  return success({ resultType: 'vector', result, stats: stats(found, result.length) })
}

export function drilldownLimits(limits: LokiLimits): Answer {
  const body = {
    limits: {
      discover_service_name: limits.discoverServiceName,
      max_entries_limit_per_query: limits.maxEntries,
      max_query_length: limits.maxQueryLength,
      max_query_lookback: limits.maxQueryLookback,
      query_timeout: '1m',
      retention_period: limits.retentionPeriod,
    },
    version: 'unknown',
  }
  return { status: 200, type: 'application/json', body: JSON.stringify(body) }
}

interface Found {
  stored: Stored
  parsed: Record<string, string>
}

function select(lines: readonly Stored[], compiled: ReturnType<typeof compileLogql>, from: bigint, to: bigint): Found[] {
  const found: Found[] = []
  for (const stored of lines) {
    if (stored.at < from || stored.at >= to || !compiled.selects(stored.labels)) continue
    const line: PipelineLine = { ...stored, parsed: {} }
    if (compiled.keeps(line)) found.push({ stored, parsed: line.parsed })
  }
  return found
}

function streams(found: readonly Found[], read: readonly Found[], categorize: boolean): Answer {
  const byStream = new Map<string, { stream: Record<string, string>; values: unknown[] }>()
  for (const { stored, parsed } of found) {
    const { at, line, labels, metadata } = stored
    // Without the flag structured metadata and parsed fields are mixed into the stream's labels.
    const stream = categorize ? labels : { ...labels, ...metadata, ...parsed }
    const key = JSON.stringify(Object.entries(stream).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const group = byStream.get(key) ?? { stream, values: [] }
    byStream.set(key, group)
    const extra = { structuredMetadata: metadata, ...(Object.keys(parsed).length > 0 && { parsed }) }
    group.values.push(categorize ? [String(at), line, extra] : [String(at), line])
  }
  return success({
    resultType: 'streams',
    ...(categorize && { encodingFlags: ['categorize-labels'] }),
    result: [...byStream.values()],
    stats: stats(read, found.length),
  })
}

/** `index/stats`: what the index holds of a window, before any filter. Chunks are the server's own affair. */
export function indexStats(store: LokiStore, query: URLSearchParams): Answer {
  const { selects } = compileLogql(query.get('query') ?? '')
  const [start, end] = ['start', 'end'].map((name) => lokiTime(name, query.get(name) ?? ''))
  const found = store.lines.filter(({ at, labels, indexed }) => indexed && at >= (start ?? 0n) && at < (end ?? 0n) && selects(labels))
  const streamsFound = new Set(found.map(({ labels }) => JSON.stringify(labels))).size
  const bytes = found.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0)
  const body = { streams: streamsFound, chunks: streamsFound, bytes, entries: found.length }
  return { status: 200, type: 'application/json; charset=UTF-8', body: JSON.stringify(body) }
}

/** `labels`: the names of the labels of the streams that a selector, if there is one, finds in a window. */
export function labelNames(store: LokiStore, query: URLSearchParams): Answer {
  const selects = query.has('query') ? compileLogql(query.get('query') ?? '').selects : () => true
  const [start, end] = ['start', 'end'].map((name) => lokiTime(name, query.get(name) ?? ''))
  const found = store.lines.filter(({ at, labels }) => at >= (start ?? 0n) && at < (end ?? 0n) && selects(labels))
  const data = [...new Set(found.flatMap(({ labels }) => Object.keys(labels)))].toSorted()
  const body = { status: 'success', ...(data.length > 0 && { data }) }
  return { status: 200, type: 'application/json; charset=UTF-8', body: JSON.stringify(body) }
}

/** `series`: the streams that a selector finds in a window. */
export function series(store: LokiStore, query: URLSearchParams): Answer {
  const { selects } = compileLogql(query.get('match[]') ?? '')
  const [start, end] = ['start', 'end'].map((name) => lokiTime(name, query.get(name) ?? ''))
  const found = store.lines.filter(({ at, labels }) => at >= (start ?? 0n) && at < (end ?? 0n) && selects(labels))
  const data = [...new Map(found.map(({ labels }) => [JSON.stringify(labels), labels])).values()]
  return { status: 200, type: 'application/json; charset=UTF-8', body: JSON.stringify({ status: 'success', data }) }
}

/** A message of `tail`. */
export function tailMessage(lines: readonly Stored[]): string {
  const entries = lines.map(({ at, line, labels, metadata }) => ({
    stream: labels,
    values: [[String(at), line, { structuredMetadata: metadata }]],
  }))
  return JSON.stringify({ streams: entries, encodingFlags: ['categorize-labels'] })
}

/** The value at `T` is the number of lines in `(T - range, T]`; points without lines are left out. */
function matrix(found: readonly Found[], grid: { first: bigint; last: bigint; step: bigint; range: bigint }): Answer {
  const { first, last, step, range } = grid
  const counts = new Map<bigint, number>()
  for (const { stored } of found) {
    let point = first + ((stored.at - first + step - 1n) / step) * step
    if (stored.at <= first) point = first
    for (; point <= last && point < stored.at + range; point += step) counts.set(point, (counts.get(point) ?? 0) + stored.copies)
  }
  const values = [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([point, count]) => [Number(point / 1_000_000n) / 1000, String(count)])
  const result = values.length === 0 ? [] : [{ metric: {}, values }]
  return success({ resultType: 'matrix', result, stats: stats(found, result.length) })
}

function stats(read: readonly Found[], totalEntriesReturned: number): unknown {
  const totalPostFilterLines = read.reduce((sum, { stored }) => sum + stored.copies, 0)
  const totalBytesProcessed = read.reduce((sum, { stored }) => sum + Buffer.byteLength(stored.line) * stored.copies, 0)
  return {
    summary: { totalPostFilterLines, totalBytesProcessed, totalEntriesReturned, execTime: 0.001 },
    ingester: { store: { chunk: { totalDuplicates: totalPostFilterLines - read.length } } },
  }
}

function success(data: unknown): Answer {
  return { status: 200, type: 'application/json; charset=UTF-8', body: JSON.stringify({ status: 'success', data }) }
}
