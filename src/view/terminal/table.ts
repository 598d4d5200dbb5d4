import type { Paint } from './style.js'
import { displayWidth, escapeText, fit, truncate } from './text.js'

/** A column: what stands above it, and whether it holds text, which may be cut, or figures, which may not. */
export interface Column {
  title: string
  text?: true
}

/**
 * Rows of a table, no wider than `width`: figures to the right and whole, text to the left and cut where there is too little room.
 *
 * @param rows - unescaped
 */
export function tableRows(columns: readonly Column[], rows: readonly (readonly string[])[], width: number, paint: Paint): string[] {
  const cells = rows.map((row) => row.map(escapeText))
  const wanted = columns.map(({ title }, i) => Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[i] ?? ''))))
  const gaps = 2 * (columns.length - 1)
  const figures = columns.reduce((sum, { text }, i) => sum + (text === true ? 0 : wanted[i]!), 0)
  const texts = columns.filter(({ text }) => text === true).length
  let room = Math.max(texts * 8, width - gaps - figures)
  const widths = wanted.slice()
  // The narrow ones first: what they leave is for the wide.
  const byWidth = [...columns.keys()].filter((i) => columns[i]!.text === true).toSorted((a, b) => wanted[a]! - wanted[b]!)
  for (const [n, i] of byWidth.entries()) {
    widths[i] = Math.min(wanted[i]!, Math.floor(room / (byWidth.length - n)))
    room -= widths[i]
  }
  const rowOf = (row: readonly string[]): string =>
    truncate(
      columns.map(({ text }, i) => (text === true ? fit(row[i] ?? '', widths[i]!) : (row[i] ?? '').padStart(widths[i]!))).join('  '),
      width,
    ).trimEnd()
  return [paint('dim', rowOf(columns.map(({ title }) => title))), ...cells.map(rowOf)]
}
