import type { SpanKindName } from '../traces/types.js'
import type { SpanRef } from './span-ref.js'

export type OperationAnomalyKind =
  /** The median moved. */
  | 'slower'
  | 'faster'
  /** Single calls far beyond any of the baseline. */
  | 'outliers'
  | 'new-operation'
  | 'gone-operation'
  /** Calls for each trace that has any. */
  | 'more-calls'
  | 'fewer-calls'
  /** The share of failed calls. */
  | 'failing'
  | 'recovered'
  /** Calls take longer the more of them are in flight, as with a pool or a queue that is too small. */
  | 'waits'

/** Something about an operation. */
export interface OperationAnomaly {
  kind: OperationAnomalyKind
  service: string
  name: string
  spanKind: SpanKindName
  /**
   * What was compared. `slower`, `faster`: medians in ms; `outliers`: the baseline's maximum in ms and how many lie beyond; operations and
   * calls: traces that have it, and median calls a trace; `failing`, `recovered`: shares; `waits`: the medians in ms with few and with
   * many in flight.
   */
  before: number
  after: number
  /** Calls that the figures rest on. */
  sample: { baseline: number; current: number }
  /** Spans to look at, at most 3; of the current traces, but for what is gone. */
  examples: SpanRef[]
}

/** Something about the traffic between two nodes of the service map. */
export interface TrafficAnomaly {
  kind: 'traffic-risen' | 'traffic-fallen' | 'new-edge' | 'gone-edge'
  from: string
  to: string
  /** Calls a second. */
  before: number
  after: number
  sample: { baseline: number; current: number }
}

/** From where on a difference is one. */
export interface AnomalyLimits {
  minimumSample: number
  minimumMs: number
  minimumRatio: number
}
