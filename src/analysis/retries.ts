import { targetOf } from './attributes.js'
import { isFailed } from './failure.js'
import { keyOf, operationKey } from './span-ref.js'
import { follows, type SpanNode } from './tree.js'

/** The same operation with the same target. */
export function sameCallKey({ span }: SpanNode): string {
  return keyOf(operationKey(span), targetOf(span) ?? '')
}

/** Runs of attempts among siblings: the same call again after it failed. Each has at least two attempts, in time order. */
export function retriesAmong(siblings: readonly SpanNode[]): SpanNode[][] {
  const open = new Map<string, SpanNode[]>()
  const runs: SpanNode[][] = []
  for (const node of siblings) {
    const failed = isFailed(node.span)
    if (!failed && open.size === 0) continue
    const key = sameCallKey(node)
    const run = open.get(key)
    if (run !== undefined && follows(node, run.at(-1)!.endUnixNano)) {
      run.push(node)
      if (run.length === 2) runs.push(run)
    } else if (failed) open.set(key, [node])
    if (!failed) open.delete(key)
  }
  return runs
}
