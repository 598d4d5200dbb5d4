import type { Trace } from '../traces/types.js'
import { about, type SpanRef } from './span-ref.js'
import { buildTree, durationOf, earlier, isBlocking, later, type SpanNode } from './tree.js'

/** What a span did itself, while none of its children ran. */
export interface SelfTime extends SpanRef {
  /** From start to end; 0 where the end is before the start. */
  durationNano: bigint
  /** From 0 to `durationNano`. */
  selfNano: bigint
}

/**
 * The self time of each span: its duration without the time in which any child ran, children clamped to it. Children that run side by
 * side count once; consumers do not count against their producer. Of a trace whose siblings never overlap and whose children lie within
 * their parents, the self times sum to the root's duration; children that run side by side each keep theirs. O(n log n).
 *
 * @returns one for each of `trace.spans`, in their order
 * @example
 * ```ts
 * const busiest = selfTimes(trace).sort((a, b) => Number(b.selfNano - a.selfNano))[0]
 * ```
 */
export function selfTimes(trace: Trace): SelfTime[] {
  return buildTree(trace).nodes.map((node) => about(node.span, { durationNano: durationOf(node), selfNano: selfNanoOf(node) }))
}

export function selfNanoOf(node: SpanNode): bigint {
  let self = durationOf(node)
  let coveredUntil = node.startUnixNano
  // By start, so each child adds at most what lies behind all before it.
  for (const child of node.children) {
    if (!isBlocking(child)) continue
    const from = later(child.startUnixNano, coveredUntil)
    const until = earlier(child.endUnixNano, node.endUnixNano)
    if (from >= until) continue
    self -= until - from
    coveredUntil = until
  }
  return self
}
