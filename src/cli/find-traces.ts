import { SpanlogError, unexpected } from '../errors.js'
import type { LogSource, LogStats, LogVerdict } from '../logs/index.js'
import type { TraceReading, TraceSearch, TraceSource } from '../traces/index.js'
import { count } from '../view/count.js'
import type { Finding } from '../view/terminal/findings.js'
import type { Flags, ValuesOf } from './command.js'
import { filterFlags, lineFilter, parsePattern } from './filters.js'
import { FoundLines } from './found-lines.js'
import { findingsOf, joinFindings } from './found-traces.js'
import { mergeQueries } from './merge.js'
import { fromOf, type logFlags, parseDurationMs, type windowFlags } from './options.js'
import { showProgress } from './progress.js'
import { queryOptionsOf } from './query.js'
import type { Session } from './session.js'
import { logSources, noSource, type Places, traceSources } from './sources.js'
import type { Claim } from './verdict.js'

/** What traces to find: conditions on their lines, and on their spans. */
export const searchFlags = {
  ...filterFlags,
  service: { type: 'string', value: '<name>', help: 'lines, or spans, of this service' },
  errors: { type: 'boolean', help: 'traces with a span that failed' },
  slower: { type: 'string', value: '<duration>', help: 'traces with a span that took this long or longer, such as 500ms or 2s' },
  operation: { type: 'string', value: '<name>', help: 'traces with a span of this name' },
  attribute: {
    type: 'string',
    multiple: true,
    value: '<key=value>',
    help: 'traces with a span of this attribute: a number, true, false, or a text (in quotes where it looks like another). May be repeated',
  },
  traceql: { type: 'string', value: '<query>', help: "a query in Tempo's own language, instead of the conditions on spans" },
  limit: { type: 'string', short: 'n', value: '<traces>', help: 'the newest so many (20)' },
} as const satisfies Flags

/** The help of these flags. */
export const searchHelp = [
  '--level and --grep look at log lines; --errors, --slower, --operation,',
  '--attribute and --traceql look at spans, and must all hold of one of them;',
  '--service looks at either. Where conditions of both kinds are given, a trace',
  'must fit both. Without --from stores are searched one hour back, files whole.',
]

type SearchValues = ValuesOf<typeof searchFlags & typeof windowFlags & Pick<typeof logFlags, 'max-bytes' | 'yes'>>

/** Looked at where conditions on lines and on spans must both hold: the newest of either may not be those of both. */
const joinLimit = 1000

/** The newest traces that fit, newest first. */
export interface FoundTraces {
  findings: Finding[]
  verdict: Claim
  /** Absent where no lines were searched. */
  stats?: Readonly<LogStats>
}

/** @throws SpanlogError INVALID_OPTION, INVALID_TIME; INVALID_OPTION where no place has what the conditions look at */
export async function findTraces(values: SearchValues, places: Places, limit: number, session: Session): Promise<FoundTraces> {
  const onLines = values.level !== undefined || values.grep !== undefined
  const onSpans = conditionsOn(values).length > 0
  const logs = onSpans && !onLines ? [] : await logSources(places)
  const traces = onLines && !onSpans ? [] : await traceSources(places)
  if (onLines && logs.length === 0) throw noSource('--file or --loki, for the lines')
  if (onSpans && traces.length === 0) throw noSource('--file, --tempo, --jaeger or --zipkin, for the spans')
  if (logs.length + traces.length === 0) throw noSource('--file, --loki, --victorialogs, --tempo, --jaeger or --zipkin')

  const both = onLines && onSpans
  const [lines, spans] = await Promise.all([
    searchLines(logs, values, places, both ? undefined : limit, session),
    searchSpans(traces, values, both ? joinLimit : limit, session.signal),
  ])
  const all = joinFindings(lines?.findings ?? [], spans?.findings ?? [], both)
  const reasons = [...(lines?.verdict.reasons ?? []), ...(spans?.reasons ?? [])]
  if (all.length > limit) {
    const message = `these are the newest ${limit} of ${count(all.length, 'trace')} found: --limit shows more`
    reasons.unshift({ code: 'LIMIT_REACHED', message })
  }
  const complete = (lines?.verdict.complete ?? true) && reasons.every(({ code }) => code === 'HOLDS_FOR')
  const { from, to } = lines?.verdict ?? {}
  const verdict = { complete, reasons, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  return { findings: all.slice(0, limit), verdict, ...(lines !== undefined && { stats: lines.stats }) }
}

/** The flags that look at spans alone, as they were given. */
function conditionsOn(values: SearchValues): string[] {
  const names = ['errors', 'slower', 'operation', 'attribute', 'traceql'] as const
  return names.filter((name) => values[name] !== undefined).map((name) => `--${name}`)
}

interface FoundByLines {
  findings: Finding[]
  verdict: LogVerdict
  stats: Readonly<LogStats>
}

async function searchLines(
  sources: readonly LogSource[],
  values: SearchValues,
  places: Places,
  limit: number | undefined,
  session: Session,
): Promise<FoundByLines | undefined> {
  // It checks the flags, even where no lines are asked for.
  lineFilter(values)
  if (sources.length === 0) return undefined
  const { level, service, grep } = values
  const { mentions: _mentions, ...frame } = queryOptionsOf(values, places, session.signal)
  const wanted = {
    ...frame,
    traced: true,
    ...(limit !== undefined && { traces: limit }),
    ...(level !== undefined && { level }),
    ...(service !== undefined && { service }),
    ...(grep !== undefined && { text: parsePattern(grep) }),
  }
  const query = mergeQueries(sources.map((source) => source.search(wanted)))
  const found = new FoundLines()
  let read = 0
  const endProgress = showProgress(
    session,
    () => read,
    () => query.stats,
  )
  for await (const entry of query) {
    read++
    found.add(entry)
  }
  endProgress()
  const verdict = await query.verdict()
  if (found.dropped > 0) {
    const message = `${count(found.dropped, 'older trace')} had lines too, and were let go of; narrow the window`
    verdict.reasons.push({ code: 'LIMIT_REACHED', message })
  }
  return { findings: found.findings(), verdict, stats: query.stats }
}

async function searchSpans(
  sources: readonly TraceSource[],
  values: SearchValues,
  limit: number,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; reasons: TraceReading['reasons'] } | undefined> {
  if (sources.length === 0) return undefined
  const { readTraces } = await import('../traces/index.js')
  const { traces, reasons } = await readTraces(sources, { ...spanSearch(values), limit, signal })
  // That a trace is not whole is said where it is read.
  return { findings: await findingsOf(traces), reasons: reasons.filter(({ code }) => code !== 'SPANS_MISSING') }
}

/** @throws SpanlogError INVALID_OPTION */
export function spanSearch(values: SearchValues): TraceSearch {
  const { service, errors, slower, operation, attribute, traceql, to } = values
  const window = { ...fromOf(values), ...(to !== undefined && { to }) }
  if (traceql !== undefined) {
    const other = [...(service === undefined ? [] : ['--service']), ...conditionsOn(values).filter((name) => name !== '--traceql')]
    if (other.length > 0)
      throw new SpanlogError('INVALID_OPTION', `Expected --traceql or ${other.join(', ')}, got both`, { remedy: 'put all into the query' })
    return { ...window, query: traceql }
  }
  return {
    ...window,
    ...(service !== undefined && { service }),
    ...(errors === true && { status: 'error' as const }),
    ...(slower !== undefined && { minDurationMs: parseDurationMs('--slower', slower) }),
    ...(operation !== undefined && { operation }),
    ...(attribute !== undefined && { attributes: Object.fromEntries(attribute.map(attributeOf)) }),
  }
}

function attributeOf(given: string): [string, string | number | boolean] {
  const equals = given.indexOf('=')
  if (equals < 1) throw unexpected('--attribute', 'key=value', given)
  const text = given.slice(equals + 1)
  const [, quoted] = /^"(.*)"$/s.exec(text) ?? []
  const value = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text === 'true' || text === 'false' ? text === 'true' : (quoted ?? text)
  return [given.slice(0, equals), value]
}
