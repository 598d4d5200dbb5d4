import { SpanlogError } from '../../errors.js'
import type { LogEntry } from '../types.js'

/** One line as Loki answers it. */
export interface LokiLine extends Pick<LogEntry, 'line' | 'labels' | 'metadata'> {
  timeUnixNano: bigint
}

export interface LokiPage {
  /** As they came: by stream. */
  lines: LokiLine[]
  /** Lines that passed the filters before the limit cut; absent where Loki did not say. */
  matched: number | undefined
  /** Copies of lines that Loki left out: of a push that was sent again, of replicas. */
  duplicates: number
  /** Loki's own warnings that something is missing. */
  warnings: string[]
}

/** The answer to a log query. Nothing in it is trusted. @throws SpanlogError LOKI_BAD_ANSWER */
export function readPage(json: unknown): LokiPage {
  const data = dataOf(json, 'streams')
  const lines = readStreams(data['result'], 'data.result')
  const stats = data['stats'] as { summary?: Summary; ingester?: Reads; querier?: Reads } | undefined
  const duplicates = [stats?.ingester, stats?.querier].map((reads) => wholeOf(reads?.store?.chunk?.totalDuplicates) ?? 0)
  const warnings = (json as { warnings?: unknown }).warnings
  return {
    lines,
    matched: wholeOf(stats?.summary?.totalPostFilterLines),
    duplicates: duplicates.reduce((a, b) => a + b),
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  }
}

interface Summary {
  totalPostFilterLines?: unknown
  totalBytesProcessed?: unknown
  execTime?: unknown
}
interface Reads {
  store?: { chunk?: { totalDuplicates?: unknown } }
}

/** What any answer says it cost: bytes read, and milliseconds on the server. */
export function readCost(json: unknown): { bytes: number; ms: number } {
  const summary = (json as { data?: { stats?: { summary?: Summary } } } | null)?.data?.stats?.summary
  const { totalBytesProcessed: bytes, execTime: seconds } = summary ?? {}
  return { bytes: wholeOf(bytes) ?? 0, ms: typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0 }
}

/** The answer of `index/stats`: the bytes of a selector in a window. @throws SpanlogError LOKI_BAD_ANSWER */
export function readEstimate(json: unknown): number {
  const bytes = wholeOf(objectOf(json, 'an object')['bytes'])
  if (bytes === undefined) throw badAnswer('an estimate')
  return bytes
}

/** The answer of `index/stats`: how many streams the index knows. @throws SpanlogError LOKI_BAD_ANSWER */
export function readStreamCount(json: unknown): number {
  const streams = wholeOf(objectOf(json, 'an object')['streams'])
  if (streams === undefined) throw badAnswer('a number of streams')
  return streams
}

/** How many streams the answer of `series` has; it lacks data where there are none. @throws SpanlogError LOKI_BAD_ANSWER */
export function readSeriesCount(json: unknown): number {
  return arrayOf(objectOf(json, 'an object')['data'] ?? [], 'data').length
}

/** The answer of `labels`. @throws SpanlogError LOKI_BAD_ANSWER */
export function readNames(json: unknown): string[] {
  return arrayOf(objectOf(json, 'an object')['data'] ?? [], 'data').filter((name) => typeof name === 'string')
}

function wholeOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

/** A message of `tail`. @throws SpanlogError LOKI_BAD_ANSWER */
export function readTail(json: unknown): { lines: LokiLine[]; dropped: { from: bigint; to: bigint } | undefined } {
  const { streams, dropped_entries: droppedEntries } = objectOf(json, 'an object')
  const lines = readStreams(streams ?? [], 'streams')
  const times = arrayOf(droppedEntries ?? [], 'dropped_entries').map((item) => readTime(objectOf(item, 'an entry')['timestamp']))
  const sorted = times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const [from, last] = [sorted[0], sorted.at(-1)]
  return { lines, dropped: from === undefined || last === undefined ? undefined : { from, to: last + 1n } }
}

function readStreams(streams: unknown, what: string): LokiLine[] {
  return arrayOf(streams, what).flatMap((item) => {
    const stream = objectOf(item, 'a stream')
    const labels = textsOf(stream['stream'], 'stream')
    return arrayOf(stream['values'], 'values').map((value) => readLine(value, labels))
  })
}

/** In nanoseconds. */
function readTime(value: unknown): bigint {
  if (typeof value !== 'string' || !/^\d{1,19}$/.test(value)) throw badAnswer('a time in nanoseconds')
  return BigInt(value)
}

function readLine(value: unknown, labels: Record<string, string>): LokiLine {
  const [time, line, extra] = arrayOf(value, 'an entry')
  const timeUnixNano = readTime(time)
  if (typeof line !== 'string') throw badAnswer('a line')
  const metadata = (extra as { structuredMetadata?: unknown } | null | undefined)?.structuredMetadata ?? {}
  return { timeUnixNano, line, labels, metadata: textsOf(metadata, 'structuredMetadata') }
}

/** How many lines stand in the step that ends at `untilMs`, which belongs to it; its beginning does not. */
export interface LokiCount {
  /** Milliseconds since the epoch. */
  untilMs: number
  count: number
}

/** The answer to `sum(count_over_time(…))`. Steps without lines may be left out. @throws SpanlogError LOKI_BAD_ANSWER */
export function readCounts(json: unknown): LokiCount[] {
  const series = arrayOf(dataOf(json, 'matrix')['result'], 'data.result')
  if (series.length > 1) throw badAnswer('one sum')
  return series.flatMap((item) =>
    arrayOf(objectOf(item, 'a series')['values'], 'values').map((value) => {
      const [seconds, text] = arrayOf(value, 'a count')
      const count = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : Number.NaN
      if (typeof seconds !== 'number' || !Number.isSafeInteger(count)) throw badAnswer('a count')
      return { untilMs: Math.round(seconds * 1000), count }
    }),
  )
}

export function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badAnswer(what)
  return value as Record<string, unknown>
}

export function badAnswer(missing: string): SpanlogError {
  return new SpanlogError('LOKI_BAD_ANSWER', `Loki's answer lacks ${missing} where there should be one`)
}

function dataOf(json: unknown, resultType: string): Record<string, unknown> {
  const { status, data } = objectOf(json, 'an object')
  const held = objectOf(data, 'data')
  if (status !== 'success' || held['resultType'] !== resultType) throw badAnswer(`a result of the type ${resultType}`)
  return held
}

function arrayOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw badAnswer(what)
  return value
}

function textsOf(value: unknown, what: string): Record<string, string> {
  const record = objectOf(value, what)
  for (const held of Object.values(record)) if (typeof held !== 'string') throw badAnswer(`a text in ${what}`)
  return record as Record<string, string>
}
