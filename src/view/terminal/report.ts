import type { ErrorGroup, ErrorOrigin, OperationLatency, QualityReport } from '../../analysis/index.js'
import type { LogEntry } from '../../logs/types.js'
import { anomalySentences } from '../anomaly-sentences.js'
import { sentenceOf } from '../budget-reports.js'
import { count } from '../count.js'
import { cutText, type TrafficReport } from '../report.js'
import { formatDuration } from './duration.js'
import { bytesText, msText, shareText, sparkline, timeText } from './figures.js'
import { lineDrawer } from './lines.js'
import { type DrawOptions, MIN_WIDTH, type Paint, painter } from './style.js'
import { tableRows } from './table.js'
import { escapeText, wrap } from './text.js'

interface Page {
  width: number
  paint: Paint
  color: boolean
}

const maxOperations = 20
const maxGroups = 10
const maxSentences = 20
const maxLines = 4
const WARNING = 13
/** Of a trend, before it is told in words. */
const minParts = 6

/**
 * Draws what happened over many traces: errors first, then what is unusual, then how long operations take, then how far the traces can
 * be trusted.
 */
export function* drawReport(report: TrafficReport, options: DrawOptions = {}): Generator<string> {
  const page: Page = { width: Math.max(MIN_WIDTH, options.width ?? 80), paint: painter(options.color), color: options.color === true }
  const { fromUnixNano: from, toUnixNano: to } = report
  const size = `${count(report.traces, 'trace')}, ${count(report.spans, 'span')}, ${count(report.services, 'service')}`
  yield* text(page, from === undefined || to === undefined ? size : `${timeText(from)}, ${formatDuration(to - from)}: ${size}`, 'bold')
  const cut = report.lines && cutText(report.lines)
  if (cut !== undefined) yield* text(page, `${cut} --max-lines reads more.`, 'yellow')
  yield* errorSection(page, report.errors.groups)
  if (report.budgets !== undefined) {
    const { results, passed } = report.budgets
    yield* heading(page, passed ? `SLO: all ${count(results.length, 'limit')} kept` : 'SLO')
    const missed = results.filter(({ outcome }) => outcome !== 'kept')
    yield* listed(
      page,
      missed.map((result) => `${result.outcome === 'broken' ? '✗' : '?'} ${sentenceOf(result)}`),
      'red',
    )
  }
  yield* anomalySection(page, report)
  yield* operationSection(page, report.operations)
  yield* qualitySection(page, report.quality)
}

function* text({ width, paint }: Page, given: string, style: Parameters<Paint>[0], indent = 0): Generator<string> {
  const escaped = escapeText(given)
  for (const [i, [start, end]] of wrap(escaped, width, width - indent, 6).rows.entries()) {
    yield (i === 0 ? '' : ' '.repeat(indent)) + paint(style, escaped.slice(start, end))
  }
}

function* heading(page: Page, title: string): Generator<string> {
  yield ''
  yield* text(page, title, 'bold')
}

function* listed(page: Page, sentences: readonly string[], style: Parameters<Paint>[0]): Generator<string> {
  for (const sentence of sentences.slice(0, maxSentences)) yield* text(page, sentence, style, 2)
  if (sentences.length > maxSentences) yield page.paint('dim', `… ${sentences.length - maxSentences} more: --json has all`)
}

function* errorSection(page: Page, groups: readonly ErrorGroup[]): Generator<string> {
  const total = groups.reduce((sum, group) => sum + group.count, 0)
  yield* heading(page, total === 0 ? 'No errors' : `${count(total, 'error')} in ${count(groups.length, 'group')}`)
  for (const group of groups.slice(0, maxGroups)) yield* groupRows(page, group)
  if (groups.length > maxGroups) yield page.paint('dim', `… ${groups.length - maxGroups} more: --json has all`)
}

function* groupRows(page: Page, group: ErrorGroup): Generator<string> {
  const { service, type, message, operations, hit, handled, firstUnixNano, lastUnixNano, origins, outages } = group
  yield* text(page, `✗ ${group.count} × ${type} in ${service}${message === undefined ? '' : `: ${message}`}`, 'red', 2)
  const names = (list: ErrorGroup['hit']) =>
    [
      ...list.slice(0, 3).map((one) => `${one.service} "${one.name}"${one.count === group.count ? '' : ` (${one.count})`}`),
      ...(list.length > 3 ? [`${list.length - 3} more`] : []),
    ].join(', ')
  const [began, failed] = [names(operations), names(hit)]
  yield* text(page, `  began in ${began}${failed === began ? '' : `; failed ${failed}`}`, 'reset', 2)
  const still = outages.filter(({ recoveredUnixNano }) => recoveredUnixNano === undefined).length
  const when = firstUnixNano === lastUnixNano ? `at ${timeText(firstUnixNano)}` : `${timeText(firstUnixNano)} to ${timeText(lastUnixNano)}`
  const remarks = [
    when,
    ...(handled > 0 ? [`${handled} caught above`] : []),
    ...(still > 0 ? [`no success since${still > 1 ? ` in ${still} operations` : ''}`] : []),
    ...(origins[0]?.causedBy === undefined ? [] : [`after an error in ${origins[0].causedBy.service} "${origins[0].causedBy.name}"`]),
    `see ${origins[0]?.traceId}`,
  ]
  yield* text(page, `  ${remarks.join('; ')}`, 'dim', 2)
  // The error that it follows from has the lines.
  if (origins.every(({ causedBy }) => causedBy !== undefined)) return
  const draw = lineDrawer({ width: page.width - 2, color: page.color })
  for (const entry of linesOf(origins[0]!))
    yield* draw(entry)
      .slice(0, 4)
      .map((row) => `  ${row}`)
}

/** Of the lines around an error those that its span wrote; where none of them complains, with those of the trace that do. */
function linesOf({ spanId, lines }: ErrorOrigin): LogEntry[] {
  const own = lines.filter((entry) => entry.spanId === spanId)
  return (own.some(complains) ? own : lines.filter((entry) => entry.spanId === spanId || complains(entry))).slice(-maxLines)
}

function complains({ severity }: LogEntry): boolean {
  return (severity?.number ?? 0) >= WARNING
}

function* anomalySection(page: Page, { anomalies }: TrafficReport): Generator<string> {
  if (anomalies === undefined) return
  const { baseline, current } = anomalies.traces
  if (Math.min(baseline, current) === 0) {
    yield* heading(page, 'No traces in the window before to compare with')
    return
  }
  const found = anomalySentences(anomalies)
  yield* heading(page, `${found.length === 0 ? 'Nothing unusual' : 'Unusual'} against ${count(baseline, 'trace')} of the window before`)
  yield* listed(
    page,
    found.map(({ text: said, traceId }) => `! ${said}${traceId === undefined ? '' : `; see ${traceId}`}`),
    'yellow',
  )
  if (anomalies.unjudged > 0) {
    const few = `${count(anomalies.unjudged, 'operation')} with fewer than ${anomalies.minimumSample} calls on a side not judged`
    yield* text(page, few, 'dim')
  }
}

function* operationSection(page: Page, operations: readonly OperationLatency[]): Generator<string> {
  if (operations.length === 0) return
  yield* heading(page, 'How long operations take')
  const shown = operations.slice(0, maxOperations)
  const titles = ['calls', 'failed', 'p50', 'p95', 'p99', 'max'].map((title) => ({ title }))
  const rows = shown.map(({ service, name, count: calls, errorShare, failed, p50Ms, p95Ms, p99Ms, maxMs }) => [
    `${service} ${name}`,
    String(calls),
    failed === 0 ? '-' : shareText(errorShare),
    ...[p50Ms, p95Ms, p99Ms, maxMs].map(msText),
  ])
  const [head = '', ...table] = tableRows([{ title: 'operation', text: true }, ...titles], rows, page.width, page.paint)
  yield head
  for (const [i, row] of table.entries()) {
    yield row
    yield* text(page, `  ${shapeOf(shown[i]!)}`, 'dim', 2)
  }
  if (operations.length > maxOperations) yield page.paint('dim', `… ${operations.length - maxOperations} more: --json has all`)
}

/** How the durations are spread, and how they moved over the window. */
function shapeOf({ histogram, trend, slopeMsPerHour, p50Ms }: OperationLatency): string {
  const spread = `${msText(histogram[0]?.fromMs ?? 0)} ${sparkline(histogram.map((bucket) => bucket.count))} ${msText(histogram.at(-1)?.untilMs ?? 0)}`
  const met = trend.filter((part) => part.p50Ms !== undefined)
  if (met.length < 2) return spread
  const hours = Number(met.at(-1)!.fromUnixNano - met[0]!.fromUnixNano) / 3.6e12
  const moved = (slopeMsPerHour ?? 0) * hours
  const told =
    met.length >= minParts && Math.abs(moved) > p50Ms / 10 ? ` ${moved > 0 ? 'risen' : 'fallen'} by ${msText(Math.abs(moved))}` : ''
  return `${spread}   median over time ${sparkline(trend.map((part) => part.p50Ms))}${told}`
}

function* qualitySection(page: Page, { score, checks, kpis }: QualityReport): Generator<string> {
  if (score === undefined) return
  yield* heading(page, `Quality of the telemetry: ${shareText(score)}`)
  const failing = checks.filter(({ failed }) => failed > 0).slice(0, 5)
  for (const { failed, checked, finding, remedy } of failing) {
    yield* text(page, `! ${failed} of ${checked}: ${finding}`, 'yellow', 2)
    yield* text(page, `  ${remedy}`, 'dim', 2)
  }
  const { servicesTraced, servicesUntraced, complete, kept, keptOfFailed, bytesByService, failedOfKept } = kpis
  const share = (what: string, { part, whole, share: value }: typeof complete) =>
    value === undefined ? [] : [`${what} ${shareText(value)} (${part} of ${whole})`]
  const untraced = servicesUntraced.length === 0 ? '' : `, without ${servicesUntraced.slice(0, 5).join(', ')}`
  const rows = [
    ...share('services that are traced', servicesTraced).map((row) => row + untraced),
    ...share('traces that are complete', complete),
    ...share('traces with a failure', failedOfKept),
    ...share('of the traces that lines name, found', kept),
    ...share('of those with an error line, found', keptOfFailed),
  ]
  for (const row of rows) yield* text(page, row, 'reset', 2)
  const bytes = bytesByService
    .slice(0, 8)
    .map(({ service, spans, spanBytes, lines, lineBytes }) => [
      service,
      String(spans),
      bytesText(spanBytes),
      String(lines),
      bytesText(lineBytes),
    ])
  yield ''
  yield* tableRows(
    [{ title: 'stored by', text: true }, ...['spans', 'bytes', 'lines', 'bytes'].map((title) => ({ title }))],
    bytes,
    page.width,
    page.paint,
  )
}
