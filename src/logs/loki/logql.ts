import { SpanlogError, unexpected } from '../../errors.js'
import type { TraceForms } from '../needles.js'

const matcher = /([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)/
const wholeSelector = new RegExp(String.raw`^\{\s*(?:${matcher.source})(?:\s*,\s*(?:${matcher.source}))*\s*\}$`)

/**
 * Checks a stream selector; only a whole one passes, so nothing can follow it into a query.
 *
 * @throws SpanlogError INVALID_OPTION
 * @see https://grafana.com/docs/loki/latest/query/log_queries/#log-stream-selector
 */
export function parseSelector(selector: unknown): string {
  const text = typeof selector === 'string' ? selector.trim() : ''
  if (!wholeSelector.test(text)) throw unexpected('selector', 'a LogQL stream selector such as {app="shop", env=~"prod|test"}', selector)
  const matchers = [...text.matchAll(new RegExp(matcher, 'g'))]
  if (matchers.every(([, , op, value]) => op === '!=' || op === '!~' || matchesEmpty(op === '=~', value ?? ''))) {
    throw new SpanlogError('INVALID_OPTION', `\`selector\` ${text} would match streams without any of its labels, which Loki refuses`, {
      remedy: 'add a matcher that needs a value, such as app=~".+"',
    })
  }
  return text
}

function matchesEmpty(isRegExp: boolean, quoted: string): boolean {
  const value = quoted.slice(1, -1)
  if (!isRegExp) return value === ''
  try {
    return new RegExp(`^(?:${quoted.startsWith('`') ? value : (JSON.parse(quoted) as string)})$`).test('')
  } catch {
    // What only Go's regular expressions know is left to Loki.
    return false
  }
}

/**
 * Names of labels and structured metadata that hold a trace ID, as label filters write them: dots become `_` in Loki. Each folds to
 * a name that `readEntry` knows.
 */
export const traceLabels: readonly string[] = [
  'trace_id',
  'TRACE_ID',
  'trace_ID',
  'Trace_ID',
  'TRACEID',
  'traceId',
  'traceID',
  'TraceId',
  'TraceID',
  'traceid',
  'otel_trace_id',
  'otelTraceID',
  'dd_trace_id',
  'xray_trace_id',
  'traceparent',
]

/** Under which the query itself notes that the text of a line holds the ID. */
const inText = 'spanlog_id'

/** The log query that finds a trace, and what that is in words, for the verdict. */
export interface TraceQuery {
  finds: string
  query: string
}

/**
 * Finds what has the ID in its text, in a label or in structured metadata, in one pass over the lines. LogQL has no `or` between a line
 * filter and a label filter: so the text's part is noted in a label, which is dropped again. One expression for each needle, since
 * Go looks for a plain text many times as fast as for alternatives.
 *
 * @param names - of labels and structured metadata; with none, the text alone is asked
 */
export function traceQuery(selector: string, { needles }: TraceForms, names = traceLabels): TraceQuery {
  // Needles hold nothing but hex digits and `-`: they stand for themselves in a regular expression.
  const anyNeedle = needles.join('|')
  const ofText = 'the text of the line'
  if (names.length === 0) return { finds: ofText, query: `${selector} |~ \`${anyNeedle}\`` }
  const notes = needles.map((needle) => ` | regexp \`(?P<${inText}>${needle})\``).join('')
  // Whether there is any of the names is asked first: most lines of most stores have none, and to know that is cheaper than to match it.
  const isThere = [inText, ...names].map((name) => `${name}!=""`)
  const fits = names.map((name) => `${name}=~"${name === 'traceparent' ? `[0-9a-f]{2}-(?:${anyNeedle})-.*` : anyNeedle}"`)
  return {
    finds: `a label or structured metadata named ${names.join(', ')}, and ${ofText}`,
    query: `${selector}${notes} | ${isThere.join(' or ')} | ${[`${inText}!=""`, ...fits].join(' or ')} | drop ${inText}`,
  }
}

/** Counts what a log query finds in the time before each step. `ms` is the finest unit that Loki takes. */
export function countQuery(query: string, stepMs: number): string {
  return `sum(count_over_time(${query} [${stepMs}ms]))`
}

/** What the query finds, in two exact complements. @param pattern - without a backtick, as `halvingPattern` gives it */
export function halves(query: string, pattern: string): [string, string] {
  return [`${query} |~ \`${pattern}\``, `${query} !~ \`${pattern}\``]
}
