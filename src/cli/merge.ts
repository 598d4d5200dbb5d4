import type { LogEntry, LogQuery, LogVerdict } from '../logs/index.js'
import type { Trace, TraceResult } from '../traces/index.js'

/** Merges queries by time, as they come: each is in time order already. A line without a time stays behind its predecessor. */
export async function* mergeByTime(queries: readonly LogQuery[]): AsyncGenerator<LogEntry, void> {
  const readers = queries.map((query) => query[Symbol.asyncIterator]())
  try {
    const firsts = await Promise.all(readers.map((reader) => reader.next()))
    let heads = readers.map((reader, i) => ({ reader, next: firsts[i] as IteratorResult<LogEntry>, at: 0n }))
    for (;;) {
      heads = heads.filter(({ next }) => next.done !== true)
      for (const head of heads) head.at = (head.next.value as LogEntry).timeUnixNano ?? head.at
      // A handful of sources: a heap would not pay.
      const [first, ...others] = heads
      if (first === undefined) return
      const head = others.reduce((a, b) => (b.at < a.at ? b : a), first)
      yield head.next.value as LogEntry
      head.next = await head.reader.next()
    }
  } finally {
    await Promise.all(readers.map(async (reader) => reader.return?.()))
  }
}

/** One verdict for several sources: complete if all are, for the window that all of them looked at. */
export function mergeVerdicts(verdicts: readonly LogVerdict[]): LogVerdict {
  const sum = (of: (verdict: LogVerdict) => number): number => verdicts.reduce((total, verdict) => total + of(verdict), 0)
  const from = verdicts
    .flatMap((verdict) => verdict.from ?? [])
    .reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined)
  const to = verdicts
    .flatMap((verdict) => verdict.to ?? [])
    .reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined)
  return {
    complete: verdicts.every((verdict) => verdict.complete),
    entries: sum((verdict) => verdict.entries),
    mentions: sum((verdict) => verdict.mentions),
    skipped: sum((verdict) => verdict.skipped),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    reasons: verdicts.flatMap((verdict) => verdict.reasons),
  }
}

/** One trace from the parts that several sources hold of it; a span that two of them hold comes once. */
export function mergeTraces(results: readonly TraceResult[]): TraceResult {
  const [only, ...more] = results
  if (only !== undefined && more.length === 0) return only
  const traces = results.flatMap(({ trace }) => trace ?? [])
  const spans = new Map(traces.flatMap((trace) => trace.spans).map((span) => [span.spanId, span]))
  const [first] = traces
  const trace: Trace | undefined = first && {
    traceId: first.traceId,
    spans: [...spans.values()].toSorted((a, b) => (a.startUnixNano < b.startUnixNano ? -1 : a.startUnixNano > b.startUnixNano ? 1 : 0)),
  }
  return {
    ...(trace !== undefined && { trace }),
    complete: results.every(({ complete }) => complete),
    reasons: results.flatMap(({ reasons }) => reasons),
  }
}
