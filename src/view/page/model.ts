import { criticalPath } from '../../analysis/critical-path.js'
import { isFailed } from '../../analysis/failure.js'
import { isErrorLine } from '../../analysis/line-index.js'
import type { LogEntry } from '../../logs/types.js'
import type { TraceJson } from '../../traces/index.js'
import type { SpanKindName, Trace, TraceSpan } from '../../traces/types.js'
import type { Reason, TraceDocument } from '../document.js'
import { arrange, type PlacedLine, type SpanNode } from '../tree.js'

/** A span as a row of the waterfall. Times are milliseconds from the start of the trace. */
export interface SpanRow {
  index: number
  span: TraceSpan
  depth: number
  parent: number | undefined
  /** The rows below this one are those up to here, exclusive. */
  end: number
  fromMs: number
  untilMs: number
  failed: boolean
  detached: SpanNode['detached']
  /** Its stretches of the critical path. */
  path: { fromMs: number; untilMs: number }[]
  /** Indexes of its lines. */
  lines: number[]
}

/** A log line, by its index in the list of all. */
export interface LineRow {
  index: number
  entry: LogEntry
  /** The row of its span; absent where the trace does not have it. */
  row: number | undefined
  /** Of the line, or of the one before it where it has no time. */
  atMs: number | undefined
  severity: number
  /** Why it has no span here. */
  place: undefined | 'span not in the trace' | 'no span' | 'mention'
}

export interface ServiceInfo {
  name: string
  /** In degrees; the style makes colours of it for dark and light. */
  hue: number
  spans: number
  failed: number
  lines: number
}

/** A trace with its lines, ready to be drawn. */
export interface Model {
  traceId: string
  trace?: Trace
  entries: LogEntry[]
  rows: SpanRow[]
  lines: LineRow[]
  services: Map<string, ServiceInfo>
  startUnixNano: bigint
  durationMs: number
  failed: number
  errorLines: number
  verdict: { complete: boolean; reasons: Reason[] }
}

/** The document is one of our own, made with the same code: its times are read, all else is as it was. */
export function readDocument({ traceId, trace, entries, verdict }: TraceDocument): Model {
  return modelOf(traceId, trace === null ? undefined : readTrace(trace), entries.map(readEntry), verdict)
}

export function readTrace({ traceId, spans }: TraceJson): Trace {
  return { traceId, spans: spans.map(readSpan) }
}

function readSpan(span: TraceJson['spans'][number]): TraceSpan {
  const { startUnixNano, endUnixNano, events } = span
  return Object.assign(span as object as TraceSpan, {
    startUnixNano: BigInt(startUnixNano),
    endUnixNano: BigInt(endUnixNano),
    events: events.map(({ timeUnixNano, name, attributes }) => ({ timeUnixNano: BigInt(timeUnixNano), name, attributes })),
  })
}

/** Changes what was parsed: 50,000 copies would be felt. */
export function readEntry(json: TraceDocument['entries'][number]): LogEntry {
  const entry = json as object as LogEntry
  if (json.timeUnixNano !== undefined) entry.timeUnixNano = BigInt(json.timeUnixNano)
  if (json.fields === undefined) Object.defineProperty(entry, 'fields', { get: fieldsOf, enumerable: true })
  return entry
}

/** Read when somebody looks at the line. */
function fieldsOf(this: LogEntry): LogEntry['fields'] {
  return JSON.parse(this.line) as LogEntry['fields']
}

function modelOf(traceId: string, trace: Trace | undefined, entries: LogEntry[], verdict: Model['verdict']): Model {
  const spans = trace?.spans ?? []
  const [first, last] = extentOf(spans, entries)
  const ms = (time: bigint): number => Number(time - first) / 1e6

  const tree = arrange(trace, entries)
  const rows = flatten(tree.roots, ms)
  const lines = entries.map((entry, index): LineRow => {
    return { index, entry, row: undefined, atMs: undefined, severity: entry.severity?.number ?? 0, place: undefined }
  })
  place(lines, rows, tree, ms)
  if (trace !== undefined) markPath(rows, trace, ms)
  const errorLines = entries.filter((entry) => entry.mention !== true && isErrorLine(entry)).length
  const model = { traceId, entries, rows, lines, services: servicesOf(rows, entries), startUnixNano: first, durationMs: ms(last), verdict }
  return { ...model, ...(trace !== undefined && { trace }), failed: rows.filter(({ failed }) => failed).length, errorLines }
}

/** From the first to the last moment: of the spans, or of the lines where there are none. */
function extentOf(spans: readonly TraceSpan[], entries: readonly LogEntry[]): [first: bigint, last: bigint] {
  let first = spans[0]?.startUnixNano ?? entries.find(({ timeUnixNano }) => timeUnixNano !== undefined)?.timeUnixNano ?? 0n
  let last = first
  const take = (time: bigint): void => {
    if (time < first) first = time
    if (time > last) last = time
  }
  for (const { startUnixNano, endUnixNano } of spans) {
    take(startUnixNano)
    take(endUnixNano)
  }
  if (spans.length === 0) for (const { timeUnixNano } of entries) if (timeUnixNano !== undefined) take(timeUnixNano)
  return [first, last]
}

const placed = new WeakMap<SpanRow, PlacedLine[]>()

/** Parents before what is below them, without recursion. */
function flatten(roots: readonly SpanNode[], ms: (time: bigint) => number): SpanRow[] {
  const rows: SpanRow[] = []
  const todo = roots.map((node) => ({ node, depth: 0, parent: undefined as number | undefined })).toReversed()
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node, depth, parent } = next
    const { span } = node
    const fromMs = ms(span.startUnixNano)
    const row: SpanRow = {
      index: rows.length,
      span,
      depth,
      parent,
      end: 0,
      fromMs,
      untilMs: Math.max(fromMs, ms(span.endUnixNano)),
      failed: isFailed(span),
      detached: node.detached,
      path: [],
      lines: [],
    }
    placed.set(row, node.lines)
    rows.push(row)
    for (const child of node.children.toReversed()) todo.push({ node: child, depth: depth + 1, parent: row.index })
  }
  for (const row of rows.toReversed()) {
    row.end = Math.max(row.end, row.index + 1)
    const above = row.parent === undefined ? undefined : rows[row.parent]
    if (above !== undefined) above.end = Math.max(above.end, row.end)
  }
  return rows
}

function place(lines: LineRow[], rows: SpanRow[], tree: ReturnType<typeof arrange>, ms: (time: bigint) => number): void {
  const byEntry = new Map(lines.map((line) => [line.entry, line]))
  const settle = (at: readonly PlacedLine[], where: LineRow['place'], row?: SpanRow): void => {
    for (const { entry, atUnixNano } of at) {
      const line = byEntry.get(entry)
      if (line === undefined) continue
      line.place = where
      line.row = row?.index
      if (atUnixNano !== undefined) line.atMs = ms(atUnixNano)
      row?.lines.push(line.index)
    }
  }
  for (const row of rows) settle(placed.get(row) ?? [], undefined, row)
  settle(tree.astray, 'span not in the trace')
  settle(tree.spanless, 'no span')
  settle(tree.mentions, 'mention')
}

function markPath(rows: readonly SpanRow[], trace: Trace, ms: (time: bigint) => number): void {
  const byKey = new Map(rows.map((row) => [keyOf(row.span), row]))
  for (const { startUnixNano, endUnixNano, ...span } of criticalPath(trace)) {
    byKey.get(keyOf(span))?.path.push({ fromMs: ms(startUnixNano), untilMs: ms(endUnixNano) })
  }
}

// None near red, which means an error; neighbours in the order of appearance are far apart.
const hues = [250, 160, 305, 85, 205, 335, 130, 275, 65, 225, 185, 110]

export function servicesOf(rows: readonly Pick<SpanRow, 'span' | 'failed'>[], entries: readonly LogEntry[]): Map<string, ServiceInfo> {
  const services = new Map<string, ServiceInfo>()
  const of = (name: string): ServiceInfo => {
    let info = services.get(name)
    if (info === undefined)
      services.set(name, (info = { name, hue: hues[services.size % hues.length] ?? 250, spans: 0, failed: 0, lines: 0 }))
    return info
  }
  for (const { span, failed } of rows) {
    const info = of(span.service)
    info.spans++
    if (failed) info.failed++
  }
  for (const { service } of entries) if (service !== undefined) of(service).lines++
  return services
}

/** Tells spans apart, whatever row they are in. */
export function keyOf(span: Pick<TraceSpan, 'spanId' | 'kind'> | undefined): string {
  return `${span?.spanId} ${span?.kind}`
}

/** The row of a span; of spans that share an ID, the one of the kind, else the first. */
export function rowOf(model: Model, spanId: string, kind?: SpanKindName): SpanRow | undefined {
  const same = model.rows.filter(({ span }) => span.spanId === spanId)
  return same.find(({ span }) => span.kind === kind) ?? same[0]
}
