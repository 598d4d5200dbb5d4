import { goPattern } from '../go-pattern.js'
import { levelPatterns } from '../level-patterns.js'
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
    ...(minSeverity === undefined
      ? []
      : [`a level, in one case or with a capital, in a field, label or metadata named ${levelLabels.join(', ')}`]),
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

/** How the names end behind which a line has the number of a level: each is a text that Go looks for fast, unlike one of any case. */
const nameEnds = ['evel', 'EVEL', 'vl', 'VL', 'everity', 'EVERITY', 'ame', 'AME', 'ext', 'EXT']
const numberNameEnds = ['umber', 'UMBER']

/** A number behind the end of a name, with what may stand around it, also where all of it is quoted once more. */
function behind(end: string, anyNumber: string): string {
  return `${end}[\\s"'\\\\]*[:=][\\s"'\\\\]*0*(?:${anyNumber})`
}

function levelForms(least: number): readonly Sift[] {
  const patterns = levelPatterns(least)
  if (patterns === undefined) return anything
  const { numbers, severityNumbers } = patterns
  // Not in any case: that takes Loki ten times as long as to look for texts.
  const words = patterns.words.flatMap((word) => [word, word.toUpperCase(), word.slice(0, 1).toUpperCase() + word.slice(1)]).join('|')
  const ofLine = [words, ...nameEnds.map((end) => behind(end, numbers)), ...numberNameEnds.map((end) => behind(end, severityNumbers))]
  // In two: together they would be an expression that Loki cannot simplify.
  const filtersOf = (label: string): string[] =>
    severityLabels.includes(label)
      ? [`${label}=~"(?s)\\\\s*0*(?:${severityNumbers}).*"`]
      : [`${label}=~"(?s).*(?:${words}).*"`, `${label}=~"(?s)\\\\s*0*(?:${numbers}).*"`]
  // What is asked of all lines is to be cheap: nearly all of them have a `detected_level`, which Loki gives them, and no other one.
  const [detected = '', ...others] = [...levelLabels, ...severityLabels]
  const some = [...filtersOf(detected), ...others.map((label) => `${label}!=""`)]
  const filters = [detected, ...others].flatMap(filtersOf)
  return [
    { line: ` |~ ${ofLine.map((pattern) => `\`${pattern}\``).join(' or ')}` },
    { label: ` | ${some.join(' or ')} | ${filters.join(' or ')}` },
  ]
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
