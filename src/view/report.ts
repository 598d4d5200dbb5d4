import {
  type AnomalyReport,
  assessQuality,
  type Baseline,
  type BudgetReport,
  type Budgets,
  checkBudgets,
  type ErrorReport,
  findAnomalies,
  findErrors,
  type LatenciesOptions,
  latencies,
  type OperationLatency,
  type QualityReport,
} from '../analysis/index.js'
import type { LogEntry } from '../logs/types.js'
import type { Trace } from '../traces/types.js'
import { timeText } from './terminal/figures.js'

/** What a report rests on. */
export interface ReportInput {
  traces: readonly Trace[]
  /** Those of the window before, of the same length; absent where nobody looked. */
  before?: readonly Trace[]
  /** Log lines of the window; absent where no source of logs was asked. */
  entries?: readonly LogEntry[]
  /** Where there were more lines than were read: from when on they are there. */
  entriesFromUnixNano?: bigint
  /** Which spans the operations are of. @defaultValue those that answer somebody */
  spans?: LatenciesOptions['spans']
  /** The window that was asked for, for rates. */
  windowMs?: number
  budgets?: Budgets
  baseline?: Baseline
}

/** What happened over many traces. */
export interface TrafficReport {
  traces: number
  spans: number
  services: number
  /** The extent of the spans; absent where there are none. */
  fromUnixNano?: bigint
  toUnixNano?: bigint
  /** The log lines that it rests on; with a moment, where older ones were left out. Absent where there are none. */
  lines?: { read: number; fromUnixNano?: bigint }
  /** What answers somebody; most time in all first. */
  operations: OperationLatency[]
  errors: ErrorReport
  budgets?: BudgetReport
  anomalies?: AnomalyReport
  quality: QualityReport
}

/** All analyses over many traces. @throws SpanlogError INVALID_OPTION for budgets or a baseline that are none */
export function trafficReport({
  traces,
  before,
  entries,
  entriesFromUnixNano,
  windowMs,
  budgets,
  baseline,
  spans: which,
}: ReportInput): TrafficReport {
  const cut = entriesFromUnixNano !== undefined && { entriesFromUnixNano }
  const windows = windowMs === undefined ? {} : { windowMs, baselineWindowMs: windowMs }
  let spans = 0
  let from: bigint | undefined
  let to: bigint | undefined
  const services = new Set<string>()
  for (const span of traces.flatMap((trace) => trace.spans)) {
    spans++
    services.add(span.service)
    if (from === undefined || span.startUnixNano < from) from = span.startUnixNano
    if (to === undefined || span.endUnixNano > to) to = span.endUnixNano
  }
  return {
    traces: traces.length,
    spans,
    services: services.size,
    ...(from !== undefined && to !== undefined && { fromUnixNano: from, toUnixNano: to }),
    ...(entries !== undefined && { lines: { read: entries.length, ...(cut && { fromUnixNano: entriesFromUnixNano }) } }),
    operations: latencies(traces, which === undefined ? {} : { spans: which }),
    errors: findErrors(traces, entries === undefined ? {} : { entries }),
    ...(budgets !== undefined && { budgets: checkBudgets(traces, budgets, baseline === undefined ? {} : { baseline }) }),
    ...(before !== undefined && { anomalies: findAnomalies(before, traces, windows) }),
    quality: assessQuality(traces, entries === undefined ? {} : { entries, ...cut }),
  }
}

/** What a reader must know where older lines were left out. */
export function cutText({ read, fromUnixNano }: NonNullable<TrafficReport['lines']>): string | undefined {
  if (fromUnixNano === undefined) return undefined
  return `There are more log lines: the newest ${read} were read, from ${timeText(fromUnixNano)} on. What is said of lines holds for these alone.`
}
