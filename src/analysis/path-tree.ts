import type { SpanKindName, Trace, TraceSpan } from '../traces/types.js'
import { isFailed } from './failure.js'
import { retriesAmong } from './retries.js'
import { selfNanoOf } from './self-times.js'
import { operationKey } from './span-ref.js'
import { msOf } from './statistics.js'
import { buildTree, durationOf, type SpanNode } from './tree.js'

/** What the traces of one side did in one place. */
export interface PlaceFigures {
  calls: PlaceCall[]
  /** Of each trace that has any. */
  callsByTrace: TraceCalls[]
}

interface TraceCalls {
  /** Of this pass: one trace may be given twice. */
  readonly pass: object
  readonly traceId: string
  calls: number
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
  /** Absent where there are none: a million places do not each want a map. */
  children?: Map<string, Place>
  before: PlaceFigures
  after: PlaceFigures
}

export function newPlace({ service, name, kind }: Pick<TraceSpan, 'service' | 'name' | 'kind'>, parent?: Place): Place {
  return { service, name, kind, parent, before: noFigures, after: noFigures }
}

/** Of a side that does not come here; replaced at its first call. */
const noFigures: PlaceFigures = { calls: [], callsByTrace: [] }

/** Lays a trace over the places below `top`, as Jaeger's comparison does: linear but for building its tree. */
export function overlay(top: Place, trace: Trace, side: Side): void {
  const { roots } = buildTree(trace)
  const { traceId } = trace
  const pass = {}
  const todo: { siblings: readonly SpanNode[]; parent: Place }[] = [{ siblings: roots, parent: top }]
  for (let task = todo.pop(); task !== undefined; task = todo.pop()) {
    const { siblings, parent } = task
    const again = new Set(retriesAmong(siblings).flatMap((run) => run.slice(1)))
    for (const node of siblings) {
      const place = childOf(parent, node.span)
      if (place[side] === noFigures) place[side] = { calls: [], callsByTrace: [] }
      const { calls, callsByTrace } = place[side]
      calls.push(callOf(node, again.has(node)))
      const here = callsByTrace.at(-1)
      if (here?.pass === pass) here.calls++
      else callsByTrace.push({ pass, traceId, calls: 1 })
      if (node.children.length > 0) todo.push({ siblings: node.children, parent: place })
    }
  }
}

function childOf(parent: Place, span: TraceSpan): Place {
  const key = operationKey(span)
  parent.children ??= new Map()
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
