import { count } from '../count.js'
import { formatDuration } from './duration.js'
import { momentOf } from './moment.js'
import { type DrawOptions, MIN_WIDTH, painter } from './style.js'
import { escapeText, truncate, wrap } from './text.js'

/** A trace that a search has found, by its lines, its spans or both. */
export interface Finding {
  traceId: string
  /** When it began, as far as is known. */
  startUnixNano?: bigint
  /** From here on of the spans that were found. */
  durationMs?: number
  root?: { service: string; name: string }
  spans?: { count: number; errors: number }
  /** Of the lines that fit. */
  lines?: { count: number; errors: number }
  services: string[]
  /** The earliest; of a line with the fields that say how it ended, such as `status=503`. */
  firstError?: { timeUnixNano?: bigint; service?: string; message: string; outcome?: string }
}

const indent = ' '.repeat('00:00:00.000  '.length)
const maxErrorRows = 2

/**
 * Draws found traces one at a time, the day above its first one.
 *
 * ```
 * 2026-11-21 UTC
 * 05:36:02.093  5cb3632fdfccf8ffc8faae9707ff0821  173ms  7 spans (4 errors)
 *               POST /orders in gateway, orders, payments
 *               payments: charge failed  err="CardDeclined: insufficient funds"
 * ```
 */
export function findingDrawer(options: DrawOptions = {}): (finding: Finding) => string[] {
  const width = Math.max(MIN_WIDTH, options.width ?? 80)
  const paint = painter(options.color)
  let day: string | undefined
  return ({ traceId, startUnixNano, durationMs, root, spans, lines, services, firstError }) => {
    const rows: string[] = []
    const [date, time] = momentOf(startUnixNano)
    if (date !== '' && date !== day) rows.push(paint('dim', `${date} UTC`))
    day = date
    const counts = [
      ...(durationMs === undefined ? [] : [formatDuration(BigInt(Math.round(durationMs * 1e6)))]),
      ...(spans === undefined ? [] : [countText(spans, 'span')]),
      ...(lines === undefined ? [] : [countText(lines, 'line')]),
    ]
    rows.push(truncateLast(paint('dim', time.padEnd(indent.length)) + paint('bold', traceId), counts.join('  '), width))
    const where = `${root === undefined ? '' : `${root.name} in `}${services.join(', ')}`
    if (where !== '') rows.push(indent + truncate(escapeText(where), width - indent.length))
    if (firstError !== undefined) {
      const { service, message, outcome } = firstError
      const text = escapeText((service === undefined ? message : `${service}: ${message}`) + (outcome === undefined ? '' : `  ${outcome}`))
      const room = width - indent.length
      const { rows: parts, rest } = wrap(text, room, room, width === Number.POSITIVE_INFINITY ? 1 : maxErrorRows)
      const drawn = parts.map(([start, end], index) =>
        rest > 0 && index === parts.length - 1 ? truncate(`${text.slice(start, end)}……`, room) : text.slice(start, end),
      )
      rows.push(...drawn.map((part) => indent + paint('red', part)))
    }
    return rows
  }
}

function countText({ count: number, errors }: { count: number; errors: number }, noun: string): string {
  return `${count(number, noun)}${errors === 0 ? '' : ` (${count(errors, 'error')})`}`
}

function truncateLast(head: string, rest: string, width: number): string {
  return `${head}  ${truncate(rest, Math.max(10, width - indent.length - 34))}`.trimEnd()
}
