import { refuseUnknownOptions } from '../errors.js'
import type { SpanKindName } from '../traces/types.js'
import { atLeast } from './options.js'
import { callMarks, newPlace, overlay, type Place, type PlaceFigures } from './path-tree.js'
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
  /**
   * By how much the self time of the place in a trace changed: what it did itself, without what it waited for. Of many traces by the
   * median of those that come here, times their share of all. Of what was added or removed that of all its places together.
   */
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
  return before !== undefined && after !== undefined
}

function changesAt(place: Place, compared: Compared): TraceChange[] {
  const old = figuresOf(place.before, compared.before)
  const now = figuresOf(place.after, compared.after)
  if (isOnBothSides(place)) return kindsOf(old, now, compared).map((kind) => changeAt(place, kind, old, now, compared))
  if (!sharesDiffer(old.summary.traces, compared.before, now.summary.traces, compared.after)) return []
  const kind = now.summary.traces > 0 ? 'added' : 'removed'
  return [{ ...changeAt(place, kind, old, now, compared), ...wholeOf(place, compared) }]
}

function changeAt(place: Place, kind: ChangeKind, old: Figures, now: Figures, compared: Compared): TraceChange {
  const { service, name, kind: spanKind, before, after } = place
  return {
    kind,
    service,
    name,
    spanKind,
    path: pathTo(place),
    before: { ...old.summary, ...sampleOf(before, old.summary, kind, false) },
    after: { ...now.summary, ...sampleOf(after, now.summary, kind, true) },
    selfDeltaMs: ownDeltaMs(place, compared),
  }
}

function ownDeltaMs({ before, after }: Place, compared: Compared): number {
  return ownMs(after, compared.after) - ownMs(before, compared.before)
}

/** A mean would be that of the few calls that met a cold start. */
function ownMs(figures: PlaceFigures | undefined, traces: number): number {
  if (figures === undefined) return 0
  const { callsByTrace } = figures
  return medianOf(ascending(callsByTrace.map(({ selfMs }) => selfMs))) * (callsByTrace.length / traces)
}

function kindsOf(old: Figures, now: Figures, { before, after, minimumMs, minimumRatio }: Compared): ChangeKind[] {
  const pair = before === 1 && after === 1
  const kinds: ChangeKind[] = []
  const was = old.summary
  const is = now.summary

  const [wasMs, isMs] = [was.medianMs!, is.medianMs!]
  const moved = isMs !== wasMs && Math.abs(isMs - wasMs) >= minimumMs && Math.max(isMs, wasMs) >= minimumRatio * Math.min(isMs, wasMs)
  if (moved && (pair || isBeyondNoise(old.durationsMs, now.durationsMs))) kinds.push(isMs > wasMs ? 'slower' : 'faster')
  const calls = is.callsPerTrace - was.callsPerTrace
  if (calls !== 0 && (pair || isBeyondNoise(old.callsPerTrace, now.callsPerTrace))) kinds.push(calls > 0 ? 'more-calls' : 'fewer-calls')
  shares(was.failed, was.calls, is.failed, is.calls, 'failing', 'recovered')
  shares(was.retries, was.calls, is.retries, is.calls, 'retried')
  shares(was.cacheMisses, was.cacheHits + was.cacheMisses, is.cacheMisses, is.cacheHits + is.cacheMisses, 'cache-missed', 'cache-hit')
  return kinds

  function shares(part: number, whole: number, partNow: number, wholeNow: number, more: ChangeKind, fewer?: ChangeKind): void {
    const differ = pair ? part * wholeNow !== partNow * whole : sharesDiffer(part, whole, partNow, wholeNow)
    const kind = partNow * whole > part * wholeNow ? more : fewer
    if (differ && kind !== undefined) kinds.push(kind)
  }
}

type Summary = Omit<PlaceSummary, 'sample'>

/** Of one side: in short, and as lists that tell how far they scatter. */
interface Figures {
  summary: Summary
  durationsMs: number[]
  /** Of each trace, those without any included. */
  callsPerTrace: number[]
}

function figuresOf(figures: PlaceFigures | undefined, traces: number): Figures {
  const { durationsMs, marks, callsByTrace } = figures ?? { durationsMs: [], marks: [], callsByTrace: [] }
  const callsPerTrace = callsByTrace.map((one) => one.calls)
  const without = traces - callsByTrace.length
  // Where most traces have none, median and deviation are 0 however many more: a list of all of them at each place would be quadratic.
  for (let i = Math.min(without, Math.max(callsByTrace.length + 1, 5)); i > 0; i--) callsPerTrace.push(0)
  const summary: Summary = {
    traces: callsByTrace.length,
    calls: durationsMs.length,
    callsPerTrace: traces === 0 ? 0 : medianOf(ascending(callsPerTrace)),
    ...(durationsMs.length > 0 && { medianMs: medianOf(ascending(durationsMs)) }),
    failed: marked(marks, callMarks.failed),
    retries: marked(marks, callMarks.again),
    cacheHits: marked(marks, callMarks.hit),
    cacheMisses: marked(marks, callMarks.miss),
  }
  return { summary, durationsMs, callsPerTrace }
}

function marked(marks: readonly number[], mark: number): number {
  let count = 0
  for (const one of marks) if ((one & mark) > 0) count++
  return count
}

/** Which calls show a change that only some of them have: those with the mark, or without. */
const telling: Partial<Record<ChangeKind, { mark: number; has: boolean }>> = {
  failing: { mark: callMarks.failed, has: true },
  recovered: { mark: callMarks.failed, has: false },
  retried: { mark: callMarks.again, has: true },
  'cache-missed': { mark: callMarks.miss, has: true },
  'cache-hit': { mark: callMarks.hit, has: true },
}

/** @param shows - a call that shows the change is wanted, else one that does not */
function sampleOf(
  figures: PlaceFigures | undefined,
  { medianMs = 0, callsPerTrace }: Summary,
  kind: ChangeKind,
  shows: boolean,
): { sample?: string } {
  if (figures === undefined) return {}
  const { durationsMs, marks, callsByTrace } = figures
  if (kind === 'more-calls' || kind === 'fewer-calls') {
    const near = nearest(
      callsByTrace.map(({ calls }) => calls),
      callsPerTrace,
    )
    return { sample: callsByTrace[near]!.traceId }
  }
  const told = telling[kind]
  const call =
    told === undefined
      ? nearest(durationsMs, medianMs)
      : Math.max(
          0,
          marks.findIndex((one) => (one & told.mark) > 0 === (told.has === shows)),
        )
  return { sample: traceOfCall(callsByTrace, call) }
}

function traceOfCall(callsByTrace: PlaceFigures['callsByTrace'], call: number): string {
  let before = 0
  return callsByTrace.find(({ calls }) => (before += calls) > call)!.traceId
}

/** Where the value is that is nearest to what is aimed at. @param values - not empty */
function nearest(values: readonly number[], aim: number): number {
  let best = 0
  for (const [i, value] of values.entries()) if (Math.abs(value - aim) < Math.abs(values[best]! - aim)) best = i
  return best
}

const MAX_PATH = 10

function pathTo(place: Place): string[] {
  const path: string[] = []
  for (let at: Place = place; at.parent !== undefined && path.length < MAX_PATH; at = at.parent) path.unshift(`${at.service} ${at.name}`)
  return path
}

/** What is new or gone is told by its top alone: a call that only waits for a slow one below it weighs as much as both. */
function wholeOf(top: Place, compared: Compared): Required<Pick<TraceChange, 'places' | 'selfDeltaMs'>> {
  const whole = { places: 0, selfDeltaMs: 0 }
  const stack = [top]
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    whole.places++
    whole.selfDeltaMs += ownDeltaMs(place, compared)
    for (const child of childrenOf(place)) stack.push(child)
  }
  return whole
}
