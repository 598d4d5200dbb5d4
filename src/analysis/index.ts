export type { OperationAnomaly, OperationAnomalyKind, TrafficAnomaly } from './anomaly.js'
export { type AssessQualityOptions, assessQuality, type QualityCheck, type QualityReport } from './assess-quality.js'
export { type Baseline, type BaselineOperation, baselineOf } from './baseline.js'
export { type Bottleneck, type BottleneckOptions, bottlenecks } from './bottlenecks.js'
export type { Budgets, OperationBudget, RegressionBudget, TraceBudget } from './budgets.js'
export { type BudgetReport, type BudgetResult, type CheckBudgetsOptions, checkBudgets } from './check-budgets.js'
export {
  type ChangeKind,
  type CompareTracesOptions,
  compareTraces,
  type PlaceSummary,
  type TraceChange,
  type TraceComparison,
} from './compare-traces.js'
export { correctClockSkew, type SkewCorrection } from './correct-clock-skew.js'
export { type CriticalPathOptions, type CriticalSection, criticalPath } from './critical-path.js'
export type { Outage } from './error-outages.js'
export { type AnomalyReport, type FindAnomaliesOptions, findAnomalies } from './find-anomalies.js'
export { type ErrorGroup, type ErrorOrigin, type ErrorReport, type FindErrorsOptions, findErrors } from './find-errors.js'
export { type CallPattern, type FindPatternsOptions, findPatterns } from './find-patterns.js'
export { type LatenciesOptions, type LatencySlo, latencies, type OperationLatency, type SloResult } from './latencies.js'
export type { PeerType } from './peer.js'
export type { QualityKpis, ServiceBytes, Share } from './quality-kpis.js'
export { type SelfTime, selfTimes } from './self-times.js'
export { type ServiceEdge, type ServiceMap, type ServiceMapOptions, type ServiceNode, serviceMap } from './service-map.js'
export { serviceMapToDot, serviceMapToMermaid } from './service-map-drawings.js'
export type { SpanRef } from './span-ref.js'
export type { Counted } from './tally.js'
export type { Traces } from './traces-given.js'
export { type BudgetEvent, type BudgetWatch, type WatchBudgetsOptions, watchBudgets } from './watch-budgets.js'
