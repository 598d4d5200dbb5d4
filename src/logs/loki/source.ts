import { createRemote, type Remote } from '../../remote/client.js'
import { readEntry } from '../entry.js'
import { conclude, type LogRequest, logQuery, parseRequest, type VerdictDraft } from '../query.js'
import type { LogEntry, LogSource } from '../types.js'
import { type Gap, gather } from './gather.js'
import { type LokiLimits, readLimits } from './limits.js'
import { queryForms } from './logql.js'
import { type LokiLogsOptions, type LokiSettings, parseLokiOptions, widestSelector } from './options.js'
import { LokiReader } from './reader.js'
import { unite } from './unite.js'
import { earliestNano, windowOf } from './window.js'

/**
 * All lines of a trace from a Loki, with the proof that none is missing: by Loki's statistics, or by as many lines in each stretch of
 * time as Loki counts there. Found are lines whose structured metadata, labels or text hold the trace ID, in hex of either case, as
 * X-Ray writes it, or as Datadog does.
 *
 * Without `from` the window is the last 7 days, or as far as Loki looks back if that is less; a narrower `from` is cheaper, since Loki
 * scans the whole window. Without `to` lines of clocks up to 10 minutes ahead are found too. The verdict names the window, which ends
 * now at the latest; a proof holds for that one, for the selector, and for what Loki held when it was asked: lines that are still on
 * their way cannot be counted. A line that holds the ID but does not show whose it is leaves the trace unproven (LINES_SKIPPED).
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION. A query itself does not throw; its verdict has LOKI_UNREACHABLE, LOKI_TIMEOUT,
 *   LOKI_RATE_LIMITED, LOKI_UNAUTHORIZED, LOKI_REFUSED, LOKI_BAD_ANSWER or ABORTED as a reason
 * @example
 * ```ts
 * const loki = lokiLogs({ url: 'http://localhost:3100', selector: '{service_name=~"shop-.+"}' })
 * const { entries, verdict } = await loki.forTrace('0af7651916cd43dd8448eb211c80319c', { from: '2h' }).collect()
 * for (const { service, message } of entries) console.log(service, message)
 * if (!verdict.complete) console.error(verdict.reasons)
 * ```
 */
export function lokiLogs(options: LokiLogsOptions): LogSource {
  const settings = parseLokiOptions(options)
  const loki = createRemote('LOKI', settings)
  return {
    forTrace(traceId, queryOptions) {
      const request = parseRequest(traceId, queryOptions)
      return logQuery(request, (draft) => read(loki, settings, request, draft))
    },
  }
}

async function* read(loki: Remote, settings: LokiSettings, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  const ending = new AbortController()
  const signal = request.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, request.signal])
  try {
    const now = BigInt(Date.now()) * 1_000_000n
    const limits = await readLimits(loki, settings, signal)
    const reader = new LokiReader(loki, limits, signal)
    const forms = queryForms(settings.selector, request.forms)
    const bound = limits.reachNano === undefined ? earliestNano : now - limits.reachNano
    const { from, to, provenTo } = windowOf(request, now, bound)
    Object.assign(draft, { from, to: provenTo })
    const doubts = doubtsOf(limits, settings, from, bound)

    const start = from < earliestNano ? earliestNano : from
    const gaps: Gap[] = []
    const found = forms.map(({ query }) => gather(reader, query, start, to, (gap) => gaps.push(gap)))
    for await (const line of unite(found)) {
      const reading = readEntry(line, request.forms)
      if ('entry' in reading) yield reading.entry
      else if (reading.kind === 'unreadable') draft.skipped++
    }

    doubts.push(
      ...gaps.slice(0, 3).map(({ from: begin, held, counted }) => {
        const message = `of ${counted} lines that Loki counts at ${isoTime(begin)} it gave ${held}`
        return { code: 'LOKI_LINES_MISSING', message }
      }),
    )
    if (gaps.length > 3) doubts.push({ code: 'LOKI_LINES_MISSING', message: `and fewer than counted in ${gaps.length - 3} more places` })
    doubts.push(...[...reader.warnings].map((message) => ({ code: 'LOKI_WARNING', message })))
    draft.reasons.push(...doubts)
    const sought = forms.map(({ finds }) => finds).join(', and ')
    conclude(draft, `${settings.selector}, ${sought}, from ${isoTime(start)} to ${isoTime(provenTo)}, as Loki held it when asked`)
  } finally {
    // Requests ahead of a caller who does not read on.
    ending.abort()
  }
}

/** Why a query that finds all it can still proves nothing. */
function doubtsOf(limits: LokiLimits, settings: LokiSettings, from: bigint, bound: bigint): { code: string; message: string }[] {
  const doubts: { code: string; message: string }[] = []
  if (!limits.told) {
    const message = 'Loki does not tell its limits (before 3.x, or behind a proxy), so it may look back less far than the window'
    doubts.push({ code: 'LOKI_LIMITS_UNKNOWN', message })
  }
  if (limits.reachNano !== undefined && from < bound) {
    const message = `Loki looks back, or keeps lines, only to ${isoTime(bound)}; the window begins at ${isoTime(from)}`
    doubts.push({ code: 'LOKI_LOOKBACK', message })
  }
  if (!limits.hasServiceName && settings.selector === widestSelector) {
    const message = `this Loki adds no service_name, so ${widestSelector} may miss streams; give a selector`
    doubts.push({ code: 'LOKI_NO_SERVICE_NAME', message })
  }
  return doubts
}

function isoTime(nano: bigint): string {
  const ms = nano / 1_000_000n
  const text = new Date(Number(ms)).toISOString().slice(0, -1)
  return `${text}${(nano % 1_000_000n).toString().padStart(6, '0')}`.replace(/\.?0+$/, '').concat('Z')
}
