import { refuseUnknownOptions } from '../errors.js'
import type { LogEntry } from '../logs/types.js'
import { LineIndex } from './line-index.js'
import { atLeast } from './options.js'
import { type CheckLimits, type CheckRule, spanRules } from './quality-checks.js'
import { kpisOf, type QualityKpis } from './quality-kpis.js'
import { listOf, type Traces } from './traces-given.js'
import { buildTree, type SpanTree } from './tree.js'

/** One check with what it found. */
export interface QualityCheck {
  /** Stable: `parent-present`, `call-answered`, `line-has-trace`, … */
  check: string
  /** Spans, traces or lines that it looked at. */
  checked: number
  failed: number
  /** The share that passed, 0 to 1. */
  score: number
  /** How much it counts in the score of the whole. */
  weight: number
  /** What is wrong where it fails, as a clause. */
  finding: string
  /** The way to mend it. */
  remedy: string
  /** Where it failed first; at most 5. */
  samples: { traceId?: string; spanId?: string; service?: string }[]
}

export interface QualityReport {
  /** The mean of the checks' scores by weight, 0 to 1; absent where there was nothing to check. */
  score?: number
  /** The costliest first; those that found nothing to look at are left out. */
  checks: QualityCheck[]
  kpis: QualityKpis
}

export interface AssessQualityOptions {
  /** Log lines, in any order, also those without a trace ID; without them the checks of lines are left out. */
  entries?: Iterable<LogEntry>
  /** Lines before this moment were not read: of requests that began earlier it is not said that they have none. */
  entriesFromUnixNano?: bigint
  /** Internal spans shorter than this, with nothing in them, are not worth their cost. @defaultValue 5 */
  smallMs?: number
  /** @defaultValue 64 */
  maxAttributes?: number
  /** Services that ought to be traced, beside those that spans and lines name. */
  services?: readonly string[]
  /** When alerts were sent, for the time from the first error to the alert. */
  alertsUnixNano?: readonly bigint[]
}

/**
 * How far the traces can be trusted, and how to mend what cannot: orphans, missing roots, broken propagation, missing attributes,
 * requests without a line, lines without IDs, lines whose span is missing, spans not worth their cost. Each check has a score, the share
 * that passed, and its remedy. Checks after Jaeger's trace quality jobs and the semantic conventions. O(n log n).
 *
 * Score and figures are of what was given: whether that is representative, they cannot know.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const { score, checks } = assessQuality(traces, { entries })
 * for (const { check, failed, checked, remedy } of checks.filter((c) => c.failed > 0)) console.log(`${check}: ${failed} of ${checked}; ${remedy}`)
 * ```
 */
export function assessQuality(traces: Traces, options: AssessQualityOptions = {}): QualityReport {
  refuseUnknownOptions('assessQuality', options, [
    'entries',
    'entriesFromUnixNano',
    'smallMs',
    'maxAttributes',
    'services',
    'alertsUnixNano',
  ])
  const limits: CheckLimits = {
    smallMs: atLeast('smallMs', options.smallMs ?? 5, 0),
    maxAttributes: atLeast('maxAttributes', options.maxAttributes ?? 64, 0),
  }
  const entries = options.entries === undefined ? undefined : [...options.entries]
  const trees = new Map(listOf(traces).map((trace) => [trace.traceId, buildTree(trace)]))

  const checks = spanRules.map(begin)
  const index = entries && new LineIndex(entries)
  const { entriesFromUnixNano: linesFrom } = options
  for (const [traceId, tree] of trees) {
    const isCut = linesFrom !== undefined && tree.nodes.some(({ span }) => span.startUnixNano < linesFrom)
    const lines = isCut ? undefined : index?.of(traceId)
    for (const [i, rule] of spanRules.entries()) {
      for (const [{ spanId, service }, passes] of rule.judge({ tree, ...(lines !== undefined && { lines }) }, limits)) {
        count(checks[i]!, passes, { traceId, spanId, service })
      }
    }
  }
  if (entries !== undefined) checks.push(...checkLines(entries, trees))

  const met = checks.filter(({ checked }) => checked > 0)
  for (const check of met) check.score = 1 - check.failed / check.checked
  const weight = met.reduce((sum, check) => sum + check.weight, 0)
  return {
    ...(weight > 0 && { score: met.reduce((sum, check) => sum + check.score * check.weight, 0) / weight }),
    checks: met.toSorted((a, b) => (1 - b.score) * b.weight - (1 - a.score) * a.weight),
    kpis: kpisOf(trees, entries ?? [], options.services ?? [], options.alertsUnixNano ?? []),
  }
}

function checkLines(entries: readonly LogEntry[], trees: ReadonlyMap<string, SpanTree>): QualityCheck[] {
  const hasTrace = begin({
    name: 'line-has-trace',
    weight: 1,
    finding: 'a line has no trace ID: nobody finds it from its trace',
    remedy: 'take the logger from spanlog/pino or spanlog/winston, and log inside the context of the request',
  })
  const hasSpan = begin({
    name: 'line-has-span',
    weight: 0.5,
    finding: 'a line has a trace ID but no span ID',
    remedy: 'let the logger add both; do not pass the trace ID along by hand',
  })
  const spanPresent = begin({
    name: 'line-span-present',
    weight: 0.5,
    finding: 'a line names a span that its trace does not have',
    remedy: 'export that span: look for a full queue, an exit without a flush, or a sampler of its own',
  })
  for (const entry of entries) {
    if (entry.mention === true) continue
    const { traceId, spanId, service } = entry
    const where = {
      ...(traceId !== undefined && { traceId }),
      ...(spanId !== undefined && { spanId }),
      ...(service !== undefined && { service }),
    }
    count(hasTrace, traceId !== undefined, where)
    if (traceId === undefined) continue
    count(hasSpan, spanId !== undefined, where)
    const tree = trees.get(traceId)
    if (tree !== undefined && spanId !== undefined) count(spanPresent, tree.byId.has(spanId), where)
  }
  return [hasTrace, hasSpan, spanPresent]
}

function begin({ name, weight, finding, remedy }: Omit<CheckRule, 'judge'>): QualityCheck {
  return { check: name, checked: 0, failed: 0, score: 1, weight, finding, remedy, samples: [] }
}

function count(check: QualityCheck, passes: boolean, where: QualityCheck['samples'][number]): void {
  check.checked++
  if (passes) return
  check.failed++
  if (check.samples.length < 5) check.samples.push(where)
}
