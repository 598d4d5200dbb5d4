import type { SpanKindName, Trace, TraceSpan } from '../traces/types.js'
import { isFailed } from './failure.js'
import { retriesAmong } from './retries.js'
import { selfNanoOf } from './self-times.js'
import { operationKey } from './span-ref.js'
import { msOf } from './statistics.js'
import { buildTree, durationOf, type SpanNode, walk } from './tree.js'

/** What the traces of one side did in one place. */
export interface PlaceFigures {
  /** One for each call, as are the self times. */
  durationsMs: number[]
  selfMs: number[]
  /** Calls of each trace that has any. */
  callsByTrace: number[]
  /** The first trace that came here. */
  sample?: string
  failed: number
  /** Second and later attempts. */
  retries: number
  cacheHits: number
  cacheMisses: number
}

export type Side = 'before' | 'after'

/** A place in the call tree: services and operations on the way from the root, whatever the span IDs. */
export interface Place {
  readonly service: string
  readonly name: string
  readonly kind: SpanKindName
  readonly parent: Place | undefined
  readonly children: Map<string, Place>
  readonly before: PlaceFigures
  readonly after: PlaceFigures
}

export function newPlace({ service, name, kind }: Pick<TraceSpan, 'service' | 'name' | 'kind'>, parent?: Place): Place {
  return { service, name, kind, parent, children: new Map(), before: noFigures(), after: noFigures() }
}

function noFigures(): PlaceFigures {
  return { durationsMs: [], selfMs: [], callsByTrace: [], failed: 0, retries: 0, cacheHits: 0, cacheMisses: 0 }
}

/** Lays a trace over the places below `top`, as Jaeger's comparison does: linear but for building its tree. */
export function overlay(top: Place, trace: Trace, side: Side): void {
  const { roots } = buildTree(trace)
  const placeOf = new Map<SpanNode, Place>()
  const calls = new Map<Place, number>()
  const again = new Set<SpanNode>()
  const markAgain = (siblings: readonly SpanNode[]) => {
    for (const run of retriesAmong(siblings)) for (const node of run.slice(1)) again.add(node)
  }

  markAgain(roots)
  for (const node of walk(roots)) {
    const place = childOf(node.parent === undefined ? top : placeOf.get(node.parent)!, node.span)
    placeOf.set(node, place)
    calls.set(place, (calls.get(place) ?? 0) + 1)
    record(place[side], node, again.has(node))
    markAgain(node.children)
  }
  for (const [place, count] of calls) place[side].callsByTrace.push(count)
}

function childOf(parent: Place, span: TraceSpan): Place {
  const key = operationKey(span)
  let child = parent.children.get(key)
  if (child === undefined) parent.children.set(key, (child = newPlace(span, parent)))
  return child
}

function record(figures: PlaceFigures, node: SpanNode, again: boolean): void {
  const { span } = node
  figures.sample ??= span.traceId
  figures.durationsMs.push(msOf(durationOf(node)))
  figures.selfMs.push(msOf(selfNanoOf(node)))
  if (isFailed(span)) figures.failed++
  if (again) figures.retries++
  const hit = cacheHit(span)
  if (hit === true) figures.cacheHits++
  if (hit === false) figures.cacheMisses++
}

/** `cache.hit`, as cache instrumentation commonly has it; the semantic conventions have no name for it yet. */
function cacheHit({ attributes }: TraceSpan): boolean | undefined {
  const value = attributes['cache.hit'] ?? attributes['cache.result']
  if (value === true || value === 'true' || value === 'hit') return true
  if (value === false || value === 'false' || value === 'miss') return false
  return undefined
}
