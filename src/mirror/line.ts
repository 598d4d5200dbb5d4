import { type Span, SpanStatusCode } from '@opentelemetry/api'
import { reportFault } from '../context/fault.js'
import { isStatusUnset } from '../context/span.js'
import { state } from '../context/state.js'
import { ERROR_SEVERITY, type Severity } from '../fields/severity.js'
import { cut, flatten } from './attributes.js'
import { countDropped, countEvents, room } from './room.js'

/** A line as its logger wrote it: after serializers, formatters and redaction. */
export interface WrittenLine {
  severity: Severity
  message: string
  /** Everything else that the line holds, but for time, level, message, the error and the trace's own fields. */
  fields: Readonly<Record<string, unknown>>
  /** The error that the line carries, in the form that was written; it becomes an exception on the span. */
  error?: { type?: string; message?: string; stack?: string }
}

/**
 * Whether a span takes a line of this severity now: cheap, and asked before anything is parsed. Counts what a full span
 * leaves out; an error left out still fails its span. Never throws.
 */
export function takesLine(span: Span, severityNumber: number): boolean {
  const { enabled, minSeverity, limit } = state.settings.mirror
  if (!enabled || severityNumber < minSeverity) return false
  try {
    if (!span.isRecording()) return false
    if (room(span, limit) > 0) return true
    countDropped(span)
    if (severityNumber >= ERROR_SEVERITY) fail(span)
  } catch (error) {
    reportFault('a span could not be asked whether it takes a line', error)
  }
  return false
}

/**
 * Puts a line on a span as an event of the message's name, the fields as its attributes; an error in it as an `exception` event
 * beside it, or, where the span has room for one event only, as attributes of the same one. Never throws.
 */
export function mirrorLine(span: Span, line: WrittenLine): void {
  try {
    const { severity, message, fields } = line
    // The semantic conventions have no attribute for a record's severity: these are the log data model's names for it.
    // Assigned, not spread: a spread of a computed object costs ten times as much on Node 20, and this runs on each line.
    const attributes = flatten(fields)
    attributes['log.severity_number'] = severity.number
    attributes['log.severity_text'] = severity.text
    const exception = line.error && exceptionAttributes(line.error)
    const apart = exception !== undefined && room(span, state.settings.mirror.limit) > 1
    span.addEvent(cut(message) || 'log', apart ? attributes : Object.assign(attributes, exception))
    if (apart) span.addEvent('exception', exception)
    countEvents(span, apart ? 2 : 1)
    if (severity.number >= ERROR_SEVERITY) fail(span, message || line.error?.message)
  } catch (error) {
    reportFault('a line could not be mirrored on its span', error)
  }
}

function fail(span: Span, message?: string): void {
  if (isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR, ...(message && { message: cut(message) }) })
}

const maxStackLength = 16_384

/** @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/ */
function exceptionAttributes({ type, message, stack }: NonNullable<WrittenLine['error']>): Record<string, string> {
  return {
    ...(type !== undefined && { 'exception.type': cut(type) }),
    ...(message !== undefined && { 'exception.message': cut(message) }),
    ...(stack !== undefined && { 'exception.stacktrace': cut(stack, maxStackLength) }),
  }
}
