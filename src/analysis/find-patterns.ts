import { refuseUnknownOptions } from '../errors.js'
import type { Trace } from '../traces/types.js'
import { targetOf } from './attributes.js'
import { pathsOf } from './critical-path.js'
import { isFailed } from './failure.js'
import { atLeast } from './options.js'
import { retriesAmong } from './retries.js'
import { shapeOf } from './shape.js'
import { keyOf, operationKey, refOf, type SpanRef } from './span-ref.js'
import { buildTree, compare, durationOf, follows, isBlocking, later, type SpanNode } from './tree.js'

/** Calls under one span that together cost more than they need to. */
export interface CallPattern {
  /**
   * `repeated`: the same call, but for its values, again and again, as one query for each row of another (N+1). `retry`: the same call
   * again after it failed. `sequential`: different calls, one right after another, that might run side by side.
   */
  kind: 'repeated' | 'retry' | 'sequential'
  parent: SpanRef
  /** In time order. */
  calls: SpanRef[]
  /** What is called, without its values: the query, the URL, else the name of the span; of the first, where they differ. */
  shape: string
  /** The time in which at least one of the calls ran. */
  spentNano: bigint
  /**
   * The most that could be saved. `repeated`: all but the longest call, if one call did the work of all. `retry`: all before the last
   * attempt, waits included. `sequential`: all but the longest, if none needs the result of another; a trace cannot tell.
   */
  savingNano: bigint
  /** One of the calls, or what runs below one, lies on the critical path of the main root: elsewhere nothing gets faster by it. */
  onPath: boolean
  /** Of a retry: whether the last attempt did not fail. */
  succeeded?: boolean
}

export interface FindPatternsOptions {
  /** Calls of one shape under one parent from which they count as repeated. @defaultValue 5 */
  repeatedCalls?: number
  /** Between two sequential calls there is at most this: longer, and the parent seems to work with the result. @defaultValue 1 */
  maxGapMs?: number
  /** Sequential calls that could save less are left out. @defaultValue 1 */
  minimumSavingMs?: number
}

/**
 * Calls that could be fewer, or run side by side: N+1 queries, retries, and calls one after another. Calls are the clients and producers
 * under a span, and its children in other services.
 *
 * ```
 * list      |-----------------------------|
 * SELECT ?   |-||-||-||-||-|                    repeated, 5 times
 * stock                     |---|               sequential: stock, then prices;
 * prices                         |----|         side by side, the time of stock would be saved
 * ```
 *
 * A call that is part of a repetition or a retry is not counted as sequential. O(n log n).
 *
 * @returns those that could save most on the path first
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * for (const { kind, calls, shape } of findPatterns(trace)) console.log(`${kind}: ${calls.length} × ${shape}`)
 * ```
 */
export function findPatterns(trace: Trace, options: FindPatternsOptions = {}): CallPattern[] {
  refuseUnknownOptions('findPatterns', options, ['repeatedCalls', 'maxGapMs', 'minimumSavingMs'])
  const repeatedCalls = atLeast('repeatedCalls', options.repeatedCalls ?? 5, 2)
  const maxGap = nanoOf(atLeast('maxGapMs', options.maxGapMs ?? 1, 0))
  const minimumSaving = nanoOf(atLeast('minimumSavingMs', options.minimumSavingMs ?? 1, 0))
  const tree = buildTree(trace)
  const onPath = withAncestors(pathsOf(tree).map(({ node }) => node))
  const found: CallPattern[] = []

  for (const parent of tree.nodes) {
    const calls = parent.children.filter(isCall)
    if (calls.length < 2) continue
    const taken = new Set<SpanNode>()
    const report = (kind: CallPattern['kind'], run: readonly SpanNode[], savingNano: bigint, more?: Pick<CallPattern, 'succeeded'>) => {
      for (const node of run) taken.add(node)
      found.push({
        kind,
        parent: refOf(parent.span),
        calls: run.map(({ span }) => refOf(span)),
        shape: callShape(run[0]!),
        spentNano: unionOf(run),
        savingNano,
        onPath: run.some((node) => onPath.has(node)),
        ...more,
      })
    }
    for (const run of retriesAmong(calls)) {
      const last = run.at(-1)!
      report('retry', run, last.startUnixNano - run[0]!.startUnixNano, { succeeded: !isFailed(last.span) })
    }
    for (const run of byShape(calls.filter((node) => !taken.has(node))))
      if (run.length >= repeatedCalls) report('repeated', run, allButLongest(run))
    for (const run of sequencesOf(calls, taken, maxGap)) {
      const saving = allButLongest(run)
      if (saving >= minimumSaving) report('sequential', run, saving)
    }
  }
  return found.toSorted((a, b) => Number(b.onPath) - Number(a.onPath) || compare(b.savingNano, a.savingNano))
}

function isCall(node: SpanNode): boolean {
  const { span, parent } = node
  return isBlocking(node) && (span.kind === 'client' || span.kind === 'producer' || span.service !== parent?.span.service)
}

function callShape({ span }: SpanNode): string {
  return shapeOf(targetOf(span) ?? span.name)
}

function byShape(calls: readonly SpanNode[]): Iterable<SpanNode[]> {
  const groups = new Map<string, SpanNode[]>()
  for (const node of calls) {
    const { service, kind, name } = node.span
    const key = keyOf(operationKey({ service, kind, name: shapeOf(name) }), callShape(node))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [node])
    else group.push(node)
  }
  return groups.values()
}

/** Runs of at least two calls, each beginning after the end of the one before, and soon. */
function sequencesOf(calls: readonly SpanNode[], taken: ReadonlySet<SpanNode>, maxGap: bigint): SpanNode[][] {
  const runs: SpanNode[][] = []
  let run: SpanNode[] = []
  for (const node of calls) {
    const end = run.at(-1)?.endUnixNano
    if (!taken.has(node) && end !== undefined && follows(node, end) && node.startUnixNano - end <= maxGap) run.push(node)
    else {
      runs.push(run)
      run = taken.has(node) ? [] : [node]
    }
  }
  return [...runs, run].filter(({ length }) => length > 1)
}

function allButLongest(run: readonly SpanNode[]): bigint {
  let longest = 0n
  for (const node of run) longest = later(longest, durationOf(node))
  return unionOf(run) - longest
}

/** @param run - by start */
function unionOf(run: readonly SpanNode[]): bigint {
  let sum = 0n
  let until = run[0]!.startUnixNano
  for (const { startUnixNano, endUnixNano } of run) {
    if (endUnixNano <= until) continue
    sum += endUnixNano - later(startUnixNano, until)
    until = endUnixNano
  }
  return sum
}

function withAncestors(nodes: readonly SpanNode[]): Set<SpanNode> {
  const all = new Set<SpanNode>()
  for (const start of nodes) for (let node: SpanNode | undefined = start; node && !all.has(node); node = node.parent) all.add(node)
  return all
}

function nanoOf(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6))
}
