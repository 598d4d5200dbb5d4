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

/** The selector, for streams with this label alone. @param selector - as `parseSelector` gives it */
export function narrowed(selector: string, label: string, value: string): string {
  return `${selector.slice(0, -1)}, ${label}=${JSON.stringify(value)}}`
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

/** One way in which Loki finds the lines of a trace, as a log query. */
export interface QueryForm {
  /** What the query finds, for the verdict. */
  finds: string
  query: string
}

/**
 * All forms together find a trace; neither finds all of it: a line filter misses what stands in structured metadata only.
 *
 * @param names - of labels and structured metadata; with none, the text alone is asked
 */
export function queryForms(selector: string, { needles }: TraceForms, names = traceLabels): QueryForm[] {
  // Needles hold nothing but hex digits and `-`: they stand for themselves in a regular expression.
  const anyNeedle = needles.join('|')
  const ofText = { finds: 'the text of the line', query: `${selector} |~ \`${anyNeedle}\`` }
  if (names.length === 0) return [ofText]
  const filters = names.map((name) => `${name}=~"${name === 'traceparent' ? `[0-9a-f]{2}-(?:${anyNeedle})-.*` : anyNeedle}"`)
  // Whether there is any of them is asked first: most lines of most stores have none, and to know that is cheaper than to match it.
  const any = names.map((name) => `${name}!=""`)
  return [
    {
      finds: `a label or structured metadata named ${names.join(', ')}`,
      query: `${selector} | ${any.join(' or ')} | ${filters.join(' or ')}`,
    },
    ofText,
  ]
}

/** Counts what a log query finds in the time before each step. `ms` is the finest unit that Loki takes. */
export function countQuery(query: string, stepMs: number): string {
  return `sum(count_over_time(${query} [${stepMs}ms]))`
}

/** What the query finds, in two exact complements. @param pattern - without a backtick, as `halvingPattern` gives it */
export function halves(query: string, pattern: string): [string, string] {
  return [`${query} |~ \`${pattern}\``, `${query} !~ \`${pattern}\``]
}
