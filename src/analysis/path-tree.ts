import type { SpanKindName, Trace, TraceSpan } from '../traces/types.js'
import { isFailed } from './failure.js'
import { retriesAmong } from './retries.js'
import { selfNanoOf } from './self-times.js'
import { operationKey } from './span-ref.js'
import { msOf } from './statistics.js'
import { buildTree, durationOf, type SpanNode, walk } from './tree.js'

/** What the traces of one side did in one place. */
export interface PlaceFigures {
  calls: PlaceCall[]
  /** Of each trace that has any. */
  callsByTrace: { traceId: string; calls: number }[]
}

export interface PlaceCall {
  traceId: string
  durationMs: number
  selfMs: number
  failed: boolean
  /** A second or later attempt. */
  again: boolean
  /** Absent where it asked no cache. */
  hit: boolean | undefined
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
  return { calls: [], callsByTrace: [] }
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
    place[side].calls.push(callOf(node, again.has(node)))
    markAgain(node.children)
  }
  for (const [place, count] of calls) place[side].callsByTrace.push({ traceId: trace.traceId, calls: count })
}

function childOf(parent: Place, span: TraceSpan): Place {
  const key = operationKey(span)
  let child = parent.children.get(key)
  if (child === undefined) parent.children.set(key, (child = newPlace(span, parent)))
  return child
}

function callOf(node: SpanNode, again: boolean): PlaceCall {
  const { span } = node
  return {
    traceId: span.traceId,
    durationMs: msOf(durationOf(node)),
    selfMs: msOf(selfNanoOf(node)),
    failed: isFailed(span),
    again,
    hit: cacheHit(span),
  }
}

/** `cache.hit`, as cache instrumentation commonly has it; the semantic conventions have no name for it yet. */
function cacheHit({ attributes }: TraceSpan): boolean | undefined {
  const value = attributes['cache.hit'] ?? attributes['cache.result']
  if (value === true || value === 'true' || value === 'hit') return true
  if (value === false || value === 'false' || value === 'miss') return false
  return undefined
}
