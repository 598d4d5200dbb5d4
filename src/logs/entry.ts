import { stripVTControlCharacters } from 'node:util'
import { isSpanId, isTraceId } from '../context/ids.js'
import { type Severity, severityName, severityOfName, severityOfPinoLevel } from '../fields/severity.js'
import {
  decimalSpanNames,
  type FieldIndex,
  firstOf,
  indexFields,
  levelNames,
  messageNames,
  outermostTexts,
  serviceNames,
  severityNumberNames,
  spanNames,
  textOf,
  timeNames,
  traceNames,
  traceparentNames,
} from './names.js'
import { normalTraceId, type TraceForms } from './needles.js'
import { type ParsedLine, parseLine } from './parse.js'
import { namesInBrokenJson, type TextLayout, traceInText } from './text-layout.js'
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

/**
 * Reads a line for a trace. A trace field that means the trace makes it an entry, in the line, its metadata or its labels; not behind
 * a trace field further out that holds another ID, such as that of the line around a job's data.
 */
export function readEntry(raw: RawLine, forms: TraceForms): Reading {
  const sight = look(raw, forms)
  if (!('index' in sight)) return sight
  const { kind } = sight
  const entry = entryOf(raw, sight, kind === 'entry' ? forms.traceId : undefined)
  if (kind === 'mention') entry.mention = true
  return { kind, entry }
}

/** Reads a line for itself, whatever trace it is of; `undefined` where it is no log line. */
export function readLine(raw: RawLine): LogEntry | undefined {
  const parts = partsOf(raw, isAnyTraceId)
  return parts && entryOf(raw, parts, undefined)
}

function entryOf(raw: RawLine, parts: LineParts, ofTrace: string | undefined): LogEntry {
  const { parsed, layout, index } = parts
  const { line, labels = {}, metadata = {} } = raw

  const timeUnixNano = timeOf(raw, parts)
  const service = firstOf(index, serviceNames, textOf) ?? pinoName(parsed.fields)
  const severity = severityOf(index)
  const message = parsed.text === undefined ? firstOf(index, messageNames, textOf) : (layout?.message ?? parsed.text)
  const traceId = ofTrace ?? parts.traces.map(normalTraceId).find(isTraceId)
  const spanId = firstOf(index, spanNames, hexSpanId) ?? firstOf(index, decimalSpanNames, decimalSpanId) ?? spanBehindTrace(parts.traces)
  // One assignment after the other: spreading a condition per property took most of the time of reading a line.
  const entry = (timeUnixNano === undefined ? { line } : { timeUnixNano, line }) as LogEntry
  if (service !== undefined) entry.service = service
  if (severity !== undefined) entry.severity = severity
  if (message !== undefined) entry.message = message
  if (traceId !== undefined) entry.traceId = traceId
  if (spanId !== undefined) entry.spanId = spanId
  entry.fields = parsed.fields
  entry.metadata = metadata
  entry.labels = labels
  return entry
}

/** A line, parsed; the entry is not made of it yet. */
interface LineParts {
  parsed: ParsedLine
  layout: TextLayout | undefined
  index: FieldIndex
  /** What its trace fields hold: the outermost ones, if they hold an ID. */
  traces: readonly string[]
}

/** A line that concerns the trace. */
interface Sight extends LineParts {
  kind: 'entry' | 'mention'
}

function look(raw: RawLine, forms: TraceForms): Sight | { kind: 'unreadable' | 'other' } {
  const parts = partsOf(raw, (value) => forms.is(value) || isAnyTraceId(value))
  if (parts === undefined) return { kind: 'other' }
  const { parsed, layout, index, traces } = parts
  if (traces.some((value) => forms.is(value))) return { kind: 'entry', parsed, layout, index, traces }
  if (!forms.isIn(parsed.content ?? raw.line)) return { kind: 'other' }
  if (parsed.broken && traces.every(isEmptyId)) return { kind: 'unreadable' }
  return { kind: 'mention', parsed, layout, index, traces }
}

/** @param isId - which values of trace fields count as an ID */
function partsOf({ line, labels = {}, metadata = {} }: RawLine, isId: (value: string) => boolean): LineParts | undefined {
  const parsed = parseLine(line)
  // OTLP spans in a log folder name the trace in each span; they are no log lines, and no mentions.
  if (Array.isArray(parsed.fields['resourceSpans'])) return undefined
  const layout = parsed.text === undefined || parsed.broken ? undefined : traceInText(parsed.text)
  const fields = parsed.broken ? namesInBrokenJson(parsed.text ?? line) : (layout?.fields ?? parsed.fields)
  const index = indexFields(fields, parsed.hints ?? {}, metadata, labels)
  const traces = outermostTexts(index, traceNames, isId)
  return { parsed, layout, index, traces: traces.some(isId) ? traces : [...traces, ...outermostTexts(index, traceparentNames, isId)] }
}

function timeOf(raw: RawLine, { index, parsed }: LineParts): bigint | undefined {
  return raw.timeUnixNano ?? firstOf(index, timeNames, fieldToUnixNano) ?? parsed.timeUnixNano
}

/** Hex or decimal of some length, not zeros: a trace ID, and not a word such as `none`. */
function isAnyTraceId(value: string): boolean {
  return !isEmptyId(value) && /^[\da-f-]{15,}$/i.test(normalTraceId(value))
}

function isEmptyId(value: string): boolean {
  return /^0*$/.test(normalTraceId(value))
}

/** pino and bunyan name the service by `name`, beside a level that is a number. */
function pinoName(fields: Readonly<Record<string, unknown>>): string | undefined {
  return typeof fields['level'] === 'number' ? textOf(fields['name']) : undefined
}

function severityOf(index: FieldIndex): Severity | undefined {
  const number = firstOf(index, severityNumberNames, (value) => {
    const parsed = Number(textOf(value) ?? Number.NaN)
    return Number.isInteger(parsed) && parsed >= 1 && parsed <= 24 ? parsed : undefined
  })
  if (number !== undefined) return { number, text: firstOf(index, ['severitytext', 'level'], wordOf) ?? severityName(number) }
  return firstOf(index, levelNames, (value) => {
    const text = textOf(value)
    if (text === undefined) return undefined
    const plain = severityOfName(text)
    if (plain !== undefined) return { number: plain, text }
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

/** X-Ray's `1-8-24@span`. */
function spanBehindTrace(traces: readonly string[]): string | undefined {
  return traces.map((trace) => hexSpanId(/@([0-9a-f]{16})$/i.exec(trace)?.[1])).find((id) => id !== undefined)
}

/** Datadog writes the 64 bits in decimal. */
function decimalSpanId(value: unknown): string | undefined {
  const text = textOf(value)?.trim() ?? ''
  return /^[1-9]\d{0,19}$/.test(text) ? hexSpanId(BigInt(text).toString(16).padStart(16, '0')) : hexSpanId(text)
}
