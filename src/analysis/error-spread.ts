import { isFailed } from './failure.js'
import { sameCallKey } from './retries.js'
import { isBlocking, type SpanNode, walk } from './tree.js'

/** How errors went up a trace. */
export interface Spread {
  /** Failed spans that no failure below explains. */
  origins: SpanNode[]
  /** From a failed span to the next one above that failed with it. */
  failedAbove: Map<SpanNode, SpanNode>
  /** From a failed span to the span above that did not fail with it, where there is one. */
  handledBy: Map<SpanNode, SpanNode>
  /** From each failed span to the last one above that failed with it: itself, where it spread no further. */
  outermost: Map<SpanNode, SpanNode>
  /** From each failed span to the nearest failed one above, whether it failed with it or stopped it and failed by itself. */
  failedOver: Map<SpanNode, SpanNode>
  /** Failed spans after which a sibling did the same and did not fail. */
  retried: ReadonlySet<SpanNode>
}

/**
 * An error spreads from a failed span to the nearest failed one above it. Internal spans that nobody marked let it through; a span
 * with a status of `ok`, an unfailed call or an unfailed answer stops it, and so does a later attempt at the same call that
 * succeeded. It does not cross from a consumer to the producer. Linear.
 */
export function spreadOf(roots: readonly SpanNode[]): Spread {
  const retried = retriedSpans(roots)
  const spread: Spread = { origins: [], failedAbove: new Map(), handledBy: new Map(), outermost: new Map(), failedOver: new Map(), retried }
  const { failedAbove, handledBy, outermost, failedOver } = spread
  /** Of each span: the failed one that a failure of its own would reach, or else who would stop it; and the nearest that failed at all. */
  const reach = new Map<SpanNode, { failed?: SpanNode; stop?: SpanNode; over?: SpanNode }>()
  const failures: SpanNode[] = []

  for (const node of walk(roots)) {
    const { parent } = node
    const above = parent === undefined || !isBlocking(node) ? {} : (reach.get(parent) ?? {})
    if (!isFailed(node.span)) {
      reach.set(node, letsThrough(node) ? above : { stop: node, ...(above.over !== undefined && { over: above.over }) })
      continue
    }
    reach.set(node, { failed: node, over: node })
    if (above.over !== undefined) failedOver.set(node, above.over)
    failures.push(node)
    if (above.failed !== undefined && !retried.has(node)) {
      failedAbove.set(node, above.failed)
      outermost.set(node, outermost.get(above.failed)!)
    } else {
      outermost.set(node, node)
      const stop = retried.has(node) ? parent : above.stop
      if (stop !== undefined) handledBy.set(node, stop)
    }
  }
  const explained = new Set(failedAbove.values())
  spread.origins = failures.filter((node) => !explained.has(node))
  return spread
}

function letsThrough({ span: { kind, status } }: SpanNode): boolean {
  return kind === 'internal' && status.code === 'unset'
}

/** Failed spans after which a sibling did the same and did not fail. */
function retriedSpans(roots: readonly SpanNode[]): Set<SpanNode> {
  const retried = new Set<SpanNode>()
  for (const { children } of walk(roots)) {
    if (children.length < 2 || !children.some(({ span }) => isFailed(span))) continue
    const succeededLater = new Set<string>()
    for (const child of children.toReversed()) {
      const key = sameCallKey(child)
      if (!isFailed(child.span)) succeededLater.add(key)
      else if (succeededLater.has(key)) retried.add(child)
    }
  }
  return retried
}
