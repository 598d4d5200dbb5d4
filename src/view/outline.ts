import { isFailed } from '../analysis/failure.js'
import { ERROR_SEVERITY } from '../fields/severity.js'
import type { TraceSpan } from '../traces/types.js'
import type { PlacedLine, SpanNode } from './tree.js'

/** What of a trace is to be shown. */
export interface OutlineOptions {
  /** Only what failed: spans with an error status, or with a line of level error and above; what stands above them is shown without lines. */
  only?: 'errors'
  /** Only spans of these services, likewise. */
  services?: readonly string[]
  /** Levels below the roots; 0 shows roots only. */
  depth?: number
  /** Show each of many calls alike, one by one. @defaultValue false */
  all?: boolean
}

/** A span that is shown. */
export interface OutlineNode {
  span: TraceSpan
  detached?: 'orphan' | 'cycle'
  children: OutlineNode[]
  lines: readonly PlacedLine[]
  /** It is not what was asked for, and stands above something that is. */
  context?: true
  /** Spans that it stands for, itself first: calls alike, one after another, none of which had trouble. */
  folded?: TraceSpan[]
  /** What is below and is not shown, because of `depth` or a fold. */
  below?: Hidden
}

/** What is left out. */
export interface Hidden {
  spans: number
  lines: number
}

export interface Outline {
  roots: OutlineNode[]
  /** What the filters left out; what stands in `below` is not counted. */
  hidden: Hidden
}

/** From so many calls alike on, they are one row. */
const FOLD_FROM = 5
const WARNING = 13

interface Branch extends Hidden {
  /** A failed span or a line of level warning and above, in the span or below. */
  trouble: boolean
  /** What is asked for is in the span itself. */
  fits: boolean
  /** … or below. */
  kept: boolean
}

/** Picks what is shown, and folds repetitions. Linear and without recursion. */
export function outline(roots: readonly SpanNode[], options: OutlineOptions = {}): Outline {
  const branches = measure(roots, options)
  const isKept = (node: SpanNode): boolean => branches.get(node)!.kept
  const hidden: Hidden = { spans: 0, lines: 0 }
  const hide = (node: SpanNode): void => {
    const { spans, lines } = branches.get(node)!
    hidden.spans += spans
    hidden.lines += lines
  }
  const shown: OutlineNode[] = []
  const todo: { nodes: readonly SpanNode[]; into: OutlineNode[]; depth: number }[] = [{ nodes: roots, into: shown, depth: 0 }]
  for (let task = todo.pop(); task !== undefined; task = todo.pop()) {
    const { nodes, into, depth } = task
    for (const node of nodes) if (!isKept(node)) hide(node)
    for (const run of runsOf(nodes.filter(isKept), branches, options.all === true)) {
      const [first] = run
      const { span, detached, lines, children } = first!
      const branch = branches.get(first!)!
      const drawn: OutlineNode = { span, children: [], lines, ...(detached !== undefined && { detached }) }
      if (!branch.fits) {
        Object.assign(drawn, { lines: [], context: true })
        hidden.lines += lines.length
      }
      into.push(drawn)
      if (run.length > 1) {
        drawn.folded = run.map((one) => one.span)
        drawn.lines = []
        drawn.below = sumOf(
          run.map((one) => branches.get(one)!),
          { spans: run.length, lines: 0 },
        )
      } else if (depth >= (options.depth ?? Number.POSITIVE_INFINITY) && children.length > 0) {
        drawn.below = sumOf([branch], { spans: 1, lines: lines.length })
      } else todo.push({ nodes: children, into: drawn.children, depth: depth + 1 })
    }
  }
  return { roots: shown, hidden }
}

function measure(roots: readonly SpanNode[], { only, services }: OutlineOptions): Map<SpanNode, Branch> {
  const branches = new Map<SpanNode, Branch>()
  const order: SpanNode[] = [...roots]
  // The list grows while it is read: each span stands behind its parent.
  for (const node of order) for (const child of node.children) order.push(child)
  for (const node of order.toReversed()) {
    const { span, lines, children } = node
    const isAtLeast = (level: number) => lines.some(({ entry }) => (entry.severity?.number ?? 0) >= level)
    const failed = isFailed(span)
    const branch: Branch = {
      spans: 1,
      lines: lines.length,
      trouble: failed || isAtLeast(WARNING),
      fits: (only === undefined || failed || isAtLeast(ERROR_SEVERITY)) && (services?.includes(span.service) ?? true),
      kept: false,
    }
    branch.kept = branch.fits
    for (const child of children) {
      const below = branches.get(child)!
      branch.spans += below.spans
      branch.lines += below.lines
      branch.trouble ||= below.trouble
      branch.kept ||= below.kept
    }
    branches.set(node, branch)
  }
  return branches
}

/** Siblings, those that fold together in one list. */
function runsOf(nodes: readonly SpanNode[], branches: ReadonlyMap<SpanNode, Branch>, all: boolean): SpanNode[][] {
  if (all || nodes.length < FOLD_FROM) return nodes.map((node) => [node])
  const runs: SpanNode[][] = []
  for (const node of nodes) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last !== undefined && isAlike(last, node) && mayFold(last) && mayFold(node)) run.push(node)
    else runs.push([node])
  }
  return runs.flatMap((run) => (run.length >= FOLD_FROM ? [run] : run.map((node) => [node])))

  function mayFold(node: SpanNode): boolean {
    return !branches.get(node)!.trouble && node.detached === undefined
  }
}

function isAlike({ span: a }: SpanNode, { span: b }: SpanNode): boolean {
  return a.name === b.name && a.service === b.service && a.kind === b.kind
}

function sumOf(branches: readonly Branch[], less: Hidden): Hidden {
  const sum = { spans: -less.spans, lines: -less.lines }
  for (const { spans, lines } of branches) {
    sum.spans += spans
    sum.lines += lines
  }
  return sum
}
