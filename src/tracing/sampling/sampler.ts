import {
  type Attributes,
  type Context,
  createTraceState,
  isSpanContextValid,
  type Link,
  type SpanKind,
  TraceFlags,
  type TraceState,
  trace,
} from '@opentelemetry/api'
import { randomnessOf, type Threshold, thresholdOf, withThreshold } from './threshold.js'

/** What a sampler of the SDK decides; the numbers are those of its `SamplingDecision`, in 2.x as in 3.x. */
interface SamplingResult {
  decision: number
  attributes?: Attributes
  traceState?: TraceState
}

/** A sampler, as both lines of OpenTelemetry's SDK take it: for `startTracing({ sampler })` or any provider. */
export interface TraceSampler {
  shouldSample(context: Context, traceId: string, name: string, kind: SpanKind, attributes: Attributes, links: Link[]): SamplingResult
  toString(): string
}

const DROP = 0
const KEEP = 2

/** The span that begins a trace. */
export interface TraceStart {
  traceId: string
  name: string
  kind: SpanKind
  attributes: Attributes
  context: Context
  links: Link[]
}

/**
 * What is to become of a trace: kept with a probability, by its ID and so alike in each service; kept or dropped whatever its ID; or
 * what another sampler says.
 */
export type Choice = { probability: number } | 'keep' | 'drop' | TraceSampler

/**
 * A sampler that decides where a trace begins, and follows the decision of the parent everywhere else: it needs no `ParentBasedSampler`
 * around it.
 *
 * @param choose - must not throw
 */
export function samplerOf(description: () => string, choose: (start: TraceStart) => Choice): TraceSampler {
  return {
    shouldSample(context, traceId, name, kind, attributes, links) {
      const parent = trace.getSpanContext(context)
      if (parent !== undefined && isSpanContextValid(parent)) {
        const { traceState } = parent
        return { decision: (parent.traceFlags & TraceFlags.SAMPLED) === 0 ? DROP : KEEP, ...(traceState && { traceState }) }
      }
      const choice = choose({ traceId, name, kind, attributes, context, links })
      if (choice === 'keep') return { decision: KEEP }
      if (choice === 'drop') return { decision: DROP }
      if (!('probability' in choice)) return choice.shouldSample(context, traceId, name, kind, attributes, links)
      const threshold = thresholdAt(choice.probability)
      if (threshold === undefined || randomnessOf(traceId, undefined) < threshold.value) return { decision: DROP }
      // Who counts what was kept multiplies by it: it stands there only where chance decided.
      return { decision: KEEP, traceState: createTraceState().set('ot', withThreshold(undefined, threshold)) }
    },
    toString: description,
  }
}

let lastProbability = 1
let lastThreshold: Threshold = thresholdOf(1)

/** @returns `undefined` for a probability of 0 */
function thresholdAt(probability: number): Threshold | undefined {
  if (!(probability > 0)) return undefined
  if (probability !== lastProbability) {
    lastProbability = probability
    lastThreshold = thresholdOf(Math.min(probability, 1))
  }
  return lastThreshold
}

/** A rate, or a sampler, as an option has it. */
export type SamplerOrRate = TraceSampler | number

export function choiceOf(given: SamplerOrRate): Choice {
  return typeof given === 'number' ? { probability: given } : given
}
