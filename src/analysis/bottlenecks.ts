import { refuseUnknownOptions } from '../errors.js'
import type { Trace } from '../traces/types.js'
import { targetOf } from './attributes.js'
import { type CriticalPathOptions, pathsOf } from './critical-path.js'
import { selfNanoOf } from './self-times.js'
import { about, operationKey, type SpanRef } from './span-ref.js'
import { buildTree, compare, durationOf, type SpanNode } from './tree.js'

export interface Bottleneck extends SpanRef {
  /** What it calls: the text of the query, the URL, the destination, as far as the span says. */
  target?: string
  /** Time on the critical path that the span, or all spans of the operation together, own. */
  pathNano: bigint
  /** `pathNano` as a share of the whole path, 0 to 1. */
  share: number
  /** Self time, also beside the path. */
  selfNano: bigint
  durationNano: bigint
  /** Spans that it stands for: 1, or those of the operation that lie on the path. */
  spans: number
}

export interface BottleneckOptions extends CriticalPathOptions {
  /**
   * `span`: each for itself. `operation`: spans of one service, name and kind together, under the one that owns most; it finds the
   * hundred small queries. @defaultValue 'span'
   */
  by?: 'span' | 'operation'
}

/**
 * What to make faster: ranked by self time on the critical path, not by length. A long span that only waits for its children is no
 * bottleneck, nor is one that runs beside something longer. O(n log n).
 *
 * @returns most first; spans that own none of the path are left out
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const [worst] = bottlenecks(trace)
 * if (worst) console.log(`${worst.service} ${worst.name}: ${Math.round(worst.share * 100)} % of the time`)
 * ```
 */
export function bottlenecks(trace: Trace, options: BottleneckOptions = {}): Bottleneck[] {
  const { by = 'span', ...which } = options
  refuseUnknownOptions('bottlenecks', options, ['by', 'spanId', 'everyRoot'])
  const owned = new Map<SpanNode, bigint>()
  let total = 0n
  for (const { node, startUnixNano, endUnixNano } of pathsOf(buildTree(trace), which)) {
    const length = endUnixNano - startUnixNano
    owned.set(node, (owned.get(node) ?? 0n) + length)
    total += length
  }

  const found = [...owned].map(([node, pathNano]): Bottleneck => {
    const share = ratio(pathNano, total)
    const target = targetOf(node.span)
    const figures = { pathNano, share, selfNano: selfNanoOf(node), durationNano: durationOf(node), spans: 1 }
    return about(node.span, { ...(target !== undefined && { target }), ...figures })
  })
  found.sort(byPath)
  return by === 'span' ? found : byOperation(found, total)
}

function byOperation(ranked: Bottleneck[], total: bigint): Bottleneck[] {
  const groups = new Map<string, Bottleneck>()
  for (const one of ranked) {
    const key = operationKey(one)
    const group = groups.get(key)
    if (group === undefined) {
      groups.set(key, one)
      continue
    }
    group.pathNano += one.pathNano
    group.selfNano += one.selfNano
    group.durationNano += one.durationNano
    group.spans++
    group.share = ratio(group.pathNano, total)
  }
  return [...groups.values()].toSorted(byPath)
}

function byPath(a: Bottleneck, b: Bottleneck): number {
  return compare(b.pathNano, a.pathNano)
}

export function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number(part) / Number(whole)
}
