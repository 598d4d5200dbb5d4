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
  latencies,
  type OperationLatency,
  type QualityReport,
} from '../analysis/index.js'
import type { LogEntry } from '../logs/types.js'
import type { Trace } from '../traces/types.js'

/** What a report rests on. */
export interface ReportInput {
  traces: readonly Trace[]
  /** Those of the window before, of the same length; absent where nobody looked. */
  before?: readonly Trace[]
  /** Log lines of the window; absent where no source of logs was asked. */
  entries?: readonly LogEntry[]
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
  /** What answers somebody; most time in all first. */
  operations: OperationLatency[]
  errors: ErrorReport
  budgets?: BudgetReport
  anomalies?: AnomalyReport
  quality: QualityReport
}

/** All analyses over many traces. @throws SpanlogError INVALID_OPTION for budgets or a baseline that are none */
export function trafficReport({ traces, before, entries, windowMs, budgets, baseline }: ReportInput): TrafficReport {
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
    operations: latencies(traces),
    errors: findErrors(traces, entries === undefined ? {} : { entries }),
    ...(budgets !== undefined && { budgets: checkBudgets(traces, budgets, baseline === undefined ? {} : { baseline }) }),
    ...(before !== undefined && { anomalies: findAnomalies(before, traces, windows) }),
    quality: assessQuality(traces, entries === undefined ? {} : { entries }),
  }
}
