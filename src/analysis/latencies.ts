import { refuseUnknownOptions, unexpected } from '../errors.js'
import type { SpanKindName, TraceSpan } from '../traces/types.js'
import { isFailed } from './failure.js'
import { durationMs, type Operation, operationsOf } from './operations.js'
import { atLeast } from './options.js'
import { about, type SpanRef } from './span-ref.js'
import { ascending, medianOf, msOf, percentile, slopeOf } from './statistics.js'
import { listOf, type Traces } from './traces-given.js'
import { earlier, later } from './tree.js'

/** How long an operation may take, and how often. */
export interface LatencySlo {
  /** Which operations it holds for: all that fit the parts given. */
  service?: string
  name?: string
  kind?: SpanKindName
  thresholdMs: number
  /** The share of calls that must stay within the threshold, 0 to 1. @defaultValue 0.99 */
  objective?: number
}

/** What became of an objective. */
export interface SloResult {
  thresholdMs: number
  objective: number
  /** Calls that took longer than the threshold. */
  breaches: number
  /** The share of calls within it. */
  share: number
  /** `share` is at least the objective. */
  met: boolean
  /** How much of the allowed share of breaches was used: 1 is all of it; infinite for an objective of 1 that was missed. */
  budgetUsed: number
}

export interface OperationLatency {
  service: string
  name: string
  kind: SpanKindName
  /** What the figures rest on; percentiles beyond `1 - 1/count` are the maximum. */
  count: number
  failed: number
  errorShare: number
  minMs: number
  meanMs: number
  p50Ms: number
  p90Ms: number
  p95Ms: number
  p99Ms: number
  maxMs: number
  /** From the bucket of the fastest call to that of the slowest; bounds are 1, 2 and 5 times powers of ten, from 1 µs. */
  histogram: { fromMs: number; untilMs: number; count: number }[]
  /** Equal parts of the time from the first start to the last of all operations; parts without a call have no percentiles. */
  trend: { fromUnixNano: bigint; count: number; failed: number; p50Ms?: number; p95Ms?: number }[]
  /** How the median moves from part to part (Theil–Sen); absent with fewer than three parts that have calls. */
  slopeMsPerHour?: number
  /** At most 3, slowest first. */
  slowest: (SpanRef & { durationMs: number })[]
  /** Of the first objective that fits. */
  slo?: SloResult
}

export interface LatenciesOptions {
  /** `entries`: spans that answer somebody: servers, consumers, and spans without a parent. @defaultValue 'entries' */
  spans?: 'entries' | 'all'
  /** Objectives; the first that fits an operation holds for it. */
  slos?: readonly LatencySlo[]
  /** Parts of the trend, 1 to 500. @defaultValue 12 */
  intervals?: number
}

/**
 * How long each operation takes over many traces: percentiles (nearest rank, exact), distribution, trend, and whether it keeps its
 * objective. Failed calls count as they took; their share stands beside. O(n log n).
 *
 * @returns the operation that used most time in all first
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * for (const { name, p95Ms, slo } of latencies(traces, { slos: [{ service: 'shop', thresholdMs: 300 }] })) {
 *   console.log(name, p95Ms, slo?.met === false ? 'misses its objective' : '')
 * }
 * ```
 */
export function latencies(traces: Traces, options: LatenciesOptions = {}): OperationLatency[] {
  refuseUnknownOptions('latencies', options, ['spans', 'slos', 'intervals'])
  const { spans = 'entries', slos = [], intervals = 12 } = options
  if (!Number.isInteger(intervals) || intervals < 1 || intervals > 500)
    throw unexpected('intervals', 'a whole number from 1 to 500', intervals)
  for (const { thresholdMs, objective = 1 } of slos) {
    atLeast('thresholdMs', thresholdMs, 0)
    if (!(objective > 0 && objective <= 1)) throw unexpected('objective', 'a share above 0, at most 1', objective)
  }
  const operations = [...operationsOf(listOf(traces), spans === 'all' ? undefined : isEntry).values()]
  const parts = partsOf(operations, intervals)
  return operations.map((operation) => latencyOf(operation, parts, slos)).toSorted((a, b) => b.meanMs * b.count - a.meanMs * a.count)
}

function isEntry({ kind, parentSpanId }: TraceSpan): boolean {
  return kind === 'server' || kind === 'consumer' || parentSpanId === undefined
}

interface Parts {
  from: bigint
  length: bigint
  count: number
}

function partsOf(operations: readonly Operation[], count: number): Parts {
  let from = operations[0]?.spans[0]?.startUnixNano ?? 0n
  let last = from
  for (const { spans } of operations) {
    for (const { startUnixNano } of spans) {
      from = earlier(from, startUnixNano)
      last = later(last, startUnixNano)
    }
  }
  return { from, length: (last - from) / BigInt(count) + 1n, count }
}

function latencyOf({ service, name, kind, spans, failed }: Operation, parts: Parts, slos: readonly LatencySlo[]): OperationLatency {
  const sorted = ascending(spans.map(durationMs))
  const count = sorted.length
  const inParts = partition(spans, parts)
  const slope = slopeOver(
    inParts.filter((part) => part.length > 0),
    parts.from,
  )
  const slo = slos.find((one) => fits(one.service, service) && fits(one.name, name) && fits(one.kind, kind))
  return {
    service,
    name,
    kind,
    count,
    failed,
    errorShare: failed / count,
    minMs: sorted[0]!,
    meanMs: sorted.reduce((sum, value) => sum + value, 0) / count,
    p50Ms: percentile(sorted, 0.5),
    p90Ms: percentile(sorted, 0.9),
    p95Ms: percentile(sorted, 0.95),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1)!,
    histogram: histogramOf(sorted),
    trend: inParts.map((part, i) => trendAt(part, parts.from + BigInt(i) * parts.length)),
    ...(slope !== undefined && { slopeMsPerHour: slope }),
    slowest: spans
      .filter((span) => durationMs(span) >= (sorted.at(-3) ?? 0))
      .toSorted((a, b) => durationMs(b) - durationMs(a))
      .slice(0, 3)
      .map((span) => about(span, { durationMs: durationMs(span) })),
    ...(slo !== undefined && { slo: judge(slo, sorted) }),
  }
}

function fits(wanted: string | undefined, value: string): boolean {
  return wanted === undefined || wanted === value
}

function judge({ thresholdMs, objective = 0.99 }: LatencySlo, sorted: readonly number[]): SloResult {
  const breaches = sorted.filter((value) => value > thresholdMs).length
  const share = 1 - breaches / sorted.length
  const budgetUsed = breaches === 0 ? 0 : breaches / sorted.length / (1 - objective)
  return { thresholdMs, objective, breaches, share, met: share >= objective, budgetUsed }
}

function partition(spans: readonly TraceSpan[], { from, length, count }: Parts): TraceSpan[][] {
  const parts = Array.from({ length: count }, (): TraceSpan[] => [])
  for (const span of spans) parts[Number((span.startUnixNano - from) / length)]!.push(span)
  return parts
}

function trendAt(part: readonly TraceSpan[], fromUnixNano: bigint): OperationLatency['trend'][number] {
  const sorted = ascending(part.map(durationMs))
  const figures = { fromUnixNano, count: part.length, failed: part.filter(isFailed).length }
  return sorted.length === 0 ? figures : Object.assign(figures, { p50Ms: medianOf(sorted), p95Ms: percentile(sorted, 0.95) })
}

const HOUR_MS = 3_600_000

function slopeOver(parts: readonly TraceSpan[][], from: bigint): number | undefined {
  if (parts.length < 3) return undefined
  // Calls stand anywhere in their part: their own mean time is truer than its beginning.
  const meanHour = (part: readonly TraceSpan[]) =>
    part.reduce((sum, { startUnixNano }) => sum + msOf(startUnixNano - from), 0) / part.length / HOUR_MS
  return slopeOf(parts.map((part) => [meanHour(part), medianOf(ascending(part.map(durationMs)))] as const))
}

/** 0, then 1, 2, 5, 10, 20, … µs, as milliseconds. */
function boundAt(i: number): number {
  return i === 0 ? 0 : Number(`${[1, 2, 5][(i - 1) % 3]}e${Math.floor((i - 1) / 3) - 3}`)
}

function histogramOf(sorted: readonly number[]): OperationLatency['histogram'] {
  const buckets: OperationLatency['histogram'] = []
  let i = 0
  while (boundAt(i + 1) <= sorted[0]!) i++
  let bucket = { fromMs: boundAt(i), untilMs: boundAt(i + 1), count: 0 }
  buckets.push(bucket)
  for (const value of sorted) {
    while (bucket.untilMs <= value) {
      i++
      bucket = { fromMs: bucket.untilMs, untilMs: boundAt(i + 1), count: 0 }
      buckets.push(bucket)
    }
    bucket.count++
  }
  return buckets
}
