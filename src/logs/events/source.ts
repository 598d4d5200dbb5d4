import { unexpected } from '../../errors.js'
import { severityName } from '../../fields/severity.js'
import type { TraceEvent, TraceSource, TraceSpan } from '../../traces/types.js'
import { type LogRequest, logQuery, parseRequest, parseSearch, type SearchRequest, type VerdictDraft } from '../query.js'
import { limitReached, matches } from '../search.js'
import type { LogEntry, LogSource } from '../types.js'

const severityNumber = 'log.severity_number'
const severityText = 'log.severity_text'

/**
 * The lines that the mirror has put on spans as events, out of any source of traces: where there is no store of lines at hand, as in
 * `memoryTraces()`, or in one that keeps traces alone. They are not all: lines below the mirror's level, past its limit for a span, outside
 * of spans and of spans that were not sampled are not there, so a verdict is never complete. `line` is not the line as its logger wrote
 * it but one of JSON made of the event, and lines of different spans may change places within a millisecond, by the SDK's clock.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const recent = memoryTraces()
 * const { entries } = await eventLogs(recent).forTrace(traceId).collect()
 * ```
 */
export function eventLogs(traces: TraceSource): LogSource {
  if (typeof traces?.trace !== 'function' || typeof traces.search !== 'function') throw unexpected('traces', 'a source of traces', traces)
  return {
    forTrace(traceId, options) {
      const request = parseRequest(traceId, options)
      return logQuery(request, (draft) => readTrace(traces, request, draft))
    },
    search(query) {
      const request = parseSearch(query)
      return logQuery(request, (draft) => readSearch(traces, request, draft))
    },
  }
}

async function* readTrace(traces: TraceSource, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  yield* (await entriesOf(traces, request.forms.traceId, request, draft)).toSorted(byTime)
  draft.reasons.push(notAll)
}

async function* readSearch(traces: TraceSource, request: SearchRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  const { from, to, service, signal, limit = Number.POSITIVE_INFINITY } = request
  const found: LogEntry[] = []
  const search = {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(service !== undefined && { service }),
    ...(signal && { signal }),
  }
  for await (const item of traces.search(search)) {
    if ('cut' in item) draft.reasons.push({ code: item.code, message: item.message })
    else for (const entry of await entriesOf(traces, item.traceId, request, draft)) if (matches(entry, request)) found.push(entry)
  }
  const inOrder = found.toSorted(byTime)
  if (inOrder.length > limit) draft.reasons.push(limitReached(limit))
  yield* inOrder.slice(-limit)
  draft.reasons.push(notAll)
}

const notAll = {
  code: 'EVENTS_ONLY',
  message: 'these are the lines that spans hold as events; those below the level or past the limit of the mirror are not among them',
}

async function entriesOf(
  traces: TraceSource,
  traceId: string,
  { from, to, signal }: LogRequest | SearchRequest,
  draft: VerdictDraft,
): Promise<LogEntry[]> {
  const { trace, reasons } = await traces.trace(traceId, signal === undefined ? {} : { signal })
  draft.reasons.push(...reasons)
  return (trace?.spans ?? [])
    .flatMap((span) => span.events.filter(({ attributes }) => severityNumber in attributes).map((event) => entryOf(span, event)))
    .filter(({ timeUnixNano: at = 0n }) => (from === undefined || at >= from) && (to === undefined || at < to))
}

function entryOf({ traceId, spanId, service }: TraceSpan, { timeUnixNano, name, attributes }: TraceEvent): LogEntry {
  const { [severityNumber]: number, [severityText]: text, ...fields } = attributes
  const severity = { number: Number(number), text: typeof text === 'string' ? text : severityName(Number(number)) }
  const line = {
    time: new Date(Number(timeUnixNano / 1_000_000n)).toISOString(),
    level: severity.text,
    service,
    trace_id: traceId,
    span_id: spanId,
    msg: name,
    ...fields,
  }
  return {
    timeUnixNano,
    line: JSON.stringify(line),
    service,
    severity,
    message: name,
    traceId,
    spanId,
    fields: { ...fields },
    metadata: {},
    labels: {},
  }
}

function byTime({ timeUnixNano: a = 0n }: LogEntry, { timeUnixNano: b = 0n }: LogEntry): number {
  return a < b ? -1 : a > b ? 1 : 0
}
