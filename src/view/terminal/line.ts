import { ERROR_SEVERITY } from '../../fields/severity.js'
import type { LogEntry } from '../../logs/types.js'
import type { Paint } from './style.js'
import { displayWidth, escapeText, fit, wrap } from './text.js'

/** A line for people, escaped: its message, and what else it says. */
export interface LineText {
  message: string
  fields: string
  /** The frames of the errors that it carries, one a row. */
  stack: string[]
}

const identity = new Set(['traceid', 'spanid', 'traceflags', 'oteltraceid', 'otelspanid', 'oteltraceflags', 'ddtraceid', 'ddspanid'])
const time = new Set(['time', 'timestamp', '@timestamp', 'ts'])
const level = new Set(['level', 'severity', 'lvl', 'loglevel', 'levelname', 'severitytext', 'severitynumber', 'detectedlevel'])
/** The same on every line of a process; the line itself has them. */
const process = new Set(['pid', 'hostname'])
/** Likewise, or of the record itself, where Loki makes metadata of what OTLP brings. */
const ofOtlp = /^(?:flags|observed_timestamp|scope_version|(?:host|os|process|telemetry)_\w+)$/

/** How it ended, which must not be cut off behind what was asked for. */
const ending = /^(?:err|error|reason|status|status_?code)$/i

/** What a line says beside its time, service and level, which have their own columns, and its IDs, which are those of the trace. */
export function lineText(entry: LogEntry): LineText {
  const stack: string[] = []
  const fields = furtherFields(entry)
    // The trace ID under a name of somebody's own, such as `reqId`, is no news to who looks at its trace.
    .filter(([, value]) => value === undefined || value !== entry.traceId)
    .toSorted(([a], [b]) => Number(ending.test(b)) - Number(ending.test(a)))
    .flatMap(([name, value]) => withoutStack(name, value, stack))
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ')
  const message = entry.message ?? (fields === '' ? entry.line : '')
  return { message: escapeText(message), fields: escapeText(fields), stack: stack.map(escapeText) }
}

/** How it ended, as far as fields say so: `status=503`, `err="CardDeclined: insufficient funds"`; not escaped. */
export function outcomeText(entry: LogEntry): string {
  const fields = furtherFields(entry).filter(([name]) => ending.test(name))
  return fields
    .map(([name, value]) => withoutStack(name, value, [])[0]!)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ')
}

/** The fields that say more than the time, service, level, message and IDs of the line, and its process. */
export function furtherFields(entry: LogEntry): [name: string, value: unknown][] {
  const metadata = Object.entries(entry.metadata).filter(([name]) => !ofOtlp.test(name))
  return Object.entries({ ...Object.fromEntries(metadata), ...entry.fields }).filter(
    ([name, value]) => !isShownElsewhere(entry, name.toLowerCase().replaceAll(/[_.-]/g, ''), value),
  )
}

/**
 * What stands for an error on its line, `err="CardDeclined: insufficient funds"`; its frames go to `stack`. What else it holds follows,
 * such as `err.code=402`, unless the text has it.
 */
function withoutStack(name: string, value: unknown, stack: string[]): [name: string, value: unknown][] {
  const text = isRecord(value) ? value['stack'] : /stack(?:_?trace)?$/i.test(name) ? value : undefined
  if (typeof text !== 'string') return [[name, value]]
  const firstFrame = /\n\s+at /.exec(text)?.index ?? text.length
  stack.push(
    ...text
      .slice(firstFrame)
      .split('\n')
      .slice(1)
      .map((frame) => `  ${frame.trim()}`),
  )
  const head = text.slice(0, firstFrame)
  if (!isRecord(value)) return [[name, head]]
  const { stack: _stack, ...rest } = value
  const unsaid = Object.entries(rest).filter(([, part]) => typeof part !== 'string' || !head.includes(part))
  return [[name, head], ...unsaid.map(([key, part]): [string, unknown] => [`${name}.${key}`, part])]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isShownElsewhere(entry: LogEntry, name: string, value: unknown): boolean {
  // Loki puts it to each line in which it finds no level.
  if (name === 'detectedlevel' && value === 'unknown') return true
  if (identity.has(name) || process.has(name)) return true
  if (time.has(name)) return entry.timeUnixNano !== undefined
  if (level.has(name)) return entry.severity !== undefined
  if (typeof value !== 'string') return false
  return value === entry.message || (value === entry.service && /^(?:service|ddservice|name)/.test(name))
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value !== '' && /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value)
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? String(value)
  } catch {
    return '[unprintable]'
  }
}

/** `info `, `ERROR`: the logger's own word; errors stand out by upper case too, since colour may be off. */
export function levelText(entry: LogEntry, paint: Paint): string {
  const { severity } = entry
  if (severity === undefined) return '     '
  const word = escapeText(severity.text)
  if (severity.number >= ERROR_SEVERITY) return paint(['red', 'bold'], fit(word.toUpperCase(), columns(word)))
  return paint(severity.number >= 13 ? 'yellow' : severity.number >= 9 ? 'green' : 'dim', fit(word, columns(word)))
}

/** Five fit the common words; a longer one may shift its own line, up to eight. */
function columns(word: string): number {
  return Math.min(8, Math.max(5, displayWidth(word)))
}

/** Message and fields, broken into rows. The first may be shorter, where columns stand before it. */
export function lineRows(text: LineText, firstWidth: number, width: number, maxRows: number, paint: Paint): string[] {
  const { message, fields } = text
  const whole = [message, fields].filter((part) => part !== '').join('  ')
  const { rows, rest } = wrap(whole, firstWidth, width, maxRows)
  const drawn = rows.map(([start, end]) => {
    const edge = Math.min(Math.max(start, message.length), end)
    return whole.slice(start, edge) + paint('dim', whole.slice(edge, end))
  })
  if (rest > 0) drawn.push(paint('dim', `… ${rest} more characters`))
  return drawn
}
