import type { LogEntry } from '../logs/types.js'
import type { TraceSpan } from '../traces/types.js'
import { failureOf, isFailed } from './failure.js'
import { isErrorLine } from './line-index.js'
import type { SpanTree } from './tree.js'

/** A part of a whole. */
export interface Share {
  part: number
  whole: number
  /** 0 to 1; absent where the whole is nothing. */
  share?: number
}

/** Key figures over many traces. */
export interface QualityKpis {
  /** Services that send spans, of all that are known: the option `services`, those of the spans, and those of the lines. */
  servicesTraced: Share
  /** Services with no span, by name. */
  servicesUntraced: string[]
  /** Traces with a root, without orphans and cycles. */
  complete: Share
  /** What sampling kept, told by the lines: of the traces that they name, those that were given. */
  kept: Share
  /** Likewise, of the traces that have a line of level error: what sampling must keep. */
  keptOfFailed: Share
  /** Of the traces given, those with a failed span or a line of level error: what storage is spent on. */
  failedOfKept: Share
  /** Most bytes first. */
  bytesByService: ServiceBytes[]
  /** From the first failed span to the first of `alertsUnixNano` after it; absent where there is no such pair. */
  firstErrorToAlertNano?: bigint
}

export interface ServiceBytes {
  service: string
  spans: number
  /** UTF-8 bytes of the spans as JSON, resource not counted; what a store compresses them to is its own affair. */
  spanBytes: number
  lines: number
  /** UTF-8 bytes of the lines as written. */
  lineBytes: number
}

export function kpisOf(
  trees: ReadonlyMap<string, SpanTree>,
  entries: readonly LogEntry[],
  known: readonly string[],
  alertsUnixNano: readonly bigint[],
): QualityKpis {
  const bytes = new Map<string, ServiceBytes>()
  const bytesOf = (service: string): ServiceBytes => {
    let row = bytes.get(service)
    if (row === undefined) bytes.set(service, (row = { service, spans: 0, spanBytes: 0, lines: 0, lineBytes: 0 }))
    return row
  }
  const failed = new Set<string>()
  let complete = 0
  let firstError: bigint | undefined
  for (const [traceId, { nodes, roots }] of trees) {
    if (roots.some(({ detached }) => detached === undefined) && roots.every(({ detached }) => detached === undefined)) complete++
    for (const { span } of nodes) {
      const row = bytesOf(span.service)
      row.spans++
      row.spanBytes += spanBytes(span)
      if (!isFailed(span)) continue
      failed.add(traceId)
      const { atUnixNano } = failureOf(span)
      if (firstError === undefined || atUnixNano < firstError) firstError = atUnixNano
    }
  }

  const named = new Set<string>()
  const namedFailed = new Set<string>()
  for (const entry of entries) {
    const row = bytesOf(entry.service ?? 'unknown_service')
    row.lines++
    row.lineBytes += utf8Length(entry.line)
    if (entry.traceId === undefined || entry.mention === true) continue
    named.add(entry.traceId)
    if (isErrorLine(entry)) namedFailed.add(entry.traceId)
  }

  const services = new Set([...known, ...bytes.keys()].filter((service) => !service.startsWith('unknown_service')))
  const untraced = [...services].filter((service) => (bytes.get(service)?.spans ?? 0) === 0).toSorted()
  const alert = firstError === undefined ? undefined : alertsUnixNano.toSorted(ascending).find((at) => at >= firstError)
  const given = (ids: ReadonlySet<string>) => [...ids].filter((id) => trees.has(id)).length
  return {
    servicesTraced: shareOf(services.size - untraced.length, services.size),
    servicesUntraced: untraced,
    complete: shareOf(complete, trees.size),
    kept: shareOf(given(named), named.size),
    keptOfFailed: shareOf(given(namedFailed), namedFailed.size),
    failedOfKept: shareOf(given(new Set([...failed, ...namedFailed])), trees.size),
    bytesByService: [...bytes.values()].toSorted((a, b) => b.spanBytes + b.lineBytes - a.spanBytes - a.lineBytes),
    ...(alert !== undefined && { firstErrorToAlertNano: alert - firstError! }),
  }
}

function shareOf(part: number, whole: number): Share {
  return whole === 0 ? { part, whole } : { part, whole, share: part / whole }
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function spanBytes({ resource: _resource, ...span }: TraceSpan): number {
  const { startUnixNano, endUnixNano, events } = span
  const plain = { ...span, startUnixNano: String(startUnixNano), endUnixNano: String(endUnixNano), events: events.map(withTextTime) }
  return utf8Length(jsonOf(plain))
}

function withTextTime<T extends { timeUnixNano: bigint }>(event: T) {
  return { ...event, timeUnixNano: String(event.timeUnixNano) }
}

/** A replacer makes it several times slower: only for attributes that hold what JSON has no form for. */
function jsonOf(span: object): string {
  try {
    return JSON.stringify(span)
  } catch {
    return JSON.stringify(span, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  }
}

const encoder = new TextEncoder()
function utf8Length(text: string): number {
  return /[^\0-\x7f]/.test(text) ? encoder.encode(text).length : text.length
}
