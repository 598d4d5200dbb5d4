import { type Attributes, type HrTime, type Span, SpanStatusCode } from '@opentelemetry/api'
import { isStatusUnset } from '../context/span-failure.js'
import { ERROR_SEVERITY, type Severity } from '../fields/severity.js'
import { cut, exceptionAttributes, flatten, mostAttributes, mostText } from './attributes.js'
import type { WrittenLine } from './line.js'
import { mirroredOn, room } from './room.js'

/**
 * Puts a line on a span as an event of the message's name, the fields as its attributes; an error in it as an `exception` event
 * beside it, or, where the span has no room for a second event, as attributes of the same one.
 *
 * @param at - when the line was written, on the clock of `performance.now()`. @defaultValue now
 */
export function putEvents(span: Span, severity: Severity, { message, fields, error }: WrittenLine, at?: number): void {
  // The semantic conventions have no attribute for a record's severity: these are the log data model's names for it.
  // Assigned, not spread: a spread of a computed object costs ten times as much on Node 20, and this runs on each line.
  const attributes = flatten(fields)
  attributes['log.severity_number'] = severity.number
  attributes['log.severity_text'] = severity.text
  mirroredOn(span).events++
  const exception = error && exceptionAttributes(error)
  const apart = exception !== undefined && room(span) > 0
  addEvent(span, cut(message) || 'log', apart ? attributes : Object.assign(attributes, exception), at)
  if (apart) {
    mirroredOn(span).events++
    addEvent(span, 'exception', exception, at)
  }
}

/** An error line fails its span, unless somebody has set the status. */
export function failSpan(span: Span, severity: Severity, line?: WrittenLine): void {
  if (severity.number < ERROR_SEVERITY || !isStatusUnset(span)) return
  const message = line && (line.message || line.error?.message)
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message && { message: cut(message) }) })
}

/** A span of OpenTelemetry's SDK, 1 to 3, and what of its insides is used here. */
export interface SdkSpan {
  events: { name: string; attributes: Attributes; time: HrTime; droppedAttributesCount: number }[]
  _spanLimits: { eventCountLimit?: number; attributePerEventCountLimit?: number; attributeValueLengthLimit?: number }
  _getTime(time?: number): HrTime
}

/**
 * As the SDK's own `addEvent` does, which spends most of its time on checking and copying what is in order and ours alone; where
 * one of the span's limits may bite, or the span is another's, its method is called.
 */
function addEvent(span: Span, name: string, attributes: Attributes, at?: number): void {
  // One that has ended takes events of lines that it had kept: it has room for them, and its method would refuse.
  if (isSdkSpan(span) && (!span.isRecording() || span.events.length < (span._spanLimits.eventCountLimit ?? Infinity))) {
    const stack = attributes['exception.stacktrace']
    if (typeof stack === 'string')
      attributes['exception.stacktrace'] = cut(stack, span._spanLimits.attributeValueLengthLimit ?? stack.length)
    span.events.push({ name, attributes, time: span._getTime(at), droppedAttributesCount: 0 })
  } else {
    span.addEvent(name, attributes, at)
  }
}

let lastMethod: unknown
let lastLimits: unknown
let lastIsSdk = false

/** Whether it is the SDK's own `addEvent`, wrapped by nobody, with limits that none of our attributes come near. */
export function isSdkSpan(span: Span): span is Span & SdkSpan {
  // oxlint-disable-next-line typescript/unbound-method -- only compared
  const { addEvent: method, _spanLimits: limits, events } = span as Span & Partial<SdkSpan>
  if (method !== lastMethod || limits !== lastLimits) {
    lastMethod = method
    lastLimits = limits
    lastIsSdk =
      typeof limits === 'object' &&
      typeof (span as Partial<SdkSpan>)._getTime === 'function' &&
      Function.prototype.toString.call(method).includes('attributePerEventCountLimit') &&
      (limits.attributePerEventCountLimit ?? Infinity) >= mostAttributes &&
      (limits.attributeValueLengthLimit ?? Infinity) >= mostText
  }
  return lastIsSdk && Array.isArray(events)
}
