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
  /** Loki's own warnings that something is missing. */
  warnings: string[]
}

/** The answer to a log query. Nothing in it is trusted. @throws SpanlogError LOKI_BAD_ANSWER */
export function readPage(json: unknown): LokiPage {
  const data = dataOf(json, 'streams')
  const lines = arrayOf(data['result'], 'data.result').flatMap((item) => {
    const stream = objectOf(item, 'a stream')
    const labels = textsOf(stream['stream'], 'stream')
    return arrayOf(stream['values'], 'values').map((value) => readLine(value, labels))
  })
  const summary = (data['stats'] as { summary?: { totalPostFilterLines?: unknown } } | undefined)?.summary
  const matched = summary?.totalPostFilterLines
  const warnings = (json as { warnings?: unknown }).warnings
  return {
    lines,
    matched: typeof matched === 'number' && Number.isInteger(matched) && matched >= 0 ? matched : undefined,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  }
}

function readLine(value: unknown, labels: Record<string, string>): LokiLine {
  const [time, line, extra] = arrayOf(value, 'an entry')
  if (typeof time !== 'string' || !/^\d{1,19}$/.test(time)) throw badAnswer('a time in nanoseconds')
  if (typeof line !== 'string') throw badAnswer('a line')
  const metadata = (extra as { structuredMetadata?: unknown } | null | undefined)?.structuredMetadata ?? {}
  return { timeUnixNano: BigInt(time), line, labels, metadata: textsOf(metadata, 'structuredMetadata') }
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
