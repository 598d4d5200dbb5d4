import { refuseUnknownOptions } from '../errors.js'
import type { Trace } from '../traces/types.js'
import { about, type SpanRef } from './span-ref.js'
import { buildTree, compare, earlier, follows, isBlocking, later, mainRoot, type SpanNode, type SpanTree } from './tree.js'

/** A stretch of time that one span, and none of its children, decided. */
export interface CriticalSection extends SpanRef {
  startUnixNano: bigint
  endUnixNano: bigint
}

export interface CriticalPathOptions {
  /** The span whose time is to be explained. @defaultValue the main root: of the spans without a parent, the one that lasts longest */
  spanId?: string
  /** The paths of all roots, one root after another by start; sections of different roots may overlap. @defaultValue false */
  everyRoot?: boolean
}

/**
 * The chain of work that decided how long a trace took: shorten any of it, and the trace is shorter.
 *
 * ```
 * root |----------------|
 * db      |----|
 * http           |---|     path: root, http, root, db, root   (from the end)
 * ```
 *
 * Found from the end: the parent owns the time after the child that ends last, the child its own; from the child's start on it is the
 * turn of the child with the latest end up to there; within a millisecond of it, where that start is of whole milliseconds, as those of
 * OpenTelemetry's SDK for JavaScript are. Children are clamped to their parents first: what an asynchronous child does after
 * its parent's end is not on the path, nor are children wholly outside, of no length, or of a negative duration, nor what hangs on them,
 * nor the consumers of a producer. Where the parent of a span is not in the trace, or is its own descendant, the span is a root.
 *
 * Steps as Jaeger's interface has them (`CriticalPath/index.ts`), without recursion and with children that touch. O(n log n).
 *
 * @returns the sections in time order, none empty; those of one root do not overlap and sum to its duration. Empty where the trace has
 * no span, or not the one asked for.
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * for (const { service, name, startUnixNano, endUnixNano } of criticalPath(trace)) {
 *   console.log(service, name, Number(endUnixNano - startUnixNano) / 1e6, 'ms')
 * }
 * ```
 */
export function criticalPath(trace: Trace, options: CriticalPathOptions = {}): CriticalSection[] {
  refuseUnknownOptions('criticalPath', options, ['spanId', 'everyRoot'])
  const tree = buildTree(trace)
  return pathsOf(tree, options).map(({ node, startUnixNano, endUnixNano }) => about(node.span, { startUnixNano, endUnixNano }))
}

/** A section with its place in the tree. */
export interface PathSection {
  node: SpanNode
  startUnixNano: bigint
  endUnixNano: bigint
}

export function pathsOf(tree: SpanTree, { spanId, everyRoot = false }: CriticalPathOptions = {}): PathSection[] {
  if (everyRoot) return tree.roots.flatMap(pathOf)
  const top = spanId === undefined ? mainRoot(tree) : tree.byId.get(spanId)
  return top === undefined ? [] : pathOf(top)
}

/** One span on the way, with what is left of it. */
interface Visit extends PathSection {
  /** Down from the latest end. */
  children: PathSection[]
  next: number
  /** The child whose turn it was last. */
  last?: SpanNode
}

export function pathOf(top: SpanNode): PathSection[] {
  const sections: PathSection[] = []
  const stack = [visit({ node: top, startUnixNano: top.startUnixNano, endUnixNano: top.endUnixNano })]
  for (let here = stack.at(-1); here !== undefined; here = stack.at(-1)) {
    const child = nextChild(here)
    const from = child?.endUnixNano ?? here.startUnixNano
    if (from < here.endUnixNano) sections.push({ node: here.node, startUnixNano: from, endUnixNano: here.endUnixNano })
    if (child === undefined) stack.pop()
    else {
      here.endUnixNano = child.startUnixNano
      here.last = child.node
      stack.push(visit(child))
    }
  }
  return sections.toReversed()
}

function nextChild(here: Visit): PathSection | undefined {
  for (let child = here.children[here.next]; child !== undefined; child = here.children[here.next]) {
    here.next++
    const isBefore = here.last === undefined || follows(here.last, child.endUnixNano)
    if (isBefore && child.startUnixNano < here.endUnixNano) {
      return { ...child, endUnixNano: earlier(child.endUnixNano, here.endUnixNano) }
    }
  }
  return undefined
}

function visit(section: PathSection): Visit {
  const children: PathSection[] = []
  for (const node of section.node.children) {
    if (!isBlocking(node)) continue
    const startUnixNano = later(node.startUnixNano, section.startUnixNano)
    const endUnixNano = earlier(node.endUnixNano, section.endUnixNano)
    // One that is left without length owns no section, nor does what hangs on it.
    if (startUnixNano < endUnixNano) children.push({ node, startUnixNano, endUnixNano })
  }
  children.sort((a, b) => compare(b.endUnixNano, a.endUnixNano) || compare(a.startUnixNano, b.startUnixNano))
  return { ...section, children, next: 0 }
}
