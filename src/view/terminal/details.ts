import type { TraceSpan } from '../../traces/types.js'
import { formatOffset } from './duration.js'
import type { Sheet } from './rows.js'
import { displayWidth, escapeText, fit, wrap } from './text.js'

const maxRows = 12

/** All that a span says of itself: attributes, resource, events with their stacks, links. */
export function* detailRows(sheet: Sheet, prefix: string, span: TraceSpan): Generator<string> {
  yield* fieldRows(sheet, prefix, 'attributes', span.attributes)
  yield* fieldRows(sheet, prefix, 'resource', span.resource)
  for (const { name, timeUnixNano, attributes } of span.events) {
    const { 'exception.stacktrace': stack, ...rest } = attributes
    yield* fieldRows(sheet, prefix, `event ${name} ${formatOffset(timeUnixNano - sheet.startUnixNano)}`, rest, true)
    if (typeof stack !== 'string') continue
    const frames = stack.split('\n')
    for (const frame of frames.slice(0, maxRows)) yield* textRows(sheet, `${prefix}    `, escapeText(frame.trim()))
    if (frames.length > maxRows) yield sheet.paint('dim', `${prefix}    … ${frames.length - maxRows} more`)
  }
  for (const { traceId, spanId, attributes } of span.links)
    yield* fieldRows(sheet, prefix, `link to trace ${traceId} span ${spanId}`, attributes, true)
}

function* fieldRows(
  sheet: Sheet,
  prefix: string,
  title: string,
  fields: Readonly<Record<string, unknown>>,
  isAlways = false,
): Generator<string> {
  const entries = Object.entries(fields)
  if (entries.length === 0 && !isAlways) return
  yield* textRows(sheet, prefix, escapeText(title))
  const names = entries.map(([name]) => escapeText(name))
  const width = Math.min(28, Math.max(0, ...names.map(displayWidth)))
  for (const [i, [, value]] of entries.entries()) yield* textRows(sheet, `${prefix}  ${fit(names[i]!, width)} `, escapeText(textOf(value)))
}

/** The first row behind the prefix, the others below it. */
function* textRows({ paint, width }: Sheet, prefix: string, text: string): Generator<string> {
  const before = displayWidth(prefix)
  // Guides may leave no room: then a row is cut rather than broken into single letters.
  const room = Math.max(10, width - before)
  const { rows, rest } = wrap(text, room, room, maxRows)
  const ranges = rows.length === 0 ? [[0, 0] as const] : rows
  for (const [i, [start, end]] of ranges.entries()) {
    yield fitted(i === 0 ? prefix : ' '.repeat(before), text.slice(start, end))
  }
  if (rest > 0) yield fitted(' '.repeat(before), `… ${rest} more characters`)

  function fitted(head: string, body: string): string {
    return paint('dim', fit(head + body, Math.min(width, displayWidth(head + body))).trimEnd())
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
}
