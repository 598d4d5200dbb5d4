import { ERROR_SEVERITY } from '../../fields/severity.js'
import type { LineRow, Model, SpanRow } from './model.js'

/** What is to be seen of a trace; all that is given must hold. */
export interface Filter {
  /** Words that a span or a line must hold, in any order and case. */
  text: string
  /** Services that are not to be seen. */
  hidden: ReadonlySet<string>
  /** Failed spans and lines of errors only. */
  errors: boolean
  /** Spans of the critical path only, with their lines. */
  path: boolean
  /** Lines at least this severe; 0 for all. */
  severity: number
}

export const noFilter: Filter = { text: '', hidden: new Set(), errors: false, path: false, severity: 0 }

/** Which lines the list shows: those of the trace, of the chosen span, or of it and all below. */
export type Scope = 'trace' | 'below' | 'span'

export interface ShownSpans {
  /** Indexes of rows, in order: those that fit, and those above them. */
  rows: number[]
  /** Those that fit. */
  fit: ReadonlySet<number>
}

/** Spans that fit, each with its way up to the root, so that it stays clear where it belongs. */
export function shownSpans(model: Model, filter: Filter, collapsed: ReadonlySet<number>): ShownSpans {
  if (!narrows(filter)) return unfolded(model.rows, collapsed)
  const words = wordsOf(filter.text)
  const fit = new Set<number>()
  const shown = new Set<number>()
  for (const row of model.rows) {
    if (!spanFits(model, row, filter, words)) continue
    fit.add(row.index)
    for (let at: SpanRow | undefined = row; at !== undefined && !shown.has(at.index); at = above(model, at)) shown.add(at.index)
  }
  return { rows: [...shown].toSorted((a, b) => a - b), fit }
}

function above({ rows }: Model, { parent }: SpanRow): SpanRow | undefined {
  return parent === undefined ? undefined : rows[parent]
}

function unfolded(rows: readonly SpanRow[], collapsed: ReadonlySet<number>): ShownSpans {
  const shown: number[] = []
  for (let row = rows[0]; row !== undefined; row = rows[collapsed.has(row.index) ? row.end : row.index + 1]) shown.push(row.index)
  return { rows: shown, fit: new Set(shown) }
}

function narrows({ text, hidden, errors, path }: Filter): boolean {
  return wordsOf(text).length > 0 || hidden.size > 0 || errors || path
}

function spanFits(model: Model, row: SpanRow, { hidden, errors, path }: Filter, words: readonly RegExp[]): boolean {
  if (hidden.has(row.span.service) || (errors && !row.failed) || (path && row.path.length === 0)) return false
  if (words.length === 0) return true
  const text = textOf(row)
  if (words.every((word) => word.test(text))) return true
  return row.lines.some((index) => lineHolds(model.lines[index], words))
}

/** Indexes of the lines that fit, in time order. */
export function shownLines(model: Model, filter: Filter, scope: Scope, selected: SpanRow | undefined): number[] {
  const words = wordsOf(filter.text)
  const { errors, path, hidden } = filter
  const severity = errors ? Math.max(ERROR_SEVERITY, filter.severity) : filter.severity
  const [from, until] =
    selected === undefined || scope === 'trace' ? [] : [selected.index, scope === 'span' ? selected.index + 1 : selected.end]
  const shown: number[] = []
  for (const line of model.lines) {
    if (line.severity < severity) continue
    if (from !== undefined && (line.row === undefined || line.row < from || line.row >= (until ?? 0))) continue
    if (path && (line.row === undefined || model.rows[line.row]?.path.length === 0)) continue
    const service = line.entry.service ?? (line.row === undefined ? undefined : model.rows[line.row]?.span.service)
    if (service !== undefined && hidden.has(service)) continue
    if (words.length > 0 && !lineHolds(line, words)) continue
    shown.push(line.index)
  }
  return shown
}

function lineHolds(line: LineRow | undefined, words: readonly RegExp[]): boolean {
  return line !== undefined && words.every((word) => word.test(line.entry.line))
}

/** Each word of a search, or text in double quotes, as a pattern that means nothing but itself. */
export function wordsOf(text: string): RegExp[] {
  const words = [...text.matchAll(/"([^"]+)"|[^\s"]+/g)].map(([word, quoted]) => quoted ?? word)
  return words.map((word) => new RegExp(word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`), 'i'))
}

const texts = new WeakMap<SpanRow, string>()

function textOf(row: SpanRow): string {
  let text = texts.get(row)
  if (text === undefined) {
    const { service, name, spanId, kind, status, attributes, events } = row.span
    text = [
      service,
      name,
      spanId,
      kind,
      status.message ?? '',
      plain(attributes),
      ...events.map((e) => `${e.name} ${plain(e.attributes)}`),
    ].join('\n')
    texts.set(row, text)
  }
  return text
}

/** `name=value`, with texts as they are: quotes of JSON would stand between a search and what it looks for. */
function plain(record: Record<string, unknown>): string {
  return Object.entries(record)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n')
}
