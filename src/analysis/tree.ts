import type { Trace, TraceSpan } from '../traces/types.js'
import { traceGiven } from './traces-given.js'

/** A span in its place. Built afresh for each analysis; the trace itself is never touched. */
export interface SpanNode {
  readonly span: TraceSpan
  readonly startUnixNano: bigint
  /** Never before the start: a span whose clock was set back counts as one of no length. */
  readonly endUnixNano: bigint
  parent: SpanNode | undefined
  /** By start. */
  readonly children: SpanNode[]
  /** Why it stands at the top though it names a parent: the parent is not in the trace, or is its own descendant. */
  detached?: 'orphan' | 'cycle'
  /** An earlier span has the same ID and is not its caller. It is a span like others, but children are never its own. */
  duplicate?: true
}

export interface SpanTree {
  /** In the order of the trace. */
  nodes: SpanNode[]
  /** Spans without a parent in the trace, by start. */
  roots: SpanNode[]
  /** The span that holds the children of an ID. */
  byId: Map<string, SpanNode>
}

/**
 * Hangs each span under its parent: linear but for sorting siblings, whatever the parents say.
 *
 * A cycle of parents is cut above its earliest span. Of spans that share an ID, as a client and its server do in Zipkin's model, the
 * server hangs under the client and holds the children, but for those of the client's own service.
 */
export function buildTree(trace: Trace): SpanTree {
  const nodes = traceGiven(trace).spans.map(nodeOf)
  const byId = new Map<string, SpanNode>()
  const callers = new Map<string, SpanNode>()
  for (const node of nodes) {
    const { spanId } = node.span
    const holder = byId.get(spanId)
    if (holder === undefined) byId.set(spanId, node)
    else if (callers.has(spanId)) node.duplicate = true
    else if (calls(holder, node)) {
      callers.set(spanId, holder)
      byId.set(spanId, node)
    } else if (calls(node, holder)) callers.set(spanId, node)
    else node.duplicate = true
  }

  for (const node of nodes) node.parent = findParent(node.span, byId, callers, node)
  cutCycles(nodes)

  const roots: SpanNode[] = []
  for (const node of nodes) {
    if (node.parent !== undefined) node.parent.children.push(node)
    else {
      if (node.span.parentSpanId !== undefined) node.detached ??= 'orphan'
      roots.push(node)
    }
  }
  // A trace of a source comes sorted, and so do its children then; sorting again costs one pass.
  for (const { children } of nodes) if (children.length > 1) children.sort(byStart)
  return { nodes, roots: roots.toSorted(byStart), byId }
}

function nodeOf(span: TraceSpan): SpanNode {
  const { startUnixNano, endUnixNano } = span
  return { span, startUnixNano, endUnixNano: later(startUnixNano, endUnixNano), parent: undefined, children: [] }
}

function calls(caller: SpanNode, callee: SpanNode): boolean {
  return caller.span.kind === 'client' && callee.span.kind === 'server'
}

function findParent(span: TraceSpan, byId: Map<string, SpanNode>, callers: Map<string, SpanNode>, node: SpanNode): SpanNode | undefined {
  const caller = callers.get(span.spanId)
  if (caller !== undefined && byId.get(span.spanId) === node) return caller
  if (span.parentSpanId === undefined) return undefined
  const holder = byId.get(span.parentSpanId)
  const other = callers.get(span.parentSpanId)
  return other !== undefined && other.span.service === span.service && holder?.span.service !== span.service ? other : holder
}

function cutCycles(nodes: readonly SpanNode[]): void {
  const turnOf = new Map<SpanNode, number>()
  for (const [turn, start] of nodes.entries()) {
    let node: SpanNode | undefined = start
    while (node !== undefined && !turnOf.has(node)) {
      turnOf.set(node, turn)
      node = node.parent
    }
    if (node !== undefined && turnOf.get(node) === turn) cutAt(earliestOf(node))
  }
}

function earliestOf(member: SpanNode): SpanNode {
  let earliest = member
  for (let node = member.parent; node !== undefined && node !== member; node = node.parent) {
    if (byStart(node, earliest) < 0) earliest = node
  }
  return earliest
}

function cutAt(node: SpanNode): void {
  node.parent = undefined
  node.detached = 'cycle'
}

/** The nodes and all below them, parents first, without recursion. */
export function* walk(tops: readonly SpanNode[]): Generator<SpanNode, void, undefined> {
  const stack = tops.toReversed()
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!)
  }
}

/**
 * The root that stands for the trace: of those that name no parent, or of all where each does, the one that lasts longest, the earliest
 * of equals.
 */
export function mainRoot({ roots }: SpanTree): SpanNode | undefined {
  const whole = roots.filter(({ detached }) => detached === undefined)
  let main: SpanNode | undefined
  for (const root of whole.length > 0 ? whole : roots) if (main === undefined || durationOf(root) > durationOf(main)) main = root
  return main
}

/** A consumer works for itself: what sent the message does not wait for it. */
export function isBlocking(child: SpanNode): boolean {
  return !(child.span.kind === 'consumer' && child.parent?.span.kind === 'producer')
}

const MILLISECOND = 1_000_000n

/**
 * Whether a span may have begun only after another had ended. A start of whole milliseconds was cut there, as OpenTelemetry's SDK for
 * JavaScript cuts each: what began right after a call seems to overlap it by up to a millisecond.
 */
export function follows({ startUnixNano }: SpanNode, endUnixNano: bigint): boolean {
  const latest = startUnixNano % MILLISECOND === 0n ? startUnixNano + MILLISECOND - 1n : startUnixNano
  return endUnixNano <= latest
}

export function durationOf({ startUnixNano, endUnixNano }: SpanNode): bigint {
  return endUnixNano - startUnixNano
}

export function byStart(a: SpanNode, b: SpanNode): number {
  return compare(a.startUnixNano, b.startUnixNano) || compare(a.span.spanId, b.span.spanId)
}

export function compare<T extends bigint | string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

export function earlier(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
