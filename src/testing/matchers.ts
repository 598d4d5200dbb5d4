import { criticalPath } from '../analysis/critical-path.js'
import { unexpected } from '../errors.js'
import { createRedactor, type RedactionRules } from '../redaction/redactor.js'
import type { TraceSpan } from '../traces/types.js'
import {
  checkExpectation,
  type Equals,
  type ErrorExpectation,
  fitsError,
  fitsLine,
  fitsSpan,
  type LogExpectation,
  type SpanExpectation,
} from './expectations.js'
import { pictureOf, type Subject, subjectOf, tracesOf } from './subject.js'

/**
 * What `expect(telemetry)` can be asked, of a recorder, a `Trace`, or `{ trace, entries }`. A failure prints what was recorded.
 * Each throws a SpanlogError INVALID_OPTION for another subject, or a wrong expectation.
 */
export interface SpanlogMatchers<R = void> {
  /** A span of this name, or one that fits. */
  toHaveSpan(expected: string | RegExp | SpanExpectation): R
  /** A line with this message, or one that fits. */
  toHaveLog(expected: string | RegExp | LogExpectation): R
  /** Every line carries the IDs of a span that was recorded; there is at least one line. */
  toHaveCorrelatedLogs(): R
  /** A span with the status `error` that has recorded an exception; of this type, or one that fits. */
  toHaveRecordedError(expected?: string | ErrorExpectation): R
  /** No span's parent is missing. The parent of a trace that came in from outside is not here: such a root counts unless `incoming`. */
  toHaveNoOrphanSpans(options?: { incoming?: boolean }): R
  /** The sections of each trace's critical path last less than this in all. */
  toHaveCriticalPathUnder(ms: number): R
  /** No more than so many spans of this name, or that fit: of database calls, say. */
  toHaveAtMostCalls(count: number, of: string | RegExp | SpanExpectation): R
  /** Neither spans nor lines hold what must not leave the process. @defaultValue the usual rules of `RedactionRules` */
  toHaveNoSensitiveData(rules?: RedactionRules): R
}

interface Result {
  pass: boolean
  message: () => string
}

type Matcher = (this: { equals: Equals }, received: unknown, ...args: never[]) => Result

const spanKeys = ['name', 'service', 'kind', 'status', 'attributes', 'parent', 'count']

/**
 * The matchers, for `expect.extend` of Vitest or Jest. `import 'spanlog/testing/vitest'` or `'spanlog/testing/jest'` does that, and
 * brings their types.
 *
 * @example
 * ```ts
 * expect.extend(spanlogMatchers)
 * expect(telemetry).toHaveSpan({ name: 'charge card', status: 'error' })
 * ```
 */
export const spanlogMatchers = {
  toHaveSpan(received, given: string | RegExp | SpanExpectation) {
    const subject = subjectOf(received)
    const expected = spanExpectation('toHaveSpan', given)
    return counted(subject, 'span', expected, spansThatFit(subject, expected, this.equals).length)
  },

  toHaveLog(received, given: string | RegExp | LogExpectation) {
    const subject = withLines(received)
    const expected = typeof given === 'string' || given instanceof RegExp ? { message: given } : given
    checkExpectation('toHaveLog', expected, ['message', 'level', 'service', 'fields', 'span', 'count'])
    const nameOf = namesOf(subject)
    return counted(subject, 'line', expected, subject.entries.filter((entry) => fitsLine(entry, expected, nameOf, this.equals)).length)
  },

  toHaveCorrelatedLogs(received) {
    const subject = withLines(received)
    const known = new Set(subject.spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`))
    const astray = subject.entries.filter(({ traceId, spanId }) => !known.has(`${traceId} ${spanId}`))
    const what =
      subject.entries.length === 0
        ? 'there is no line'
        : list(
            'these do not:',
            astray.map(({ line }) => line),
          )
    return result(subject, subject.entries.length > 0 && astray.length === 0, 'every line to carry the IDs of a recorded span', what)
  },

  toHaveRecordedError(received, given: string | ErrorExpectation = {}) {
    const subject = subjectOf(received)
    const expected = typeof given === 'string' ? { type: given } : given
    checkExpectation('toHaveRecordedError', expected, ['type', 'message', 'span'])
    const found = subject.spans.filter((span) => span.status.code === 'error' && fitsError(span, expected))
    return result(subject, found.length > 0, `a span that failed and recorded an exception${like(expected)}`, `${found.length} did`)
  },

  toHaveNoOrphanSpans(received, { incoming = false }: { incoming?: boolean } = {}) {
    const subject = subjectOf(received)
    const orphans = tracesOf(subject).flatMap((trace) => {
      const ids = new Set(trace.spans.map((span) => span.spanId))
      const missing = trace.spans.filter((span) => span.parentSpanId !== undefined && !ids.has(span.parentSpanId))
      // Of a trace that came in, the parents of its first span are outside; a second such parent is one that got lost.
      return incoming && new Set(missing.map((span) => span.parentSpanId)).size <= 1 ? [] : missing
    })
    const named = orphans.map(({ name, parentSpanId }) => `${name}, whose parent is ${parentSpanId}`)
    return result(subject, orphans.length === 0, 'no span whose parent is missing', list('these are:', named))
  },

  toHaveCriticalPathUnder(received, ms: number) {
    if (!(typeof ms === 'number' && ms > 0)) throw unexpected('toHaveCriticalPathUnder', 'a positive number of milliseconds', ms)
    const subject = subjectOf(received)
    const lasting = tracesOf(subject).map((trace) => {
      const sections = criticalPath(trace)
      const nanos = sections.reduce((sum, { startUnixNano, endUnixNano }) => sum + endUnixNano - startUnixNano, 0n)
      return { ms: Number(nanos) / 1e6, sections }
    })
    const slow = lasting.filter((path) => path.ms >= ms)
    const told = slow.flatMap((path) => [
      `${path.ms} ms:`,
      ...path.sections.map((s) => `  ${Number(s.endUnixNano - s.startUnixNano) / 1e6} ms ${s.service} ${s.name}`),
    ])
    const what = lasting.length === 0 ? 'there is no trace' : list('got', told)
    return result(subject, lasting.length > 0 && slow.length === 0, `a critical path under ${ms} ms`, what)
  },

  toHaveAtMostCalls(received, count: number, of: string | RegExp | SpanExpectation) {
    if (!(Number.isInteger(count) && count >= 0)) throw unexpected('toHaveAtMostCalls', 'a whole number', count)
    const subject = subjectOf(received)
    const expected = spanExpectation('toHaveAtMostCalls', of)
    const calls = spansThatFit(subject, expected, this.equals).length
    return result(subject, calls <= count, `at most ${count} spans${like(expected)}`, `there are ${calls}`)
  },

  toHaveNoSensitiveData(received, rules?: RedactionRules) {
    const subject = subjectOf(received)
    const redactor = createRedactor(rules)
    const find = (value: unknown, path: string) => redactor.find(value, path)
    const found = [
      ...subject.spans.flatMap(({ name, attributes, events, links, status, resource }) =>
        find({ name, attributes, events, links, status, resource }, `span "${name}"`),
      ),
      // The line as it was written holds all that its parts hold, but only those have names.
      ...(subject.entries ?? []).flatMap(({ fields, message, line }) => {
        const inFields = find(fields, `line "${message ?? ''}"`)
        return inFields.length > 0 ? inFields : find(line, `line "${message ?? ''}"`)
      }),
    ]
    return result(
      subject,
      found.length === 0,
      'nothing sensitive',
      list(
        'found',
        found.map(({ path, rule }) => `${path} (${rule})`),
      ),
    )
  },
} satisfies Record<keyof SpanlogMatchers, Matcher>

function spanExpectation(matcher: string, given: string | RegExp | SpanExpectation): SpanExpectation {
  const expected = typeof given === 'string' || given instanceof RegExp ? { name: given } : given
  checkExpectation(matcher, expected, spanKeys)
  return expected
}

function spansThatFit(subject: Subject, expected: SpanExpectation, equals: Equals): TraceSpan[] {
  const nameOf = namesOf(subject)
  return subject.spans.filter((span) => fitsSpan(span, expected, nameOf, equals))
}

function namesOf({ spans }: Subject): (spanId: string) => string | undefined {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]))
  return (spanId) => names.get(spanId)
}

function withLines(received: unknown): Subject & { entries: NonNullable<Subject['entries']> } {
  const { spans, entries } = subjectOf(received)
  if (entries === undefined) throw unexpected('the value under test', 'something with lines: a recorder, or { trace, entries }', received)
  return { spans, entries }
}

function counted(subject: Subject, what: string, expected: { count?: number }, found: number): Result {
  const { count, ...rest } = expected
  const number = count === undefined ? `a ${what}` : `${count} ${what}${count === 1 ? '' : 's'}`
  return result(
    subject,
    count === undefined ? found > 0 : found === count,
    number + like(rest),
    `there ${found === 1 ? 'is' : 'are'} ${found}`,
  )
}

function result(subject: Subject, pass: boolean, expected: string, got: string): Result {
  return { pass, message: () => `Expected ${pass ? 'not to have ' : ''}${expected}${pass ? '' : `; ${got}`}\n\n${pictureOf(subject)}` }
}

function list(heading: string, items: readonly string[]): string {
  const first = items.slice(0, 20).map((item) => `\n  ${item.slice(0, 300)}`)
  return `${heading}${first.join('')}${items.length > 20 ? `\n  … and ${items.length - 20} more` : ''}`
}

function like(expected: object): string {
  const parts = Object.entries(expected).filter(([, value]) => value !== undefined)
  if (parts.length === 0) return ''
  return ` like { ${parts.map(([key, value]) => `${key}: ${value instanceof RegExp ? String(value) : shown(value)}`).join(', ')} }`
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? String(value)
  } catch {
    return String(value)
  }
}
