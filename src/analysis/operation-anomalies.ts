import type { TraceSpan } from '../traces/types.js'
import type { AnomalyLimits, OperationAnomaly, OperationAnomalyKind } from './anomaly.js'
import { isFailed } from './failure.js'
import { crowdingOf } from './in-flight.js'
import { durationMs, type Operation } from './operations.js'
import { refOf } from './span-ref.js'
import { ascending, isBeyondNoise, madOf, medianOf, sharesDiffer } from './statistics.js'

type Operations = ReadonlyMap<string, Operation>

export function operationAnomalies(
  old: Operations,
  now: Operations,
  traces: { baseline: number; current: number },
  limits: AnomalyLimits,
): { operations: OperationAnomaly[]; unjudged: number } {
  const operations: OperationAnomaly[] = []
  let unjudged = 0
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const before = old.get(key)
    const after = now.get(key)
    if (before === undefined || after === undefined) {
      const one = presence(before, after, traces, limits)
      if (one !== undefined) operations.push(one)
    } else {
      operations.push(...changes(before, after, limits))
      if (Math.min(before.spans.length, after.spans.length) < limits.minimumSample) unjudged++
    }
    const waits = after && waitsOf(before, after, limits)
    if (waits !== undefined) operations.push(waits)
  }
  return { operations, unjudged }
}

function anomaly(
  kind: OperationAnomalyKind,
  old: Operation | undefined,
  now: Operation | undefined,
  [before, after]: readonly [number, number],
  examples: readonly TraceSpan[] = (now ?? old)!.spans.toSorted((a, b) => durationMs(b) - durationMs(a)),
): OperationAnomaly {
  const { service, name, kind: spanKind } = (now ?? old)!
  const sample = { baseline: old?.spans.length ?? 0, current: now?.spans.length ?? 0 }
  return { kind, service, name, spanKind, before, after, sample, examples: examples.slice(0, 3).map(refOf) }
}

function presence(
  old: Operation | undefined,
  now: Operation | undefined,
  traces: { baseline: number; current: number },
  limits: AnomalyLimits,
) {
  const inOld = old?.callsByTrace.length ?? 0
  const inNow = now?.callsByTrace.length ?? 0
  // Only a side that is well known can lack something.
  const known = old === undefined ? traces.baseline : traces.current
  if (known < limits.minimumSample || !sharesDiffer(inOld, traces.baseline, inNow, traces.current)) return undefined
  return anomaly(old === undefined ? 'new-operation' : 'gone-operation', old, now, [inOld, inNow])
}

function changes(old: Operation, now: Operation, { minimumSample, minimumMs, minimumRatio }: AnomalyLimits): OperationAnomaly[] {
  if (old.spans.length < minimumSample) return []
  const found: OperationAnomaly[] = []
  const oldMs = ascending(old.spans.map(durationMs))
  const beyond = outliersOf(oldMs, now.spans)
  if (beyond.length > 0) found.push(anomaly('outliers', old, now, [oldMs.at(-1)!, beyond.length], beyond))
  if (now.spans.length < minimumSample) return found

  const nowMs = ascending(now.spans.map(durationMs))
  const was = medianOf(oldMs)
  const is = medianOf(nowMs)
  const moved = Math.abs(is - was) >= minimumMs && Math.max(is, was) >= minimumRatio * Math.min(is, was)
  if (moved && isBeyondNoise(oldMs, nowMs)) found.push(anomaly(is > was ? 'slower' : 'faster', old, now, [was, is]))

  const calls = [medianOf(ascending(old.callsByTrace)), medianOf(ascending(now.callsByTrace))] as const
  const enough = Math.min(old.callsByTrace.length, now.callsByTrace.length) >= minimumSample
  if (enough && calls[0] !== calls[1] && isBeyondNoise(old.callsByTrace, now.callsByTrace)) {
    found.push(anomaly(calls[1] > calls[0] ? 'more-calls' : 'fewer-calls', old, now, calls))
  }
  if (sharesDiffer(old.failed, old.spans.length, now.failed, now.spans.length)) {
    const shares = [old.failed / old.spans.length, now.failed / now.spans.length] as const
    const failing = shares[1] > shares[0]
    found.push(anomaly(failing ? 'failing' : 'recovered', old, now, shares, failing ? now.spans.filter(isFailed) : undefined))
  }
  return found
}

/** Latencies spread by factors, not by sums; a microsecond more keeps the logarithm of 0 finite. */
function logOf(ms: number): number {
  return Math.log(ms + 0.001)
}

/** Slowest first. */
function outliersOf(sortedMs: readonly number[], spans: readonly TraceSpan[]): TraceSpan[] {
  const logs = sortedMs.map(logOf)
  const median = medianOf(logs)
  // Where most calls take the same time, a twentieth more or less is still the same.
  const spread = Math.max(madOf(logs, median), 0.05)
  const slowest = sortedMs.at(-1)!
  return spans
    .filter((span) => durationMs(span) > slowest && (0.6745 * (logOf(durationMs(span)) - median)) / spread > 3.5)
    .toSorted((a, b) => durationMs(b) - durationMs(a))
}

function waitsOf(old: Operation | undefined, now: Operation, { minimumSample, minimumMs }: AnomalyLimits): OperationAnomaly | undefined {
  // Quartiles of fewer say nothing.
  if (now.spans.length < Math.max(minimumSample, 20)) return undefined
  const crowding = crowdingOf(now.spans)
  if (crowding === undefined) return undefined
  const { correlation, quietMs, crowdedMs } = crowding
  if (correlation < 0.5 || crowdedMs < 2 * quietMs || crowdedMs - quietMs < minimumMs) return undefined
  return anomaly('waits', old, now, [quietMs, crowdedMs])
}
