import { SpanlogError } from '../errors.js'
import type { LogEntry, LogEntryJson } from '../logs/index.js'
import { furtherFields } from '../view/terminal/line.js'
import { escapeJson, escapeText } from '../view/terminal/text.js'
import type { Flags, ValuesOf } from './command.js'

/** Formats for machines. No text in them can drive a terminal: what could stands there as an escape. */
export const formatFlags = {
  json: { type: 'boolean', help: 'one JSON object a line, with all that the line says; times as decimal strings of nanoseconds' },
  logfmt: { type: 'boolean', help: 'one line of key=value pairs each' },
  csv: { type: 'boolean', help: 'comma-separated values below a row of names (RFC 4180)' },
} as const satisfies Flags

export type Format = keyof typeof formatFlags

/** The format that was asked for, if any. @throws SpanlogError INVALID_OPTION for several */
export function formatOf(values: ValuesOf<typeof formatFlags>): Format | undefined {
  const given = (Object.keys(formatFlags) as Format[]).filter((name) => values[name] === true)
  if (given.length > 1)
    throw new SpanlogError('INVALID_OPTION', `Expected one format, got ${given.map((name) => `--${name}`).join(' and ')}`, {
      remedy: 'give one of them',
    })
  return given[0]
}

const columns = ['time', 'service', 'level', 'message', 'trace_id', 'span_id', 'fields']
const logfmtNames = ['time', 'service', 'level', 'msg', 'trace_id', 'span_id']

/** What stands above the lines of a format. */
export function headOf(format: Format): string {
  return format === 'csv' ? csvRow(columns) : ''
}

/** One line of a format, with its line break. @param toJson - that of the library, which is loaded lazily */
export function formatEntry(format: Format, entry: LogEntry, toJson: (entry: LogEntry) => LogEntryJson): string {
  if (format === 'json') return `${escapeJson(JSON.stringify(toJson(entry)))}\n`
  const time = entry.timeUnixNano === undefined ? '' : isoNano(entry.timeUnixNano)
  const { service = '', severity, message = '', traceId = '', spanId = '', line } = entry
  const own = [time, service, severity?.text ?? '', message || line, traceId, spanId]
  const fields = furtherFields(entry)
  if (format === 'csv') return csvRow([...own, fields.length === 0 ? '' : JSON.stringify(Object.fromEntries(fields))])
  const named = own.map((value, index): [string, unknown] => [logfmtNames[index] ?? '', value]).filter(([, value]) => value !== '')
  return logfmtRow([...named, ...fields])
}

/** A row of comma-separated values. */
export function csvRow(values: readonly string[]): string {
  return `${values.map(csvCell).join(',')}\r\n`
}

export function logfmtRow(pairs: readonly (readonly [name: string, value: unknown])[]): string {
  return `${pairs.map(([name, value]) => pair(name, value)).join(' ')}\n`
}

/** Nanoseconds since the epoch as ISO 8601 in UTC; past what a Date can hold, the number. */
export function isoNano(unixNano: bigint): string {
  const date = new Date(Number(unixNano / 1_000_000n))
  if (unixNano < 0n || Number.isNaN(date.getTime())) return String(unixNano)
  return `${date.toISOString().slice(0, 19)}.${String(unixNano % 1_000_000_000n).padStart(9, '0')}Z`
}

function csvCell(text: string): string {
  const safe = escapeText(text)
  // A spreadsheet would take such a cell for a formula and run it.
  const inert = /^[=+\-@]/.test(safe) ? `'${safe}` : safe
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

function pair(name: string, value: unknown): string {
  const key = escapeText(name).replaceAll(/[\s="]/g, '_')
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return `${key === '' ? '_' : key}=${/^[^\s"=\p{Cc}]+$/u.test(text) ? escapeText(text) : escapeJson(JSON.stringify(text))}`
}
