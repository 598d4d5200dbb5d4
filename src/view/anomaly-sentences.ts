import type { AnomalyReport, OperationAnomaly, TrafficAnomaly } from '../analysis/index.js'
import { count } from './count.js'
import { msText, shareText } from './terminal/figures.js'

/** What is unusual, in one sentence with its sample, not escaped; and a trace to look at. */
export interface AnomalySentence {
  text: string
  traceId?: string
}

/** One for each operation and each connection that is unusual. */
export function anomalySentences({ operations, traffic }: AnomalyReport): AnomalySentence[] {
  const byOperation = new Map<string, OperationAnomaly[]>()
  for (const anomaly of operations) {
    const key = JSON.stringify([anomaly.service, anomaly.name, anomaly.spanKind])
    byOperation.set(key, [...(byOperation.get(key) ?? []), anomaly])
  }
  return [...[...byOperation.values()].map(operationSentence), ...traffic.map((one) => ({ text: trafficSentence(one) }))]
}

function operationSentence(anomalies: readonly OperationAnomaly[]): AnomalySentence {
  const [{ service, name, sample, examples }] = anomalies as [OperationAnomaly]
  // Where the median moved, single slow calls are no news.
  const isSlower = anomalies.some(({ kind }) => kind === 'slower')
  const all = anomalies
    .filter(({ kind }) => !(isSlower && kind === 'outliers'))
    .map(({ kind, before, after }) => words[kind](before, after))
  const calls = `${count(sample.baseline, 'call')} before, ${sample.current} now`
  const text = `${service} "${name}" ${all.join(', ')} (${calls})`
  return { text, ...(examples[0] !== undefined && { traceId: examples[0].traceId }) }
}

const words: Readonly<Record<OperationAnomaly['kind'], (before: number, after: number) => string>> = {
  slower: (before, after) => `is slower: median ${msText(before)} → ${msText(after)}`,
  faster: (before, after) => `is faster: median ${msText(before)} → ${msText(after)}`,
  outliers: (before, after) => `has ${count(after, 'call')} far beyond the slowest before, ${msText(before)}`,
  'new-operation': (_before, after) => `is new, in ${count(after, 'trace')}`,
  'gone-operation': (before) => `is gone, was in ${count(before, 'trace')}`,
  'more-calls': (before, after) => `is called more often: ${before} → ${after} times a trace`,
  'fewer-calls': (before, after) => `is called less often: ${before} → ${after} times a trace`,
  failing: (before, after) => `fails more: ${shareText(before)} → ${shareText(after)}`,
  recovered: (before, after) => `fails less: ${shareText(before)} → ${shareText(after)}`,
  waits: (before, after) => `waits where many are in flight: ${msText(before)} with few, ${msText(after)} with many`,
}

const trafficWords = {
  'traffic-risen': 'more traffic',
  'traffic-fallen': 'less traffic',
  'new-edge': 'new traffic',
  'gone-edge': 'no more traffic',
} as const

function trafficSentence({ kind, from, to, before, after }: TrafficAnomaly): string {
  return `${trafficWords[kind]} from ${from} to ${to}: ${rate(before)} → ${rate(after)} calls/s`
}

function rate(perSecond: number): string {
  return String(Number(perSecond.toPrecision(2)))
}
