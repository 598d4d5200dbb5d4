import type { LogEntry } from '../logs/types.js'
import type { Trace, TraceSpan } from '../traces/types.js'

/** A span with what stands under it. */
export interface SpanNode {
  span: TraceSpan
  /** By start. */
  children: SpanNode[]
  /** In time order. */
  lines: PlacedLine[]
  /** Why it stands at the top though it names a parent: the parent is not in the trace, or is its own descendant. */
  detached?: 'orphan' | 'cycle'
}

export interface PlacedLine {
  entry: LogEntry
  /** Its own time, or that of the line before it; absent where no line before it has one. */
  atUnixNano?: bigint
}

/** A trace with its log lines, each in its place. */
export interface TraceTree {
  /** Spans without a parent that is in the trace, by start. */
  roots: SpanNode[]
  /** Lines that name a span which the trace does not have. */
  astray: PlacedLine[]
  /** Lines that name no span; all of them where the trace has no spans. */
  spanless: PlacedLine[]
  /** Lines that only mention the trace. */
  mentions: PlacedLine[]
}

/** Hangs spans under their parents and lines under their spans, in linear time but for sorting, whatever the parents say. */
export function arrange(trace: Trace | undefined, entries: readonly LogEntry[]): TraceTree {
  const nodes = (trace?.spans ?? []).map((span): SpanNode => ({ span, children: [], lines: [] }))
  const byId = new Map<string, SpanNode>()
  for (const node of nodes) if (!byId.has(node.span.spanId)) byId.set(node.span.spanId, node)
  const parentOf = (node: SpanNode) => (node.span.parentSpanId === undefined ? undefined : byId.get(node.span.parentSpanId))

  cutCycles(nodes, parentOf)
  const roots: SpanNode[] = []
  for (const node of nodes) {
    const parent = node.detached === 'cycle' ? undefined : parentOf(node)
    if (parent !== undefined) parent.children.push(node)
    else {
      if (node.span.parentSpanId !== undefined) node.detached ??= 'orphan'
      roots.push(node)
    }
  }
  for (const { children } of nodes) children.sort(byStart)
  roots.sort(byStart)

  const tree: TraceTree = { roots, astray: [], spanless: [], mentions: [] }
  let last: bigint | undefined
  for (const entry of entries) {
    last = entry.timeUnixNano ?? last
    const line: PlacedLine = last === undefined ? { entry } : { entry, atUnixNano: last }
    listFor(entry, byId, tree).push(line)
  }
  return tree
}

function listFor(entry: LogEntry, byId: Map<string, SpanNode>, tree: TraceTree): PlacedLine[] {
  if (entry.mention === true) return tree.mentions
  if (entry.spanId === undefined || byId.size === 0) return tree.spanless
  return byId.get(entry.spanId)?.lines ?? tree.astray
}

/** Detaches the earliest span of each cycle of parents. */
function cutCycles(nodes: SpanNode[], parentOf: (node: SpanNode) => SpanNode | undefined): void {
  const settled = new Set<SpanNode>()
  for (const start of nodes) {
    const path = new Set<SpanNode>()
    let node: SpanNode | undefined = start
    while (node !== undefined && !settled.has(node) && !path.has(node)) {
      path.add(node)
      node = parentOf(node)
    }
    if (node !== undefined && path.has(node)) {
      const walked = [...path]
      const cycle = walked.slice(walked.indexOf(node))
      cycle.reduce((first, next) => (byStart(first, next) <= 0 ? first : next)).detached = 'cycle'
    }
    for (const visited of path) settled.add(visited)
  }
}

function byStart(a: SpanNode, b: SpanNode): number {
  return compare(a.span.startUnixNano, b.span.startUnixNano) || compare(a.span.spanId, b.span.spanId)
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
