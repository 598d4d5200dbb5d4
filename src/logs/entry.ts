import { stripVTControlCharacters } from 'node:util'
import { isSpanId, isTraceId } from '../context/ids.js'
import { type Severity, severityName, severityOfName, severityOfPinoLevel } from '../fields/severity.js'
import {
  type FieldIndex,
  firstOf,
  indexFields,
  levelNames,
  messageNames,
  serviceNames,
  spanNames,
  textOf,
  timeNames,
  traceNames,
} from './names.js'
import { normalTraceId, type TraceForms } from './needles.js'
import { parseLine } from './parse.js'
import { namesInBrokenJson, traceInText } from './text-layout.js'
import { fieldToUnixNano } from './time.js'
import type { LogEntry } from './types.js'

/** A line and what its store knows of it. */
export interface RawLine {
  line: string
  /** The store's own time; it goes before any time in the line. */
  timeUnixNano?: bigint
  labels?: Record<string, string>
  metadata?: Record<string, string>
}

/**
 * What a line is to a trace: its `entry`; a `mention`, which has the ID in its text only; `unreadable`: broken JSON that has the ID
 * but does not show whose line it is; or `other`, which does not have it at all.
 */
export type Reading = { kind: 'entry' | 'mention'; entry: LogEntry } | { kind: 'unreadable' | 'other' }

/** Reads a line for a trace. A trace field that means the trace makes it an entry, in the line, its metadata or its labels. */
export function readEntry(raw: RawLine, forms: TraceForms): Reading {
  const { line, labels = {}, metadata = {} } = raw
  const parsed = parseLine(line)
  // OTLP spans in a log folder name the trace in each span; they are no log lines, and no mentions.
  if (Array.isArray(parsed.fields['resourceSpans'])) return { kind: 'other' }
  const layout = parsed.text === undefined || parsed.broken ? undefined : traceInText(parsed.text)
  const fields = parsed.broken ? namesInBrokenJson(line) : (layout?.fields ?? parsed.fields)
  const index = indexFields(fields, metadata, labels)

  const traces = traceNames.flatMap((name) => index.get(name) ?? []).flatMap((value) => textOf(value) ?? [])
  const isOwn = traces.some((value) => forms.is(value))
  const own = traces.map(normalTraceId).filter((id) => !/^0*$/.test(id))
  if (!isOwn) {
    if (!forms.isIn(line)) return { kind: 'other' }
    if (parsed.broken && own.length === 0) return { kind: 'unreadable' }
  }

  const timeUnixNano = raw.timeUnixNano ?? firstOf(index, timeNames, fieldToUnixNano) ?? parsed.timeUnixNano
  const service = firstOf(index, serviceNames, textOf) ?? pinoName(parsed.fields)
  const severity = severityOf(index)
  const message = parsed.text === undefined ? firstOf(index, messageNames, textOf) : (layout?.message ?? parsed.text)
  const traceId = isOwn ? forms.traceId : own.find(isTraceId)
  const spanId = firstOf(index, spanNames, hexSpanId) ?? firstOf(index, ['ddspanid'], decimalSpanId)
  const entry: LogEntry = {
    ...(timeUnixNano !== undefined && { timeUnixNano }),
    line,
    ...(service !== undefined && { service }),
    ...(severity !== undefined && { severity }),
    ...(message !== undefined && { message }),
    ...(traceId !== undefined && { traceId }),
    ...(spanId !== undefined && { spanId }),
    fields: parsed.fields,
    metadata,
    labels,
    ...(!isOwn && { mention: true as const }),
  }
  return { kind: isOwn ? 'entry' : 'mention', entry }
}

/** pino and bunyan name the service by `name`, beside a level that is a number. */
function pinoName(fields: Readonly<Record<string, unknown>>): string | undefined {
  return typeof fields['level'] === 'number' ? textOf(fields['name']) : undefined
}

function severityOf(index: FieldIndex): Severity | undefined {
  const number = firstOf(index, ['severitynumber'], (value) => {
    const parsed = Number(textOf(value) ?? Number.NaN)
    return Number.isInteger(parsed) && parsed >= 1 && parsed <= 24 ? parsed : undefined
  })
  if (number !== undefined) return { number, text: firstOf(index, ['severitytext', 'level'], wordOf) ?? severityName(number) }
  return firstOf(index, levelNames, (value) => {
    const text = textOf(value)
    if (text === undefined) return undefined
    if (/^\d+$/.test(text)) return named(severityOfPinoLevel(Number(text)))
    // winston's colorize puts escapes around the name.
    const word = stripVTControlCharacters(text).trim()
    const known = severityOfName(word)
    return known === undefined ? undefined : { number: known, text: word }
  })
}

function named(number: number): Severity {
  return { number, text: severityName(number) }
}

function wordOf(value: unknown): string | undefined {
  const text = textOf(value)
  return text === undefined || /^\d+$/.test(text) ? undefined : stripVTControlCharacters(text).trim()
}

function hexSpanId(value: unknown): string | undefined {
  const id = textOf(value)?.trim().toLowerCase()
  return id !== undefined && isSpanId(id) ? id : undefined
}

/** Datadog writes the 64 bits in decimal. */
function decimalSpanId(value: unknown): string | undefined {
  const text = textOf(value)?.trim() ?? ''
  return /^[1-9]\d{0,19}$/.test(text) ? hexSpanId(BigInt(text).toString(16).padStart(16, '0')) : hexSpanId(text)
}
