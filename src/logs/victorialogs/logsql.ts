import { goPattern } from '../go-pattern.js'
import { levelPatterns } from '../level-patterns.js'
import type { TraceForms } from '../needles.js'
import type { SearchRequest } from '../query.js'

/** A filter, and what it finds in words, for the verdict. */
export interface Sieve {
  filter: string
  sought: string
}

/** Names of fields that hold a trace ID, in the spellings that are met. Each folds to a name that `readEntry` knows. */
const traceFields = (
  'trace_id TRACE_ID trace_ID Trace_ID TRACEID traceId traceID TraceId TraceID traceid trace.id otel_trace_id otelTraceID otel.trace_id ' +
  'dd_trace_id dd.trace_id xray_trace_id logging.googleapis.com/trace @tr traceparent'
).split(' ')

/**
 * Finds at least the lines of a trace. In a field the ID is looked for as a word, not as all of it: so a traceparent is found, or what
 * Google Cloud and X-Ray put around it. The line is read for itself afterwards.
 *
 * @see https://docs.victoriametrics.com/victorialogs/logsql/#phrase-filter
 */
export function traceSieve({ needles, described }: TraceForms, text: 'word' | 'anywhere'): Sieve {
  const anyWord = `(${needles.map((needle) => JSON.stringify(needle)).join(' or ')})`
  // Needles hold nothing but hex digits and `-`: they stand for themselves in a regular expression.
  const inText = text === 'word' ? `_msg:${anyWord}` : `_msg:~"${needles.join('|')}"`
  return {
    filter: [...traceFields.map((name) => `${JSON.stringify(name)}:${anyWord}`), inText].join(' or '),
    sought: `the ID ${described}, in a field named ${traceFields.join(', ')}, or ${text === 'word' ? 'as a word of' : 'anywhere in'} _msg`,
  }
}

const serviceFields =
  'service.name service_name service serviceName servicename ServiceName Service SERVICE SERVICE_NAME dd.service dd_service'.split(' ')
const levelFields = (
  'level Level LEVEL severity Severity SEVERITY lvl loglevel logLevel log_level log.level levelname detected_level @l ' +
  'severity_text severityText SeverityText severity_number severityNumber SeverityNumber'
).split(' ')

/**
 * Finds at least the lines that match a search; each of them is asked the question once more here. So a filter is only sent where it
 * surely lets through whatever matches.
 */
export function searchSieve({ text, service, minSeverity, traced }: SearchRequest): Sieve {
  const filters = [
    ...textFilter(text),
    ...(service === undefined ? [] : serviceFilter(service)),
    ...(minSeverity === undefined ? [] : levelFilter(minSeverity)),
  ]
  const sought = [
    ...(text === undefined ? [] : [`lines with ${typeof text === 'string' ? JSON.stringify(text) : String(text)}`]),
    ...(service === undefined ? [] : [`the service ${service} in the line or a field named ${serviceFields.join(', ')}`]),
    ...(minSeverity === undefined ? [] : [`a level in the line or a field named ${levelFields.join(', ')}`]),
    ...(traced ? ['lines with a trace ID'] : []),
  ]
  return {
    filter: filters.map((filter) => `(${filter})`).join(' ') || '*',
    sought: sought.length === 0 ? 'every line' : sought.join(', and '),
  }
}

/** Nothing where no filter surely finds all that matches. */
function textFilter(text: string | RegExp | undefined): string[] {
  if (text === undefined) return []
  // What is no text in UTF-8 is answered in another form than it is stored.
  if (typeof text === 'string') return /[\p{Surrogate}\ufffd]/u.test(text) ? [] : [matching('_msg', escaped(text))]
  const pattern = goPattern(text)
  return pattern === undefined ? [] : [matching('_msg', pattern)]
}

function serviceFilter(service: string): string[] {
  // What writes JSON escapes some characters, each in its own way: such a name may stand in a line in another form.
  if (!/^[\w .:@-]+$/.test(service)) return []
  const name = JSON.stringify(service)
  return [[...serviceFields.map((field) => `${JSON.stringify(field)}:=${name}`), matching('_msg', escaped(service))].join(' or ')]
}

function levelFilter(least: number): string[] {
  const patterns = levelPatterns(least)
  if (patterns === undefined) return []
  const { numbers, severityNumbers } = patterns
  const words = patterns.words.join('|')
  // The end of a name, also of one inside another one, and what may stand around its value, also where all of it is quoted once more.
  const is = `[\\s"'\\\\]*[:=][\\s"'\\\\]*0*`
  const inLine = `(?is)${words}|(?:level|lvl|severity|name|text)${is}(?:${numbers})|number${is}(?:${severityNumbers})`
  const inField = (field: string): string => `(?is)${words}|^\\s*0*(?:${/number$/i.test(field) ? severityNumbers : numbers})`
  return [[...levelFields.map((field) => matching(field, inField(field))), matching('_msg', inLine)].join(' or ')]
}

function matching(field: string, pattern: string): string {
  return `${JSON.stringify(field)}:~${JSON.stringify(pattern)}`
}

/** A text as a pattern that matches it alone. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** The text of a filter in a window, `to` exclusive. All nine digits: with fewer of them an end means all that begins with it. */
export function within(from: bigint, to: bigint, filter: string): string {
  return `_time:[${timeText(from)},${timeText(to)}) (${filter})`
}

/** In 2262: no line is later. */
const latest = (1n << 63n) - 1n

function timeText(nano: bigint): string {
  const at = nano < latest ? nano : latest
  return `${new Date(Number(at / 1_000_000n)).toISOString().slice(0, 19)}.${(at % 1_000_000_000n).toString().padStart(9, '0')}Z`
}
