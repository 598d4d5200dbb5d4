import { buildTree, type SpanNode as PlacedSpan } from '../analysis/tree.js'
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

/** Hangs spans under their parents, as the analyses do, and lines under their spans: in linear time but for sorting. */
export function arrange(trace: Trace | undefined, entries: readonly LogEntry[]): TraceTree {
  const placed = trace === undefined ? undefined : buildTree(trace)
  const drawn = new Map<PlacedSpan, SpanNode>()
  for (const node of placed?.nodes ?? []) {
    drawn.set(node, { span: node.span, children: [], lines: [], ...(node.detached !== undefined && { detached: node.detached }) })
  }
  for (const [{ children }, node] of drawn) for (const child of children) node.children.push(drawn.get(child)!)

  const tree: TraceTree = { roots: (placed?.roots ?? []).map((root) => drawn.get(root)!), astray: [], spanless: [], mentions: [] }
  let last: bigint | undefined
  for (const entry of entries) {
    last = entry.timeUnixNano ?? last
    const line: PlacedLine = last === undefined ? { entry } : { entry, atUnixNano: last }
    const span = entry.spanId === undefined ? undefined : placed?.byId.get(entry.spanId)
    if (entry.mention === true) tree.mentions.push(line)
    else if (span !== undefined) drawn.get(span)!.lines.push(line)
    else if (entry.spanId === undefined || drawn.size === 0) tree.spanless.push(line)
    else tree.astray.push(line)
  }
  return tree
}
