import type { AnomalyLimits, TrafficAnomaly } from './anomaly.js'
import type { ServiceEdge, ServiceMap } from './service-map.js'
import { keyOf } from './span-ref.js'

export function trafficAnomalies(old: ServiceMap, now: ServiceMap, limits: AnomalyLimits): TrafficAnomaly[] {
  if (old.windowMs === 0 || now.windowMs === 0) return []
  const before = byEnds(old.edges)
  const after = byEnds(now.edges)
  const found: TrafficAnomaly[] = []
  for (const [key, { from, to }] of new Map([...before, ...after])) {
    const sample = { baseline: before.get(key)?.calls ?? 0, current: after.get(key)?.calls ?? 0 }
    const kind = kindOf(sample, old.windowMs, now.windowMs, limits)
    if (kind !== undefined) found.push({ kind, from, to, before: rate(sample.baseline, old), after: rate(sample.current, now), sample })
  }
  return found
}

function byEnds(edges: readonly ServiceEdge[]): Map<string, ServiceEdge> {
  return new Map(edges.map((edge) => [keyOf(edge.from, edge.to, edge.type), edge]))
}

function rate(calls: number, { windowMs }: ServiceMap): number {
  return (calls / windowMs) * 1000
}

/** Calls come as a Poisson process does: the variance of a count is the count. */
function kindOf(
  { baseline, current }: TrafficAnomaly['sample'],
  baselineMs: number,
  currentMs: number,
  { minimumSample, minimumRatio }: AnomalyLimits,
): TrafficAnomaly['kind'] | undefined {
  const expected = (baseline / baselineMs) * currentMs
  const expectedBack = (current / currentMs) * baselineMs
  // None by chance has the probability e^-expected: below 5 % from an expectation of 3 on.
  if (baseline === 0) return current >= minimumSample && expectedBack >= 3 ? 'new-edge' : undefined
  if (current === 0) return baseline >= minimumSample && expected >= 3 ? 'gone-edge' : undefined
  if (Math.max(baseline, current) < minimumSample) return undefined
  const ratio = current / expected
  if (Math.max(ratio, 1 / ratio) < minimumRatio) return undefined
  const error = Math.sqrt(current + baseline * (currentMs / baselineMs) ** 2)
  if (Math.abs(current - expected) <= 3 * error) return undefined
  return ratio > 1 ? 'traffic-risen' : 'traffic-fallen'
}
