import type { SpanKindName, Trace, TraceSpan } from '../traces/types.js'
import { isFailed } from './failure.js'
import { retriesAmong } from './retries.js'
import { selfNanoOf } from './self-times.js'
import { operationKey } from './span-ref.js'
import { msOf } from './statistics.js'
import { buildTree, durationOf, type SpanNode } from './tree.js'

/** What the traces of one side did in one place. Columns, not an object a call: a million places are compared as well. */
export interface PlaceFigures {
  /** Of each call, those of a trace one after another. */
  durationsMs: number[]
  /** What each call was like: a sum of `callMarks`. */
  marks: number[]
  /** Of each trace that has any. */
  callsByTrace: TraceCalls[]
}

interface TraceCalls {
  /** Of this pass: one trace may be given twice. */
  readonly pass: object
  readonly traceId: string
  calls: number
  /** Of these calls together. */
  selfMs: number
}

/** `again`: a second or later attempt; neither `hit` nor `miss` where it asked no cache. */
export const callMarks = { failed: 1, again: 2, hit: 4, miss: 8 } as const

export type Side = 'before' | 'after'

/** A place in the call tree: services and operations on the way from the root, whatever the span IDs. */
export interface Place {
  readonly service: string
  readonly name: string
  readonly kind: SpanKindName
  readonly parent: Place | undefined
  /** Absent where there are none: a million places do not each want a map. */
  children?: Map<string, Place>
  /** Absent for a side that does not come here. */
  before?: PlaceFigures
  after?: PlaceFigures
}

export function newPlace({ service, name, kind }: Pick<TraceSpan, 'service' | 'name' | 'kind'>, parent?: Place): Place {
  return { service, name, kind, parent }
}

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
      const durationMs = msOf(durationOf(node))
      const marks = marksOf(node.span) + (again.has(node) ? callMarks.again : 0)
      const selfMs = msOf(selfNanoOf(node))
      const figures = place[side]
      // Made with what they hold: the first push would reserve room for 17.
      if (figures === undefined) {
        place[side] = { durationsMs: [durationMs], marks: [marks], callsByTrace: [{ pass, traceId, calls: 1, selfMs }] }
      } else {
        figures.durationsMs.push(durationMs)
        figures.marks.push(marks)
        const here = figures.callsByTrace.at(-1)!
        if (here.pass !== pass) figures.callsByTrace.push({ pass, traceId, calls: 1, selfMs })
        else {
          here.calls++
          here.selfMs += selfMs
        }
      }
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

function marksOf(span: TraceSpan): number {
  const hit = cacheHit(span)
  return (isFailed(span) ? callMarks.failed : 0) + (hit === undefined ? 0 : hit ? callMarks.hit : callMarks.miss)
}

/** `cache.hit`, as cache instrumentation commonly has it; the semantic conventions have no name for it yet. */
function cacheHit({ attributes }: TraceSpan): boolean | undefined {
  const value = attributes['cache.hit'] ?? attributes['cache.result']
  if (value === true || value === 'true' || value === 'hit') return true
  if (value === false || value === 'false' || value === 'miss') return false
  return undefined
}
