import { unexpected } from '../errors.js'
import type { LogEntry } from '../logs/types.js'
import type { SpanKindName, TraceSpan } from '../traces/types.js'

/** What a span is expected to be; all that is given must hold. */
export interface SpanExpectation {
  name?: string | RegExp
  service?: string
  kind?: SpanKindName
  status?: TraceSpan['status']['code']
  /** Those that it must have, among others; asymmetric matchers such as `expect.any(Number)` work. */
  attributes?: Record<string, unknown>
  /** The name of its parent. */
  parent?: string
  /** How many such spans there are; left out, at least one. */
  count?: number
}

/** What a line is expected to be; all that is given must hold. */
export interface LogExpectation {
  /** Its whole message, or an expression that it matches. */
  message?: string | RegExp
  /** The name of its level, `warn`. */
  level?: string
  service?: string
  /** Fields that it must have, among others. */
  fields?: Record<string, unknown>
  /** The name of the span that it was written in. */
  span?: string
  /** How many such lines there are; left out, at least one. */
  count?: number
}

/** What a recorded error is expected to be. */
export interface ErrorExpectation {
  /** `exception.type`, such as `CardError`. */
  type?: string
  message?: string | RegExp
  /** The name of the span that recorded it. */
  span?: string
}

/** The `this.equals` of a matcher: deep, with asymmetric matchers. */
export type Equals = (a: unknown, b: unknown) => boolean

/** @throws SpanlogError INVALID_OPTION */
export function checkExpectation(name: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || given instanceof RegExp)
    throw unexpected(name, `an object with ${known.join(', ')}`, given)
  const stray = Object.keys(given).find((key) => !known.includes(key))
  if (stray !== undefined) throw unexpected(name, `an object with none but ${known.join(', ')}`, stray)
  const { count } = given as { count?: unknown }
  if (count !== undefined && !(Number.isInteger(count) && (count as number) >= 0))
    throw unexpected(`${name}.count`, 'a whole number', count)
}

export function fitsSpan(
  span: TraceSpan,
  expected: SpanExpectation,
  nameOf: (spanId: string) => string | undefined,
  equals: Equals,
): boolean {
  const { name, service, kind, status, attributes, parent } = expected
  return (
    fitsText(span.name, name) &&
    (service === undefined || span.service === service) &&
    (kind === undefined || span.kind === kind) &&
    (status === undefined || span.status.code === status) &&
    fitsFields(span.attributes, attributes, equals) &&
    (parent === undefined || nameOf(span.parentSpanId ?? '') === parent)
  )
}

export function fitsLine(
  entry: LogEntry,
  expected: LogExpectation,
  nameOf: (spanId: string) => string | undefined,
  equals: Equals,
): boolean {
  const { message, level, service, fields, span } = expected
  return (
    fitsText(entry.message ?? entry.line, message) &&
    (level === undefined || entry.severity?.text.toLowerCase() === level.toLowerCase()) &&
    (service === undefined || entry.service === service) &&
    fitsFields(entry.fields, fields, equals) &&
    (span === undefined || nameOf(entry.spanId ?? '') === span)
  )
}

export function fitsError(span: TraceSpan, expected: ErrorExpectation): boolean {
  if (expected.span !== undefined && span.name !== expected.span) return false
  return span.events.some(({ name, attributes }) => {
    if (name !== 'exception') return false
    const { 'exception.type': type, 'exception.message': message } = attributes
    return (expected.type === undefined || type === expected.type) && fitsText(typeof message === 'string' ? message : '', expected.message)
  })
}

export function fitsText(text: string, expected: string | RegExp | undefined): boolean {
  if (expected === undefined || text === expected) return true
  // A new one, since one with the flag `g` remembers where it stopped.
  return expected instanceof RegExp && new RegExp(expected.source, expected.flags.replace(/[gy]/g, '')).test(text)
}

function fitsFields(fields: Readonly<Record<string, unknown>>, expected: Record<string, unknown> | undefined, equals: Equals): boolean {
  return Object.entries(expected ?? {}).every(([key, value]) => equals(fields[key], value))
}
