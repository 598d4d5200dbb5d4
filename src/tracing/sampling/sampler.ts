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
import { consistentState, isKeptAt, type Threshold, thresholdOf, withThreshold } from './threshold.js'

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
        const isSampled = (parent.traceFlags & TraceFlags.SAMPLED) !== 0
        const decision = isSampled ? KEEP : DROP
        if (parent.traceState === undefined) return { decision }
        // Within the process it was looked at where the trace came in.
        const traceState = parent.isRemote === true ? consistentState(parent.traceState, traceId, isSampled) : parent.traceState
        return { decision, traceState }
      }
      const choice = choose({ traceId, name, kind, attributes, context, links })
      if (choice === 'keep') return { decision: KEEP }
      if (choice === 'drop') return { decision: DROP }
      if (!('probability' in choice)) return choice.shouldSample(context, traceId, name, kind, attributes, links)
      if (!(choice.probability > 0)) return { decision: DROP }
      const { threshold, traceState } = shareOf(choice.probability)
      // Who counts what was kept multiplies by the threshold: it stands there only where chance decided.
      return isKeptAt(threshold, traceId, undefined) ? { decision: KEEP, traceState } : { decision: DROP }
    },
    toString: description,
  }
}

interface Share {
  threshold: Threshold
  /** Of a trace that begins here and is kept. */
  traceState: TraceState
}

const shares = new Map<number, Share>()
// Rules and operations are few; the rates that were an operation's are not.
const maxShares = 1_000

/** @param probability - above 0 */
function shareOf(probability: number): Share {
  let share = shares.get(probability)
  if (share === undefined) {
    const threshold = thresholdOf(Math.min(probability, 1))
    share = { threshold, traceState: withThreshold(createTraceState(), threshold) }
    if (shares.size >= maxShares) shares.clear()
    shares.set(probability, share)
  }
  return share
}

/** A rate, or a sampler, as an option has it. */
export type SamplerOrRate = TraceSampler | number

export function choiceOf(given: SamplerOrRate): Choice {
  return typeof given === 'number' ? { probability: given } : given
}
