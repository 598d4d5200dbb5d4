import { severityNamesFrom, severityOfPinoLevel } from '../../fields/severity.js'
import type { SearchRequest } from '../query.js'

/**
 * The log queries for a search: together they find at least all lines that match it, and each of them is asked the question once more
 * here. So a filter is only sent where it surely lets through whatever matches.
 *
 * A service and a level stand in the line, or in a label or structured metadata: as no one filter finds both, each doubles the queries.
 */
export function siftingForms(
  selector: string,
  { text, service, minSeverity, traced }: SearchRequest,
): { queries: string[]; sought: string } {
  let parts = [{ line: textFilter(text), label: '' }]
  for (const forms of [
    service === undefined ? anything : serviceForms(service),
    minSeverity === undefined ? anything : levelForms(minSeverity),
  ]) {
    parts = parts.flatMap((part) => forms.map(({ line = '', label = '' }) => ({ line: part.line + line, label: part.label + label })))
  }
  const sought = [
    ...(service === undefined ? [] : [`the service ${service} in a field, label or metadata named ${serviceLabels.join(', ')}`]),
    ...(minSeverity === undefined ? [] : [`a level in a field, label or metadata named ${levelLabels.join(', ')}`]),
    ...(text === undefined ? [] : [`lines with ${typeof text === 'string' ? JSON.stringify(text) : String(text)}`]),
    ...(traced ? ['lines with a trace ID'] : []),
  ]
  return {
    // Line filters first: Loki looks at labels only where they pass.
    queries: parts.map(({ line, label }) => selector + line + label),
    sought: sought.length === 0 ? 'every line' : sought.join(', and '),
  }
}

interface Sift {
  /** A filter of the line's text. */
  line?: string
  /** A filter of labels and structured metadata. */
  label?: string
}

const anything: readonly Sift[] = [{}]

/** As `names.ts` knows them, in the spellings that are met. */
const serviceLabels = [
  'service_name',
  'service',
  'serviceName',
  'servicename',
  'ServiceName',
  'Service',
  'SERVICE',
  'SERVICE_NAME',
  'dd_service',
]
const levelLabels =
  'detected_level level Level LEVEL severity Severity SEVERITY lvl loglevel logLevel log_level levelname severity_text severityText SeverityText'.split(
    ' ',
  )
const severityLabels = ['severity_number', 'severityNumber', 'SeverityNumber']

function serviceForms(service: string): readonly Sift[] {
  if (!isPlain(service)) return anything
  const name = JSON.stringify(service)
  return [{ line: ` |= ${name}` }, { label: ` | ${serviceLabels.map((label) => `${label}=${name}`).join(' or ')}` }]
}

/** What writes JSON escapes some characters, each in its own way: such a name may stand in a line in another form. */
function isPlain(name: string): boolean {
  return /^[\w .:@-]+$/.test(name)
}

/** Below this nearly every line passes, and a sieve would only double the queries. */
const leastSifted = 13

function levelForms(least: number): readonly Sift[] {
  if (least < leastSifted) return anything
  const words = severityNamesFrom(least).join('|')
  const tens = [1, 2, 3, 4, 5, 6].find((ten) => severityOfPinoLevel(ten * 10) >= least)
  // OpenTelemetry's numbers, and pino's.
  const numbers = [
    ...Array.from({ length: 25 - least }, (_, index) => String(least + index)),
    ...(tens === undefined ? [] : [`[${tens}-9][0-9]`, '[0-9]{3}', '[0-9]+[.eE]']),
  ].join('|')
  // The end of a name, also of one inside another one, and what may stand around its value, also where all of it is quoted once more.
  const anyNumber = `(?:level|lvl|severity|number|name|text)[\\s"'\\\\]*[:=][\\s"'\\\\]*0*(?:${numbers})`
  const filters = [
    ...levelLabels.map((label) => `${label}=~"(?is).*(?:${words}).*|\\\\s*0*(?:${numbers}).*"`),
    ...severityLabels.map((label) => `${label}=~"\\\\s*0*(?:${numbers}).*"`),
  ]
  return [{ line: ` |~ \`(?i)${words}|${anyNumber}\`` }, { label: ` | ${filters.join(' or ')}` }]
}

/** Nothing where no filter surely finds all that matches. */
function textFilter(text: string | RegExp | undefined): string {
  if (text === undefined) return ''
  if (typeof text !== 'string') {
    const pattern = goPattern(text)
    return pattern === undefined ? '' : ` |~ ${JSON.stringify(pattern)}`
  }
  // What is no text in UTF-8 stands in no line; what Loki replaces in its answers, in none of its own.
  return /[\p{Surrogate}\ufffd]/u.test(text) ? '' : ` |= ${JSON.stringify(text)}`
}

/** What means the same to Go, or to Go something wider. A character of JavaScript may be half of one of Go, so `.` needs its `*`. */
const samePattern = /^(?:[\w !"#%&',/:;<=>@~`-]|\\[dwb]|\\[.\\[\](){}*+?^$|/-]|\.\*|\((?:\?:|(?!\?))|[*+?|)^$])*$/

/**
 * A pattern of Go's that matches every line that a RegExp of JavaScript matches; `undefined` where that is not sure.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function goPattern({ source, flags }: RegExp): string | undefined {
  if (!samePattern.test(source) || /[^isu]|i.*u/.test(flags)) return undefined
  return `(?${flags.includes('i') ? 'i' : ''}s)${source}`
}
