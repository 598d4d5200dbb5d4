import { failureOf, isFailed } from '../../analysis/failure.js'
import type { TraceSpan } from '../../traces/types.js'
import { count } from '../count.js'
import type { Hidden, OutlineNode } from '../outline.js'
import type { SpanVerdict, spanJudge } from '../span-budgets.js'
import { detailRows } from './details.js'
import { formatDuration } from './duration.js'
import { noteRows, type Sheet } from './rows.js'
import { escapeText } from './text.js'

/** What the remarks on a span rest on. */
export interface Noting {
  page: Sheet
  judge: ReturnType<typeof spanJudge> | undefined
  attributes: boolean
}

/** Why it stands where it stands, what it failed with, what it exceeds, what is not shown of it, and what else it says. */
export function* noteRowsOf({ page, judge, attributes }: Noting, prefix: string, node: OutlineNode): Generator<string> {
  const { span, detached, folded, below } = node
  const parent = escapeText(span.parentSpanId ?? '')
  if (detached === 'orphan') yield* noteRows(page, prefix, '?', `its parent ${parent} is not in the trace`, 'yellow')
  if (detached === 'cycle')
    yield* noteRows(page, prefix, '?', `its parent ${parent} is its own descendant: the cycle is cut here`, 'yellow')
  const failed = isFailed(span)
  for (const problem of problems(span)) yield* noteRows(page, prefix, failed ? '✗' : '!', escapeText(problem), failed ? 'red' : 'yellow')
  const verdict = folded === undefined ? judge?.(span) : worst(folded.flatMap((one) => judge?.(one) ?? []))
  if (verdict?.kept === false) yield* noteRows(page, prefix, '!', budgetText(verdict), 'red')
  else if (verdict !== undefined && span.parentSpanId === undefined) yield* noteRows(page, prefix, '✓', budgetText(verdict), 'green')
  if (folded !== undefined) yield* noteRows(page, prefix, '…', foldText(folded, below), 'dim')
  else if (below !== undefined) yield* noteRows(page, prefix, '…', `${hiddenText(below)} below`, 'dim')
  if (attributes && node.context !== true) yield* detailRows(page, prefix, span)
}

function worst(verdicts: readonly SpanVerdict[]): SpanVerdict | undefined {
  return verdicts.toSorted((a, b) => b.actualMs - a.actualMs)[0]
}

function budgetText({ limit, allowedMs, actualMs, kept }: SpanVerdict): string {
  const [actual, allowed] = [actualMs, allowedMs].map((ms) => formatDuration(BigInt(Math.round(ms * 1e6))))
  return kept ? `within its budget: ${limit} allows ${allowed}` : `over its budget: ${actual}, ${limit} allows ${allowed}`
}

function foldText(folded: readonly TraceSpan[], below: Hidden = { spans: 0, lines: 0 }): string {
  const durations = folded.map(({ startUnixNano, endUnixNano }) => endUnixNano - startUnixNano)
  const [least, most] = durations.reduce(
    ([low, high], one) => [one < low ? one : low, one > high ? one : high],
    [durations[0]!, durations[0]!],
  )
  const hidden = hiddenText(below)
  const range = least === most ? formatDuration(most) : `${formatDuration(least)} to ${formatDuration(most)}`
  return `${range} each${hidden === '' ? '' : `, with ${hidden}`}; --all shows them one by one`
}

/** Each exception of a span once, and the message of its error status where no exception says the same; else the type of its failure. */
function problems(span: TraceSpan): Iterable<string> {
  const { events, status } = span
  const found = new Set<string>()
  for (const { name, attributes } of events) {
    const { 'exception.type': type, 'exception.message': message } = attributes
    if (name === 'exception' || type !== undefined || message !== undefined) found.add([type, message].filter(isText).join(': ') || name)
  }
  if (status.code === 'error' && isText(status.message)) {
    const said = status.message
    if (![...found].some((text) => text.includes(said))) found.add(said)
  }
  const { type } = failureOf(span)
  if (found.size === 0 && isFailed(span) && type !== 'error') found.add(type)
  return found
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

export function hiddenText({ spans: spanCount, lines }: Hidden): string {
  return [spanCount > 0 ? count(spanCount, 'span') : '', lines > 0 ? count(lines, 'line') : ''].filter(isText).join(' and ')
}
