import type { Trace, TraceSpan } from '../traces/types.js'
import { textOf } from './attributes.js'
import { about, type SpanRef } from './span-ref.js'
import { buildTree, compare, durationOf, isBlocking, type SpanNode, walk } from './tree.js'

export interface SkewCorrection {
  /** A trace with the corrected times; the one given, where nothing was moved. */
  trace: Trace
  /** What was moved, and by how much: more than 0 is later. */
  moved: (SpanRef & { byNano: bigint })[]
}

/**
 * Guesses the true times of spans from hosts whose clocks disagree, so that a waterfall and a critical path make sense: a child from
 * another host than its parent's that does not lie within its parent is moved.
 *
 * ```
 * call (host a)      |-----------|              |-----------|
 * answer (host b) |-----|               →          |-----|
 * ```
 *
 * As Jaeger's backend does it (its clock skew adjuster): one that fits is left alone; a shorter one is centred in its parent, as if both
 * ways took the same time; a longer one, and the consumer of a producer, is moved only if it begins before its parent, to the parent's
 * start. Descendants of the same host move along, with their events. A host is known by `host.id`, `host.name`, `container.id`, else by
 * its service. A guess: an answer that truly outlived its call is moved as well. O(n log n).
 *
 * @example
 * ```ts
 * const path = criticalPath(correctClockSkew(trace).trace)
 * ```
 */
export function correctClockSkew(trace: Trace): SkewCorrection {
  const { nodes, roots } = buildTree(trace)
  const shifts = new Map<SpanNode, bigint>()
  for (const node of walk(roots)) {
    const shift = node.parent === undefined ? 0n : shiftOf(node, node.parent, shifts.get(node.parent)!)
    shifts.set(node, shift)
  }
  const moved = nodes.flatMap((node) => {
    const byNano = shifts.get(node)!
    return byNano === 0n ? [] : [about(node.span, { byNano })]
  })
  if (moved.length === 0) return { trace, moved }
  const spans = nodes.map((node) => shifted(node.span, shifts.get(node)!))
  return { trace: { ...trace, spans: spans.toSorted(bySpanOrder) }, moved }
}

/** @param shift - of the parent */
function shiftOf(node: SpanNode, parent: SpanNode, shift: bigint): bigint {
  if (hostOf(node.span) === hostOf(parent.span)) return shift
  const start = parent.startUnixNano + shift
  const slack = durationOf(parent) - durationOf(node)
  if (slack < 0n || !isBlocking(node)) return node.startUnixNano < start ? start - node.startUnixNano : 0n
  const fits = node.startUnixNano >= start && node.endUnixNano <= parent.endUnixNano + shift
  return fits ? 0n : start + slack / 2n - node.startUnixNano
}

function hostOf({ resource, service }: TraceSpan): string {
  return textOf(resource, 'host.id', 'host.name', 'container.id') ?? service
}

function shifted(span: TraceSpan, byNano: bigint): TraceSpan {
  if (byNano === 0n) return span
  const events = span.events.map((event) => Object.assign({ ...event }, { timeUnixNano: event.timeUnixNano + byNano }))
  return { ...span, startUnixNano: span.startUnixNano + byNano, endUnixNano: span.endUnixNano + byNano, events }
}

function bySpanOrder(a: TraceSpan, b: TraceSpan): number {
  return compare(a.startUnixNano, b.startUnixNano) || compare(a.spanId, b.spanId) || compare(a.kind, b.kind)
}
