import type { LogEntry, LogQueryOptions, LogSource, LogVerdict } from '../logs/index.js'
import { mergeTraces, type TraceResult, type TraceSource } from '../traces/index.js'
import { mergeQueries } from './merge.js'

/** What the sources hold of a trace: its spans where a source of traces was asked, its lines where one of logs was. */
export interface Found {
  traceId: string
  entries: LogEntry[]
  logs?: LogVerdict
  spans?: TraceResult
}

/** Where to ask. */
export interface Sources {
  logs: readonly LogSource[]
  traces: readonly TraceSource[]
}

/** A trace with its lines, from all sources at once. */
export async function gatherTrace(traceId: string, { logs, traces }: Sources, options: LogQueryOptions): Promise<Found> {
  const query = mergeQueries(logs.map((source) => source.forTrace(traceId, options)))
  const asking = options.signal === undefined ? {} : { signal: options.signal }
  const asked = Promise.all(traces.map(async (source) => source.trace(traceId, asking)))
  const [entries, results] = await Promise.all([collect(query), asked])
  return {
    traceId,
    entries,
    ...(logs.length > 0 && { logs: await query.verdict() }),
    ...(traces.length > 0 && { spans: mergeTraces(traceId, results) }),
  }
}

export function isWhole({ logs, spans }: Found): boolean {
  return (logs?.complete ?? true) && (spans?.complete ?? true)
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
