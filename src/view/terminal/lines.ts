import type { LogEntry } from '../../logs/types.js'
import { levelText, lineRows, lineText } from './line.js'
import { momentOf } from './moment.js'
import { type DrawOptions, MIN_WIDTH, painter, serviceColors } from './style.js'
import { displayWidth, escapeText, fit, truncate } from './text.js'

const timeWidth = '00:00:00.000 '.length

/**
 * Draws the lines of a trace one at a time, so that a result of any size can be written as it comes: time in UTC, service,
 * level, message, remaining fields. A day's first line has the date above it. What is long wraps, up to 20 rows; the frames of an
 * error stand below, one a row, but for those of packages and of Node.js, which are counted.
 *
 * ```
 * 2026-11-21 UTC
 * 03:44:12.001 gateway info  request received  url=/checkout
 * 03:44:12.301 orders  ERROR card refused  orderId=7
 * ```
 *
 * @param options - `services`: names to make the column wide enough for from the start; it grows with what comes
 * @returns a function from a line to its rows, without line breaks
 */
export function lineDrawer(options: DrawOptions & { services?: readonly string[] } = {}): (entry: LogEntry) => string[] {
  const width = Math.max(MIN_WIDTH, options.width ?? 80)
  // What is unbounded is for programs, such as grep: they need all of it, on one row.
  const bounded = width < Number.POSITIVE_INFINITY
  const maxRows = bounded ? 20 : Number.POSITIVE_INFINITY
  const maxServiceWidth = bounded ? Math.min(20, Math.floor(width / 4)) : maxRows
  const paint = painter(options.color)
  const colorOf = serviceColors()
  let serviceWidth = 0
  for (const service of options.services ?? []) widen(escapeText(service))
  let day: string | undefined

  function widen(service: string): void {
    serviceWidth = Math.max(serviceWidth, Math.min(maxServiceWidth, displayWidth(service)))
  }

  return (entry) => {
    const rows: string[] = []
    const [date, time] = momentOf(entry.timeUnixNano)
    if (date !== '' && date !== day) rows.push(paint('dim', `${date} UTC`))
    if (date !== '') day = date
    const service = escapeText(entry.service ?? '')
    widen(service)
    const level = levelText(entry, paint)
    const text = lineText(entry)
    if (entry.mention === true) text.message = `(mention) ${text.message}`
    const levelWidth = displayWidth(levelText(entry, painter(false)))
    const first = width - timeWidth - (serviceWidth === 0 ? 0 : serviceWidth + 1) - levelWidth - 1
    const head =
      paint('dim', time.padEnd(timeWidth)) +
      (serviceWidth === 0 ? '' : `${paint(colorOf(service), fit(service, serviceWidth))} `) +
      `${level} `
    const [message = '', ...more] = lineRows(text, first, width - timeWidth, maxRows, paint)
    const stack = bounded ? withoutPackages(text.stack) : text.stack
    const frames = stack.slice(0, maxRows).map((frame) => paint('dim', truncate(frame, width - timeWidth)))
    if (stack.length > maxRows) frames.push(paint('dim', `  … ${stack.length - maxRows} more frames`))
    rows.push((head + message).trimEnd(), ...[...more, ...frames].map((row) => ' '.repeat(timeWidth) + row))
    return rows
  }
}

/** The first frame, where it was thrown, and those of the program's own files; of what lies between them how many there are. */
function withoutPackages(stack: readonly string[]): string[] {
  const rows: string[] = []
  let run: string[] = []
  const flush = () => {
    rows.push(...(run.length > 1 ? [`  … ${run.length} frames of packages and Node.js`] : run))
    run = []
  }
  for (const [i, frame] of stack.entries()) {
    if (i > 0 && /[/\\]node_modules[/\\]|[( ]node:|\(<anonymous>\)/.test(frame)) run.push(frame)
    else {
      flush()
      rows.push(frame)
    }
  }
  flush()
  return rows
}
