import { refuseUnknownOptions } from '../errors.js'
import type { SpanKindName } from '../traces/types.js'
import { atLeast } from './options.js'
import { newPlace, overlay, type Place, type PlaceCall, type PlaceFigures } from './path-tree.js'
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
  /** A trace to look at: on either side one that shows the change, such as one that failed there, or a call as long as the median. */
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
  const stack = childrenOf(top).toReversed()
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    changes.push(...changesAt(place, compared))
    // Below what is wholly new or gone, everything is.
    if (isOnBothSides(place)) for (const child of childrenOf(place).toReversed()) stack.push(child)
  }
  changes.sort((a, b) => Math.abs(b.selfDeltaMs) - Math.abs(a.selfDeltaMs))
  return { traces: { before: old.length, after: now.length }, changes }
}

interface Compared extends Required<CompareTracesOptions> {
  before: number
  after: number
}

function childrenOf({ children }: Place): Place[] {
  return children === undefined ? [] : [...children.values()]
}

function isOnBothSides({ before, after }: Place): boolean {
  return before.calls.length > 0 && after.calls.length > 0
}

function changesAt(place: Place, compared: Compared): TraceChange[] {
  const { before, after } = place
  const old = figuresOf(before, compared.before)
  const now = figuresOf(after, compared.after)
  const selfDeltaMs =
    sumOf(after.calls.map(({ selfMs }) => selfMs)) / compared.after - sumOf(before.calls.map(({ selfMs }) => selfMs)) / compared.before
  const change = (kind: ChangeKind): TraceChange => {
    const { service, name, kind: spanKind } = place
    const shows = telling[kind]
    const sides = {
      before: { ...old.summary, ...sampleOf(before, old.summary, kind, shows && ((call) => !shows(call))) },
      after: { ...now.summary, ...sampleOf(after, now.summary, kind, shows) },
    }
    return { kind, service, name, spanKind, path: pathTo(place), ...sides, selfDeltaMs }
  }
  if (!isOnBothSides(place)) {
    const met = sharesDiffer(old.summary.traces, compared.before, now.summary.traces, compared.after)
    return met ? [{ ...change(now.summary.traces > 0 ? 'added' : 'removed'), places: placesIn(place) }] : []
  }

  const pair = compared.before === 1 && compared.after === 1
  const kinds: (ChangeKind | undefined)[] = []
  const beyond = (was: readonly number[], is: readonly number[]) => pair || isBeyondNoise(was, is)
  const shares = (part: (summary: Summary) => number, whole: (summary: Summary) => number, more: ChangeKind, fewer?: ChangeKind) => {
    const [was, wasOf, is, isOf] = [part(old.summary), whole(old.summary), part(now.summary), whole(now.summary)]
    const differ = pair ? was * isOf !== is * wasOf : sharesDiffer(was, wasOf, is, isOf)
    if (differ) kinds.push(is * wasOf > was * isOf ? more : fewer)
  }

  const was = old.summary.medianMs!
  const is = now.summary.medianMs!
  const enough = Math.abs(is - was) >= compared.minimumMs && Math.max(is, was) >= compared.minimumRatio * Math.min(is, was) && is !== was
  if (enough && beyond(old.durationsMs, now.durationsMs)) kinds.push(is > was ? 'slower' : 'faster')
  const calls = now.summary.callsPerTrace - old.summary.callsPerTrace
  if (calls !== 0 && beyond(old.callsPerTrace, now.callsPerTrace)) kinds.push(calls > 0 ? 'more-calls' : 'fewer-calls')
  shares(({ failed }) => failed, callsIn, 'failing', 'recovered')
  shares(({ retries }) => retries, callsIn, 'retried')
  shares(
    (summary) => summary.cacheMisses,
    ({ cacheHits, cacheMisses }) => cacheHits + cacheMisses,
    'cache-missed',
    'cache-hit',
  )
  return kinds.filter((kind) => kind !== undefined).map(change)
}

type Summary = Omit<PlaceSummary, 'sample'>

function callsIn({ calls }: Summary): number {
  return calls
}

/** The figures of one side: in short, and as lists that tell how far they scatter. */
function figuresOf({ calls, callsByTrace }: PlaceFigures, traces: number) {
  const durationsMs = calls.map(({ durationMs }) => durationMs)
  // Those of each trace, those without any included.
  const callsPerTrace = [...callsByTrace.map((one) => one.calls), ...Array.from({ length: traces - callsByTrace.length }, () => 0)]
  const countOf = (fits: (call: PlaceCall) => boolean): number => calls.reduce((count, call) => (fits(call) ? count + 1 : count), 0)
  const summary: Summary = {
    traces: callsByTrace.length,
    calls: calls.length,
    callsPerTrace: traces === 0 ? 0 : medianOf(ascending(callsPerTrace)),
    ...(calls.length > 0 && { medianMs: medianOf(ascending(durationsMs)) }),
    failed: countOf(({ failed }) => failed),
    retries: countOf(({ again }) => again),
    cacheHits: countOf(({ hit }) => hit === true),
    cacheMisses: countOf(({ hit }) => hit === false),
  }
  return { summary, durationsMs, callsPerTrace }
}

/** Which calls show a change that only some of them have. */
const telling: Partial<Record<ChangeKind, (call: PlaceCall) => boolean>> = {
  failing: ({ failed }) => failed,
  recovered: ({ failed }) => !failed,
  retried: ({ again }) => again,
  'cache-missed': ({ hit }) => hit === false,
  'cache-hit': ({ hit }) => hit === true,
}

function sampleOf(
  { calls, callsByTrace }: PlaceFigures,
  { medianMs = 0, callsPerTrace }: Summary,
  kind: ChangeKind,
  shows: ((call: PlaceCall) => boolean) | undefined,
): { sample?: string } {
  const found =
    kind === 'more-calls' || kind === 'fewer-calls'
      ? nearest(callsByTrace, (one) => one.calls, callsPerTrace)
      : shows === undefined
        ? nearest(calls, ({ durationMs }) => durationMs, medianMs)
        : (calls.find(shows) ?? calls[0])
  return found === undefined ? {} : { sample: found.traceId }
}

function nearest<T>(list: readonly T[], value: (one: T) => number, aim: number): T | undefined {
  const [first] = list
  if (first === undefined) return undefined
  return list.reduce((best, one) => (Math.abs(value(one) - aim) < Math.abs(value(best) - aim) ? one : best), first)
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
    for (const child of childrenOf(at)) stack.push(child)
  }
  return count
}
