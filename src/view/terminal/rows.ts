import { isFailed } from '../../analysis/failure.js'
import type { LogEntry } from '../../logs/types.js'
import type { TraceSpan } from '../../traces/types.js'
import { subjectOf } from '../subject.js'
import { formatDuration, formatOffset } from './duration.js'
import { levelText, lineText } from './line.js'
import { type DrawOptions, MIN_WIDTH, type Paint, painter, serviceColors } from './style.js'
import { displayWidth, escapeText, fit, truncate, wrap } from './text.js'

/** What all rows of a picture share. */
export interface Sheet {
  width: number
  paint: Paint
  colorOf: ReturnType<typeof serviceColors>
  /** The picture's time axis. */
  startUnixNano: bigint
  durationNano: bigint
  nameWidth: number
  barWidth: number
}

/** Wide enough for `-365d 04h`, with a space before it. */
const timeWidth = 10
const maxNoteRows = 4

export function newSheet(options: DrawOptions, startUnixNano: bigint, endUnixNano: bigint): Sheet {
  const width = Math.max(MIN_WIDTH, options.width ?? 80)
  const nameWidth = Math.max(22, Math.floor((width - timeWidth) * 0.54))
  return {
    width,
    paint: painter(options.color),
    colorOf: serviceColors(),
    startUnixNano,
    durationNano: endUnixNano - startUnixNano,
    nameWidth,
    barWidth: width - nameWidth - 1 - timeWidth,
  }
}

/** A stretch of time. */
export interface Stretch {
  startUnixNano: bigint
  endUnixNano: bigint
}

/**
 * A span: its place in the tree, its name (behind the service where that is not its parent's; before what it leaves open), its bar, its duration. Several spans alike
 * are one row, with their number and the time from the first start to the last end.
 *
 * @param path - the stretches that decided how long the trace took
 */
export function spanRow(
  sheet: Sheet,
  prefix: string,
  spans: readonly TraceSpan[],
  path: readonly Stretch[],
  parentService: string | undefined,
): string {
  const { paint, colorOf, nameWidth } = sheet
  const [span] = spans as [TraceSpan]
  const failed = isFailed(span)
  const number = spans.length === 1 ? '' : `${spans.length} × `
  const room = nameWidth - displayWidth(prefix) - (failed ? 2 : 0) - displayWidth(number)
  const service = span.service === parentService ? '' : truncate(`${escapeText(span.service)} `, Math.ceil(room * 0.6))
  const name = truncate(escapeText(span.name), room - displayWidth(service))
  const subject = spans.length > 1 ? undefined : subjectOf(span)
  const more = fit(subject === undefined ? '' : ` ${escapeText(subject)}`, room - displayWidth(service) - displayWidth(name))
  const color = colorOf(span.service)
  const end = spans.reduce((latest, { endUnixNano }) => (endUnixNano > latest ? endUnixNano : latest), span.endUnixNano)
  return (
    paint('dim', prefix) +
    (failed ? paint(['red', 'bold'], '✗ ') : '') +
    paint('bold', number) +
    paint([color, 'bold'].flat() as typeof color, service) +
    paint(color, name) +
    paint('dim', more) +
    ` ${paint(failed ? 'red' : color, bar(sheet, spans, path))}` +
    formatDuration(end - span.startUnixNano).padStart(timeWidth)
  )
}

/**
 * The spans' part of the trace's time: full where they decided how long it took, light where they waited for others or ran beside what
 * took longer. What is shorter than a cell shows as a thin line.
 */
function bar({ startUnixNano, durationNano, barWidth }: Sheet, spans: readonly TraceSpan[], path: readonly Stretch[]): string {
  // At a scale of cells a double is exact enough; the differences were taken in whole nanoseconds.
  const scale = durationNano > 0n ? barWidth / Number(durationNano) : 0
  const cellOf = (time: bigint): number => Math.round(Number(time - startUnixNano) * scale)
  const cells = Array.from({ length: barWidth }, () => ' ')
  for (const span of spans) {
    const from = Math.min(barWidth - 1, cellOf(span.startUnixNano))
    const until = cellOf(span.endUnixNano)
    if (until > from) cells.fill('░', from, until)
    else if (cells[from] === ' ') cells[from] = '▏'
  }
  for (const section of path) cells.fill('█', cellOf(section.startUnixNano), cellOf(section.endUnixNano))
  return cells.join('')
}

/** A log line: level, message and fields as far as one row goes, and when it was. `before` stands between prefix and level. */
export function logRow(sheet: Sheet, prefix: string, entry: LogEntry, before = ''): string {
  const { paint, width, startUnixNano } = sheet
  const { message, fields } = lineText(entry)
  const origin = truncate(before, Math.floor((width - timeWidth) / 2))
  const head = `${origin === '' ? '' : `${origin} `}${levelText(entry, painter(false))} `
  const room = width - timeWidth - displayWidth(prefix) - displayWidth(head)
  const shown = truncate(message, room)
  const rest = fields === '' ? '' : truncate(`${message === '' ? '' : '  '}${fields}`, room - displayWidth(shown))
  const filler = ' '.repeat(Math.max(0, room - displayWidth(shown) - displayWidth(rest)))
  const offset =
    entry.timeUnixNano === undefined ? '' : filler + paint('dim', formatOffset(entry.timeUnixNano - startUnixNano).padStart(timeWidth))
  return (
    paint('dim', prefix) +
    (origin === '' ? '' : `${paint('dim', origin)} `) +
    `${levelText(entry, paint)} ${shown}${paint('dim', rest)}${offset}`
  ).trimEnd()
}

/** A remark on the span above it, up to four rows. */
export function noteRows(sheet: Sheet, prefix: string, mark: string, text: string, style: Parameters<Paint>[0]): string[] {
  const room = sheet.width - displayWidth(prefix) - 2
  const { rows, rest } = wrap(text, room, room, maxNoteRows)
  return rows.map(([start, end], index) => {
    const cut = rest > 0 && index === maxNoteRows - 1 ? truncate(`${text.slice(start, end)}……`, room) : text.slice(start, end)
    return sheet.paint('dim', prefix) + sheet.paint(style, `${index === 0 ? mark : ' '} ${cut}`)
  })
}
