import { isFailed } from '../../analysis/failure.js'
import { type Budgets, criticalPath, findErrors } from '../../analysis/index.js'
import { isErrorLine } from '../../analysis/line-index.js'
import type { LogEntry } from '../../logs/types.js'
import type { Trace, TraceSpan } from '../../traces/types.js'
import { adjusted } from '../adjust.js'
import { count, troubleCounts } from '../count.js'
import { doubtsOf } from '../doubts.js'
import { headlineOf } from '../headline.js'
import { type OutlineNode, type OutlineOptions, outline } from '../outline.js'
import { spanJudge } from '../span-budgets.js'
import { arrange, type PlacedLine } from '../tree.js'
import { formatDuration } from './duration.js'
import { hiddenText, type Noting, noteRowsOf } from './notes.js'
import { logRow, newSheet, type Sheet, type Stretch, spanRow } from './rows.js'
import type { DrawOptions } from './style.js'
import { escapeText, truncate, wrap } from './text.js'

/** What is drawn: a trace, its lines in time order, or either alone. */
export interface Picture {
  traceId: string
  trace?: Trace
  entries: readonly LogEntry[]
}

/** How a trace is drawn. */
export interface WaterfallOptions extends DrawOptions, OutlineOptions {
  /** Attributes, resource, events with their stacks and links of each span. @defaultValue false */
  attributes?: boolean
  /** Marks the spans that take longer than theirs. */
  budgets?: Budgets
  /** Moves the spans of hosts whose clocks disagree, with their lines, into the calls that caused them: a guess. @defaultValue false */
  adjust?: boolean
}

/**
 * Draws a trace with each of its log lines in its place: under its span, in time order among the span's children. Above it stands, in
 * one sentence, where the error began and what took the time. Bars are full where the span decided how long the trace took, and light
 * where it waited for others or ran beside what took longer: read from above, the full parts make up the whole.
 *
 * ```
 * gateway POST /checkout   ███░░░░░░░░░░░░░█████      1.20s
 * │ info  request received  url=/checkout               +0ns
 * └ ✗ orders POST /orders     █████████████           900ms
 *     ✗ CardError: card refused
 *     ERROR charging failed  orderId=7                +480ms
 * ```
 *
 * Five and more calls alike without a warning below them are one row. Rows come without line breaks. Iterative, and linear but for
 * sorting: a chain of 100,000 spans is drawn as well.
 *
 * @throws SpanlogError INVALID_OPTION for budgets that are none
 */
export function* drawWaterfall(picture: Picture, options: WaterfallOptions = {}): Generator<string> {
  const { traceId } = picture
  const { trace, entries } =
    options.adjust === true && picture.trace !== undefined ? { ...picture, ...adjusted(picture.trace, picture.entries) } : picture
  const [start, end] = extent(trace?.spans ?? [], entries)
  const page = newSheet(options, start, end)
  const judge = trace === undefined || options.budgets === undefined ? undefined : spanJudge(options.budgets, trace)
  yield* header(page, traceId, trace?.spans ?? [], entries)
  if (trace !== undefined) yield* sentences(page, trace, entries, judge)

  const tree = arrange(trace, entries)
  const { roots, hidden } = outline(tree.roots, options)
  if (roots.length > 0) yield ''
  yield* spans({ page, judge, path: pathOf(trace), attributes: options.attributes === true }, roots)
  const isWhole = options.only === undefined && options.services === undefined
  if (!isWhole && hidden.spans + hidden.lines > 0) yield page.paint('dim', `… ${hiddenText(hidden)} not shown`)
  yield* section(page, 'of a span not in the trace', tree.astray.filter(isShown), true)
  yield* section(page, tree.roots.length > 0 ? 'without a span' : 'and no span of the trace', tree.spanless.filter(isShown))
  yield* section(page, 'mentioning the trace only', tree.mentions)

  function isShown({ entry }: PlacedLine): boolean {
    const isService = options.services === undefined || (entry.service !== undefined && options.services.includes(entry.service))
    return isService && (options.only === undefined || isErrorLine(entry))
  }
}

function* sentences(page: Sheet, trace: Trace, entries: readonly LogEntry[], judge: Noting['judge']): Generator<string> {
  const headline = headlineOf(trace, findErrors(trace, { entries, lines: 0 }))
  if (headline !== undefined) yield* textRows(page, escapeText(headline), 'bold')
  const { gaps, skew } = doubtsOf(trace)
  for (const gap of gaps) yield* textRows(page, gap, 'yellow')
  if (skew !== undefined) yield* textRows(page, escapeText(`${skew} --adjust draws what its spans did inside the call.`), 'yellow')
  const judged = judge === undefined ? [] : trace.spans.flatMap((span) => judge(span) ?? [])
  const over = judged.filter(({ kept }) => !kept).length
  if (judged.length > 0)
    yield* textRows(page, `${over} of ${count(judged.length, 'span')} that have a budget took longer.`, over > 0 ? 'red' : 'green')
}

function* textRows({ width, paint }: Sheet, text: string, style: Parameters<Sheet['paint']>[0]): Generator<string> {
  for (const [start, end] of wrap(text, width, width, 8).rows) yield paint(style, text.slice(start, end))
}

/** The sections of the critical path by span. */
function pathOf(trace: Trace | undefined): Map<string, Stretch[]> {
  const bySpan = new Map<string, Stretch[]>()
  for (const stretch of trace === undefined ? [] : criticalPath(trace)) {
    const known = bySpan.get(keyOf(stretch))
    if (known === undefined) bySpan.set(keyOf(stretch), [stretch])
    else known.push(stretch)
  }
  return bySpan
}

function keyOf({ spanId, kind }: Pick<TraceSpan, 'spanId' | 'kind'>): string {
  return `${kind} ${spanId}`
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
  const services = new Set(spanList.length > 0 ? spanList.map((span) => span.service) : entries.flatMap((entry) => entry.service ?? []))
  const own = entries.filter((entry) => entry.mention !== true)
  const failed = spanList.filter(isFailed).length
  const errorLines = own.filter(isErrorLine).length
  const text = [
    escapeText(traceId),
    formatDuration(page.durationNano),
    count(spanList.length, 'span'),
    count(services.size, 'service'),
    ...troubleCounts(failed, errorLines, own.length),
  ].join('  ')
  yield* textRows(page, text, failed + errorLines > 0 ? ['bold', 'red'] : 'bold')
}

/** A span or a line that still has to be drawn, with the guides of the levels above it. */
interface Task {
  /** The end of the guides, two columns a level. */
  guides: string
  depth: number
  node?: OutlineNode
  line?: PlacedLine
  /** Whether a span follows on the same level, so that the guide goes on. */
  open: boolean
  parentService: string | undefined
}

/** What the rows of all spans need to know. */
interface Drawing extends Noting {
  path: ReadonlyMap<string, readonly Stretch[]>
}

function* spans(drawing: Drawing, roots: readonly OutlineNode[]): Generator<string> {
  const { page, path } = drawing
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
    const alike = node.folded ?? [node.span]
    const stretches = alike.flatMap((span) => path.get(keyOf(span)) ?? [])
    yield spanRow(page, prefixOf(task.guides + connector, depth), alike, stretches, task.parentService)
    yield* noteRowsOf(drawing, prefixOf(continued + (node.children.length > 0 ? '│ ' : '  '), depth + 1), node)
    const guides = continued.slice(-room)
    // Not by spreading: a span may have more children than a call may have arguments.
    for (const below of itemsBelow(node)) todo.push({ ...below, guides, depth: depth + 1, parentService: node.span.service })
  }
}

/** Children and lines of a span, merged by time, last first. Where both come at once the line does: its clock may be coarser. */
function itemsBelow({ span, children, lines }: OutlineNode): Pick<Task, 'node' | 'line' | 'open'>[] {
  const items: Pick<Task, 'node' | 'line' | 'open'>[] = []
  let child = 0
  const drawChild = () => items.push({ node: children[child] as OutlineNode, open: ++child < children.length })
  for (const line of lines) {
    const at = line.atUnixNano ?? span.startUnixNano
    while ((children[child]?.span.startUnixNano ?? at) < at) drawChild()
    items.push({ line, open: child < children.length })
  }
  while (child < children.length) drawChild()
  return items.toReversed()
}

/** Lines that have no place in the tree, under a heading that says why. */
function* section(page: Sheet, what: string, lines: readonly PlacedLine[], withSpan = false): Generator<string> {
  if (lines.length === 0) return
  yield ''
  yield page.paint('bold', truncate(`${count(lines.length, 'line')} ${what}`, page.width))
  for (const { entry } of lines) {
    const { service, spanId } = entry
    const origin = [withSpan ? spanId : undefined, service]
      .flatMap((text) => truncate(escapeText(text ?? ''), 20) || [])
      .filter((text) => text !== undefined && text !== '')
      .map((text) => truncate(escapeText(text), 20))
    yield logRow(page, '  ', entry, origin.join(' '))
  }
}
