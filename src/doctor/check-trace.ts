import { assessQuality, correctClockSkew } from '../analysis/index.js'
import type { LogEntry } from '../logs/types.js'
import type { Trace, TraceSpan } from '../traces/types.js'
import { type Finding, finding } from './finding.js'

/** What a store of lines, one of spans, or both have of a trace. */
export interface TraceSeen {
  traceId: string
  /** Absent where no store of lines was asked. */
  lines?: { entries: readonly LogEntry[]; complete: boolean }
  /** Absent where no store of spans was asked. */
  spans?: { trace?: Trace; complete: boolean }
}

/** Whether the lines of a trace arrive, and its spans, and whether they fit. */
export function checkTrace({ traceId, lines, spans }: TraceSeen): Finding[] {
  const trace = spans?.trace
  const entries = lines?.entries.filter(({ mention }) => mention !== true)
  const findings: Finding[] = []
  if (spans !== undefined && trace === undefined) findings.push(finding('TRACE_UNKNOWN', `no span of ${traceId} was found`))
  if (entries?.length === 0) findings.push(finding('TRACE_WITHOUT_LINES', `no line of ${traceId} was found`))
  if (lines?.complete === false || (trace === undefined && spans?.complete === false))
    findings.push(finding('TRACE_NOT_PROVEN', `the stores could not prove that they gave all of ${traceId}`))
  if (trace !== undefined) findings.push(...checkSpans(trace))
  if (trace !== undefined && entries !== undefined && entries.length > 0) findings.push(...checkTogether(trace, entries))
  return findings
}

function checkSpans(trace: Trace): Finding[] {
  const quality = assessQuality(trace).checks.find(({ check }) => check === 'parent-present')
  const missing = quality?.failed ?? 0
  const moved = groupBy(correctClockSkew(trace).moved, ({ service }) => service)
  return [
    ...(missing > 0 ? [finding('SPANS_MISSING', `${count(missing, 'span')} of ${quality?.checked} with a parent miss it`)] : []),
    ...[...moved].map(([service, spans]) =>
      finding('CLOCKS_DIFFER', `the clock of ${service} seems to be ${offset(spans.map(({ byNano }) => byNano))}`),
    ),
    ...twice(trace),
  ]
}

/** What is put right is what was wrong, the other way round. */
function offset(byNano: readonly bigint[]): string {
  const middle = byNano.toSorted((a, b) => Number(a - b))[Math.floor(byNano.length / 2)] ?? 0n
  return `${Math.abs(Number(middle) / 1e6).toFixed(1)} ms ${middle > 0n ? 'slow' : 'fast'}, beside that of its callers`
}

/** Two server spans of one service, one right below the other, are of one request. */
function twice({ spans }: Trace): Finding[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const doubled = spans.filter((span) => {
    const parent = byId.get(span.parentSpanId ?? '')
    return parent !== undefined && span.kind === 'server' && parent.kind === 'server' && isSameProcess(span, parent)
  })
  const services = groupBy(doubled, ({ service }) => service)
  return [...services].map(([service, these]) =>
    finding(
      'SPANS_TWICE',
      `service ${service}: ${count(these.length, 'request')} with a server span below a server span, such as ${these[0]?.name}`,
    ),
  )
}

function isSameProcess(span: TraceSpan, parent: TraceSpan): boolean {
  return span.service === parent.service && instanceOf(span) === instanceOf(parent)
}

function instanceOf({ resource }: TraceSpan): unknown {
  return resource['service.instance.id'] ?? resource['process.pid']
}

function checkTogether(trace: Trace, entries: readonly LogEntry[]): Finding[] {
  const byId = new Map(trace.spans.map((span) => [span.spanId, span]))
  const findings: Finding[] = []
  const serviceOf = ({ service, spanId }: LogEntry): string | undefined => service ?? byId.get(spanId ?? '')?.service
  const withLines = new Set(entries.flatMap((entry) => [serviceOf(entry), byId.get(entry.spanId ?? '')?.service]))
  const withSpans = new Set(trace.spans.map(({ service }) => service))
  for (const service of withSpans) {
    if (!withLines.has(service)) findings.push(finding('SERVICE_WITHOUT_LINES', `service ${service} has spans in the trace, and no line`))
  }
  for (const [service, lines] of groupBy(entries, serviceOf)) {
    if (service === undefined || withSpans.has(service)) continue
    // Its lines may name it otherwise than its spans do.
    const known = lines.filter(({ spanId }) => byId.has(spanId ?? '')).length
    if (known === 0)
      findings.push(finding('SERVICE_WITHOUT_SPANS', `service ${service} has ${count(lines.length, 'line')} in the trace, and no span`))
  }
  const strays = entries.filter(({ spanId, service }) => spanId !== undefined && !byId.has(spanId) && withSpans.has(service ?? ''))
  if (strays.length > 0)
    findings.push(
      finding('SPANS_MISSING', `${count(strays.length, 'line')} of services with spans name spans that the trace does not have`),
    )
  return findings
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
