import type { Baseline, Budgets } from '../analysis/index.js'
import type { LogEntry, LogSource, LogVerdict } from '../logs/index.js'
import { parseTime } from '../logs/time.js'
import type { Trace, TraceReading } from '../traces/index.js'
import type { Limits } from '../view/document.js'
import type { ReportInput } from '../view/report.js'
import type { Flags, ValuesOf } from './command.js'
import { collect } from './gather.js'
import { mergeQueries } from './merge.js'
import { fromOf, type logFlags, parseCount, type windowFlags } from './options.js'
import { queryOptionsOf } from './query.js'
import { readJson } from './read-json.js'
import { logSources, type Places } from './sources.js'
import { linesText } from './verdict.js'

/** What a report is held to, and how much of the logs it reads. */
export const reportFlags = {
  budget: { type: 'string', value: '<file>', help: 'limits to hold the traces to, as `spanlog check --help` shows' },
  baseline: { type: 'string', value: '<file>', help: 'what `spanlog check --write-baseline` wrote, for limits against it' },
  'max-lines': {
    type: 'string',
    value: '<n>',
    help: 'log lines that a report reads of each source, the newest (50000), with --service of each service; where there are more, it says so',
  },
} as const satisfies Flags

type WindowValues = Partial<ValuesOf<typeof windowFlags & typeof logFlags & typeof reportFlags>> & { service?: string }

/** @throws SpanlogError FILE_UNREADABLE, FILE_MALFORMED */
export async function limitsOf({ budget, baseline }: WindowValues): Promise<Limits> {
  return {
    ...(budget !== undefined && { budgets: (await readJson(budget)) as Budgets }),
    ...(baseline !== undefined && { baseline: (await readJson(baseline)) as Baseline }),
  }
}

/** A stretch of time. */
export interface Window {
  from: bigint
  to: bigint
}

/** All that a report rests on, and whether that is all that there is. */
export interface ReportReading {
  input: ReportInput
  complete: boolean
  reasons: TraceReading['reasons']
  /** What was read of the lines; absent where no source has any. */
  linesText?: string
}

/**
 * Reads the traces of the window, those of the window before where there is a start, and the lines.
 *
 * @param read - the traces of a window, or without one all that are asked for
 */
export async function readForReport(
  read: (window: Window | undefined) => Promise<TraceReading>,
  values: WindowValues,
  limits: Limits,
  places: Places,
  signal: AbortSignal,
): Promise<ReportReading> {
  const window = windowOf(values)
  const reading = await read(window)
  const lines = await linesOf(values, places, signal, window, reading)
  const before = window && (await read({ from: window.from - (window.to - window.from), to: window.from }))
  // What began before the window and ended in it is of the window alone.
  const own = new Set(reading.traces.map(({ traceId }) => traceId))
  return {
    input: {
      traces: reading.traces,
      ...(before !== undefined && { before: before.traces.filter(({ traceId }) => !own.has(traceId)) }),
      ...(window !== undefined && { windowMs: Number(window.to - window.from) / 1e6 }),
      // Where there is no line at all, none can be missing.
      ...(lines !== undefined && lines.entries.length > 0 && { entries: lines.entries }),
      ...(lines?.cutUnixNano !== undefined && { entriesFromUnixNano: lines.cutUnixNano }),
      ...limits,
    },
    complete: reading.complete && (lines?.complete ?? true),
    reasons: [...reading.reasons, ...(lines?.reasons ?? [])],
    ...(lines !== undefined && { linesText: lines.text }),
  }
}

/** Without a start there is no window before. */
function windowOf(values: WindowValues): Window | undefined {
  const { from } = fromOf(values)
  if (from === undefined) return undefined
  const now = Date.now()
  const to = values.to === undefined ? BigInt(now) * 1_000_000n : parseTime('--to', values.to, now)
  return { from: parseTime('--from', from, now), to }
}

/**
 * The lines of the window; with --service those that the service wrote, and what others wrote in the traces that it is in. Where only the
 * newest traces were read, older lines are left out with theirs: sampling did not lose them.
 */
async function linesOf(
  values: WindowValues,
  places: Places,
  signal: AbortSignal,
  window: Window | undefined,
  { traces, reasons: doubts }: TraceReading,
) {
  const sources = await logSources(places)
  if (sources.length === 0) return undefined
  const { maxBytes } = queryOptionsOf(values, places, signal)
  const { to, service, 'max-lines': limit = '50000' } = values
  const search = {
    ...(window ?? (to !== undefined && { to })),
    ...(maxBytes !== undefined && { maxBytes }),
    limit: parseCount('--max-lines', limit, 1),
    signal,
  }
  // By service: all lines of a busy window, for those of a few services, are more than a store gives in time.
  const names =
    service === undefined ? [undefined] : new Set([service, ...traces.flatMap(({ spans }) => spans.map((span) => span.service))])
  const searches = [...names].map((name) => Object.assign({ ...search }, name !== undefined && { service: name }))
  const queries = sources.flatMap((source) => searches.map((one) => firstNoted(source.search(one))))
  const query = mergeQueries(queries)
  const read = await collect(query)
  const own = new Set(traces.map(({ traceId }) => traceId))
  const from = isCut({ reasons: doubts }) ? firstOf(traces) : undefined
  const entries = read.filter(({ traceId = '', service: of, timeUnixNano: at }) => {
    return own.has(traceId) || ((service === undefined || of === service) && (from === undefined || at === undefined || at >= from))
  })
  const firsts = await Promise.all(queries.map(async (one) => (isCut(await one.verdict()) ? one.first() : undefined)))
  const cuts = firsts.filter((first) => first !== undefined)
  const verdict = await query.verdict()
  const reasons = verdict.reasons.filter(({ code }) => code !== LIMIT_REACHED)
  if (isCut(verdict)) {
    const message = `of the log lines the newest ${read.length} were read: raise --max-lines, or narrow the window`
    reasons.push({ code: LIMIT_REACHED, message })
  }
  return {
    entries,
    complete: verdict.complete,
    reasons,
    text: linesText({ ...verdict, entries: entries.length }, false),
    // Of several sources that were cut the lines of all are there from the last cut on.
    cutUnixNano: cuts.length === 0 ? undefined : cuts.reduce((a, b) => (a > b ? a : b)),
  }
}

const LIMIT_REACHED = 'LIMIT_REACHED'

function firstOf(traces: readonly Trace[]): bigint | undefined {
  const starts = traces.flatMap(({ spans }) => spans.map(({ startUnixNano }) => startUnixNano))
  return starts.length === 0 ? undefined : starts.reduce((a, b) => (a < b ? a : b))
}

function isCut({ reasons }: Pick<LogVerdict, 'reasons'>): boolean {
  return reasons.some(({ code }) => code === LIMIT_REACHED)
}

/** The query, with the time of its first line once that was read. */
function firstNoted(query: ReturnType<LogSource['search']>) {
  let first: bigint | undefined
  async function* read(): AsyncGenerator<LogEntry, void> {
    for await (const entry of query) {
      first ??= entry.timeUnixNano
      yield entry
    }
  }
  return { [Symbol.asyncIterator]: read, verdict: async () => query.verdict(), stats: query.stats, first: () => first }
}
