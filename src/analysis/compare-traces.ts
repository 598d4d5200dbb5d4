import { refuseUnknownOptions } from '../errors.js'
import type { SpanKindName } from '../traces/types.js'
import { atLeast } from './options.js'
import { newPlace, overlay, type Place, type PlaceFigures } from './path-tree.js'
import { ascending, isBeyondNoise, medianOf, sharesDiffer } from './statistics.js'
import { listOf, type Traces } from './traces-given.js'

export type ChangeKind =
  | 'added'
  | 'removed'
  | 'slower'
  | 'faster'
  | 'more-calls'
  | 'fewer-calls'
  | 'failing'
  | 'recovered'
  | 'retried'
  | 'cache-missed'
  | 'cache-hit'

/** One place in the call tree that is not as it was. */
export interface TraceChange {
  kind: ChangeKind
  service: string
  name: string
  spanKind: SpanKindName
  /** The way from the root to here, `service name` each, this one last; only the last 10. */
  path: string[]
  before: PlaceSummary
  after: PlaceSummary
  /** By how much the self time of the place in a trace changed: what it did itself, without what it waited for. */
  selfDeltaMs: number
  /** Of what was added or removed: the places in it, this one included. Those below are not listed for themselves. */
  places?: number
}

export interface PlaceSummary {
  /** Traces that came here. */
  traces: number
  calls: number
  /** The median over all traces of the side, 0 for one that did not come here. */
  callsPerTrace: number
  /** Of a call; absent where there is none. */
  medianMs?: number
  failed: number
  retries: number
  cacheHits: number
  cacheMisses: number
  /** The ID of a trace to look at. */
  sample?: string
}

export interface TraceComparison {
  /** How many traces were compared: what follows from few is little. */
  traces: { before: number; after: number }
  /** What changed the time most by itself first. Empty where both sides are the same. */
  changes: TraceChange[]
}

export interface CompareTracesOptions {
  /** A call that changed by less is as fast as before. @defaultValue 1 */
  minimumMs?: number
  /** Nor has it changed below this factor, up or down. @defaultValue 1.2 */
  minimumRatio?: number
}

/**
 * What is different: two traces, a trace against a baseline of many, or many against many, such as two releases.
 *
 * Spans are matched by the services and operations on their way from the root, as Jaeger compares traces; times by the median of a call.
 * Between two single traces each difference counts, but for times within `minimumMs` or `minimumRatio`. Where a side has several traces,
 * a difference must also be more than chance explains: times beyond three standard errors of the medians (estimated by MAD), shares and
 * presence beyond three standard errors, or with some 95 % certainty where they are new or gone. Cache hits are read from `cache.hit`.
 * O(n log n) in spans; inputs are not changed.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const { changes } = compareTraces(baseline, slowTrace)
 * for (const { kind, path, selfDeltaMs } of changes) console.log(kind, path.at(-1), selfDeltaMs, 'ms')
 * ```
 */
export function compareTraces(before: Traces, after: Traces, options: CompareTracesOptions = {}): TraceComparison {
  refuseUnknownOptions('compareTraces', options, ['minimumMs', 'minimumRatio'])
  const minimumMs = atLeast('minimumMs', options.minimumMs ?? 1, 0)
  const minimumRatio = atLeast('minimumRatio', options.minimumRatio ?? 1.2, 1)
  const top = newPlace({ service: '', name: '', kind: 'internal' })
  const old = listOf(before)
  const now = listOf(after)
  for (const trace of old) overlay(top, trace, 'before')
  for (const trace of now) overlay(top, trace, 'after')

  const compared: Compared = { before: old.length, after: now.length, minimumMs, minimumRatio }
  const changes: TraceChange[] = []
  const stack = [...top.children.values()].toReversed()
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    changes.push(...changesAt(place, compared))
    // Below what is wholly new or gone, everything is.
    if (isOnBothSides(place)) for (const child of [...place.children.values()].toReversed()) stack.push(child)
  }
  changes.sort((a, b) => Math.abs(b.selfDeltaMs) - Math.abs(a.selfDeltaMs))
  return { traces: { before: old.length, after: now.length }, changes }
}

interface Compared extends Required<CompareTracesOptions> {
  before: number
  after: number
}

function isOnBothSides({ before, after }: Place): boolean {
  return before.callsByTrace.length > 0 && after.callsByTrace.length > 0
}

function changesAt(place: Place, compared: Compared): TraceChange[] {
  const { before, after } = place
  const summary = { before: summaryOf(before, compared.before), after: summaryOf(after, compared.after) }
  const selfDeltaMs = sumOf(after.selfMs) / compared.after - sumOf(before.selfMs) / compared.before
  const change = (kind: ChangeKind): TraceChange => {
    const { service, name, kind: spanKind } = place
    return { kind, service, name, spanKind, path: pathTo(place), ...summary, selfDeltaMs }
  }
  if (!isOnBothSides(place)) {
    const met = sharesDiffer(before.callsByTrace.length, compared.before, after.callsByTrace.length, compared.after)
    return met ? [{ ...change(after.callsByTrace.length > 0 ? 'added' : 'removed'), places: placesIn(place) }] : []
  }

  const pair = compared.before === 1 && compared.after === 1
  const kinds: (ChangeKind | undefined)[] = []
  const beyond = (old: number[], now: number[]) => pair || isBeyondNoise(old, now)
  const shares = (old: number, oldOf: number, now: number, nowOf: number, more: ChangeKind, fewer?: ChangeKind) => {
    const differ = pair ? old * nowOf !== now * oldOf : sharesDiffer(old, oldOf, now, nowOf)
    if (differ) kinds.push(now * oldOf > old * nowOf ? more : fewer)
  }

  const was = summary.before.medianMs!
  const is = summary.after.medianMs!
  const enough = Math.abs(is - was) >= compared.minimumMs && Math.max(is, was) >= compared.minimumRatio * Math.min(is, was) && is !== was
  if (enough && beyond(before.durationsMs, after.durationsMs)) kinds.push(is > was ? 'slower' : 'faster')
  const calls = summary.after.callsPerTrace - summary.before.callsPerTrace
  if (calls !== 0 && beyond(padded(before, compared.before), padded(after, compared.after)))
    kinds.push(calls > 0 ? 'more-calls' : 'fewer-calls')
  shares(before.failed, before.durationsMs.length, after.failed, after.durationsMs.length, 'failing', 'recovered')
  shares(before.retries, before.durationsMs.length, after.retries, after.durationsMs.length, 'retried')
  shares(before.cacheMisses, cached(before), after.cacheMisses, cached(after), 'cache-missed', 'cache-hit')
  return kinds.filter((kind) => kind !== undefined).map(change)
}

function summaryOf(figures: PlaceFigures, traces: number): PlaceSummary {
  const { durationsMs, callsByTrace, failed, retries, cacheHits, cacheMisses, sample } = figures
  return {
    traces: callsByTrace.length,
    calls: durationsMs.length,
    callsPerTrace: traces === 0 ? 0 : medianOf(ascending(padded(figures, traces))),
    ...(durationsMs.length > 0 && { medianMs: medianOf(ascending(durationsMs)) }),
    failed,
    retries,
    cacheHits,
    cacheMisses,
    ...(sample !== undefined && { sample }),
  }
}

/** The calls of each trace, those without any included. */
function padded({ callsByTrace }: PlaceFigures, traces: number): number[] {
  return [...callsByTrace, ...Array.from({ length: traces - callsByTrace.length }, () => 0)]
}

function cached({ cacheHits, cacheMisses }: PlaceFigures): number {
  return cacheHits + cacheMisses
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

const MAX_PATH = 10

function pathTo(place: Place): string[] {
  const path: string[] = []
  for (let at: Place = place; at.parent !== undefined && path.length < MAX_PATH; at = at.parent) path.unshift(`${at.service} ${at.name}`)
  return path
}

function placesIn(place: Place): number {
  let count = 0
  const stack = [place]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    count++
    for (const child of at.children.values()) stack.push(child)
  }
  return count
}
