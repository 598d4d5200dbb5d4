import { correctClockSkew } from '../analysis/correct-clock-skew.js'
import { buildTree, type SpanNode } from '../analysis/tree.js'
import type { Trace } from '../traces/types.js'
import { count } from './count.js'
import { formatDuration } from './terminal/duration.js'

/** What of a trace is not to be taken at its word, a sentence each; not escaped. */
interface Doubts {
  /** Spans that are not there, and parents that cannot be. */
  gaps: string[]
  /** Clocks that disagree, so that bars stand where nothing ran. */
  skew?: string
}

/** Linear but for building the tree. */
export function doubtsOf(trace: Trace): Doubts {
  const { nodes } = buildTree(trace)
  const orphans = nodes.filter(({ detached }) => detached === 'orphan')
  const missing = new Set(orphans.map(({ span }) => span.parentSpanId)).size
  const cycles = nodes.filter(({ detached }) => detached === 'cycle').length
  const gaps = [
    ...(orphans.length === 0
      ? []
      : [
          orphans.length === nodes.filter(({ parent }) => parent === undefined).length && missing === 1
            ? 'The span that caused this is not in the trace.'
            : `${count(missing, 'span')} that others name as their parent ${missing === 1 ? 'is' : 'are'} missing: what ${missing === 1 ? 'it' : 'they'} did is not shown.`,
        ]),
    ...(cycles === 0 ? [] : [`${count(cycles, 'cycle')} of spans that are each other’s ancestors ${cycles === 1 ? 'was' : 'were'} cut.`]),
  ]
  const skew = skewOf(trace, nodes)
  return { gaps, ...(skew !== undefined && { skew }) }
}

/** Says the worst only: of clocks that are wrong, one is wrong by most. */
function skewOf(trace: Trace, nodes: readonly SpanNode[]): string | undefined {
  const impossible = new Set(nodes.filter(isImpossible).map(({ span }) => span.spanId))
  if (impossible.size === 0) return undefined
  const [worst] = correctClockSkew(trace)
    .moved.filter(({ spanId }) => impossible.has(spanId))
    .toSorted((a, b) => Number(size(b.byNano) - size(a.byNano)))
  if (worst === undefined) return undefined
  const side = worst.byNano > 0n ? 'behind' : 'ahead of'
  return `Clocks disagree: that of ${worst.service} is some ${formatDuration(size(worst.byNano))} ${side} its caller’s.`
}

/** Before the call that caused it, or an answer after the call was over. */
function isImpossible({ span, parent, startUnixNano }: SpanNode): boolean {
  if (parent === undefined || parent.span.service === span.service) return false
  const isAnswer = parent.span.kind === 'client' && span.kind === 'server'
  return startUnixNano < parent.startUnixNano || (isAnswer && startUnixNano > parent.endUnixNano)
}

function size(nano: bigint): bigint {
  return nano < 0n ? -nano : nano
}
