import { ERROR_SEVERITY } from '../../fields/severity.js'
import type { LogEntry } from '../../logs/types.js'
import type { Trace, TraceSpan } from '../../traces/types.js'
import { count } from '../count.js'
import { arrange, type PlacedLine, type SpanNode } from '../tree.js'
import { formatDuration } from './duration.js'
import { logRow, newSheet, noteRows, type Sheet, spanRow } from './rows.js'
import type { DrawOptions } from './style.js'
import { escapeText, truncate, wrap } from './text.js'

/** What is drawn: a trace, its lines in time order, or either alone. */
export interface Picture {
  traceId: string
  trace?: Trace
  entries: readonly LogEntry[]
}

/**
 * Draws a trace with each of its log lines in its place: under its span, in time order among the span's children.
 *
 * ```
 * gateway POST /checkout   ██████████████████████      1.20s
 * │ info  request received  url=/checkout               +0ns
 * └ ✗ orders POST /orders     ██████████████           900ms
 *     ✗ CardError: card refused
 *     ERROR charging failed  orderId=7                +480ms
 * ```
 *
 * Rows come without line breaks. Iterative, and linear but for sorting: a chain of 100,000 spans is drawn as well.
 */
export function* drawWaterfall(picture: Picture, options: DrawOptions = {}): Generator<string> {
  const { traceId, trace, entries } = picture
  const [start, end] = extent(trace?.spans ?? [], entries)
  const page = newSheet(options, start, end)
  yield* header(page, traceId, trace?.spans ?? [], entries)

  const tree = arrange(trace, entries)
  if (tree.roots.length > 0) yield ''
  yield* spans(page, tree.roots)
  yield* section(page, 'of a span not in the trace', tree.astray, true)
  yield* section(page, tree.roots.length > 0 ? 'without a span' : 'and no span of the trace', tree.spanless)
  yield* section(page, 'mentioning the trace only', tree.mentions)
}

/** The time axis: that of the spans, or of the lines where there are none. */
function extent(spanList: readonly TraceSpan[], entries: readonly LogEntry[]): [bigint, bigint] {
  const starts = spanList.length > 0 ? spanList.map((span) => span.startUnixNano) : entries.flatMap((entry) => entry.timeUnixNano ?? [])
  const ends = spanList.length > 0 ? spanList.map((span) => span.endUnixNano) : starts
  const [first = 0n] = starts
  const start = starts.reduce((a, b) => (b < a ? b : a), first)
  return [start, [...starts, ...ends].reduce((a, b) => (b > a ? b : a), start)]
}

function* header(page: Sheet, traceId: string, spanList: readonly TraceSpan[], entries: readonly LogEntry[]): Generator<string> {
  const { paint, width } = page
  const services = new Set(spanList.length > 0 ? spanList.map((span) => span.service) : entries.flatMap((entry) => entry.service ?? []))
  const failed = spanList.filter((span) => span.status.code === 'error').length
  const errors = spanList.length > 0 ? failed : entries.filter((entry) => (entry.severity?.number ?? 0) >= ERROR_SEVERITY).length
  const text = [
    escapeText(traceId),
    formatDuration(page.durationNano),
    count(spanList.length, 'span'),
    count(services.size, 'service'),
    count(errors, 'error'),
    count(entries.filter((entry) => entry.mention !== true).length, 'line'),
  ].join('  ')
  for (const [start, end] of wrap(text, width, width, 8).rows)
    yield paint(['bold', ...(errors > 0 ? (['red'] as const) : [])], text.slice(start, end))
}

/** A span or a line that still has to be drawn, with the guides of the levels above it. */
interface Task {
  /** The end of the guides, two columns a level. */
  guides: string
  depth: number
  node?: SpanNode
  line?: PlacedLine
  /** Whether a span follows on the same level, so that the guide goes on. */
  open: boolean
  parentService: string | undefined
}

function* spans(page: Sheet, roots: readonly SpanNode[]): Generator<string> {
  // Half of the name column stays for the name; past that, a level shows as a number and the last few guides.
  const room = 2 * Math.floor(page.nameWidth / 4)
  const prefixOf = (guides: string, depth: number) => (depth * 2 <= room ? guides : `${depth}›`.padEnd(8) + guides.slice(8 - room))

  const todo = roots.map((node): Task => ({ guides: '', depth: 0, node, open: false, parentService: undefined })).toReversed()
  for (let task = todo.pop(); task !== undefined; task = todo.pop()) {
    const { node, line, depth } = task
    const continued = depth === 0 ? '' : task.guides + (task.open ? '│ ' : '  ')
    if (line !== undefined) yield logRow(page, prefixOf(continued, depth), line.entry)
    if (node === undefined) continue
    const connector = depth === 0 ? '' : task.open ? '├ ' : '└ '
    yield spanRow(page, prefixOf(task.guides + connector, depth), node.span, task.parentService)
    yield* notes(page, prefixOf(continued + (node.children.length > 0 ? '│ ' : '  '), depth + 1), node)
    const guides = continued.slice(-room)
    // Not by spreading: a span may have more children than a call may have arguments.
    for (const below of itemsBelow(node)) todo.push({ ...below, guides, depth: depth + 1, parentService: node.span.service })
  }
}

/** Children and lines of a span, merged by time, last first. Where both come at once the line does: its clock may be coarser. */
function itemsBelow({ span, children, lines }: SpanNode): Pick<Task, 'node' | 'line' | 'open'>[] {
  const items: Pick<Task, 'node' | 'line' | 'open'>[] = []
  let child = 0
  const drawChild = () => items.push({ node: children[child] as SpanNode, open: ++child < children.length })
  for (const line of lines) {
    const at = line.atUnixNano ?? span.startUnixNano
    while ((children[child]?.span.startUnixNano ?? at) < at) drawChild()
    items.push({ line, open: child < children.length })
  }
  while (child < children.length) drawChild()
  return items.toReversed()
}

/** Why it stands where it stands, and what it failed with. */
function* notes(page: Sheet, prefix: string, { span, detached }: SpanNode): Generator<string> {
  const parent = escapeText(span.parentSpanId ?? '')
  if (detached === 'orphan') yield* noteRows(page, prefix, '?', `its parent ${parent} is not in the trace`, 'yellow')
  if (detached === 'cycle')
    yield* noteRows(page, prefix, '?', `its parent ${parent} is its own descendant: the cycle is cut here`, 'yellow')
  const failed = span.status.code === 'error'
  for (const problem of problems(span)) yield* noteRows(page, prefix, failed ? '✗' : '!', escapeText(problem), failed ? 'red' : 'yellow')
}

/** Each exception of a span once, and the message of its error status where no exception says the same. */
function problems({ events, status }: TraceSpan): Iterable<string> {
  const found = new Set<string>()
  for (const { name, attributes } of events) {
    const { 'exception.type': type, 'exception.message': message } = attributes
    if (name === 'exception' || type !== undefined || message !== undefined) found.add([type, message].filter(isText).join(': ') || name)
  }
  if (status.code === 'error' && isText(status.message)) {
    const said = status.message
    if (![...found].some((text) => text.includes(said))) found.add(said)
  }
  return found
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Lines that have no place in the tree, under a heading that says why. */
function* section(page: Sheet, what: string, lines: readonly PlacedLine[], withSpan = false): Generator<string> {
  if (lines.length === 0) return
  yield ''
  yield page.paint('bold', truncate(`${count(lines.length, 'line')} ${what}`, page.width))
  for (const { entry } of lines) {
    const { service, spanId } = entry
    const origin = [withSpan ? spanId : undefined, service].filter(isText).map((text) => truncate(escapeText(text), 20))
    yield logRow(page, '  ', entry, origin.join(' '))
  }
}
