import { type Context, SamplingDecision, trace } from '@opentelemetry/api'
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace-node'
import { isMarked } from '../context/debug-mark.js'
import { checkSampler } from './sampling/checks.js'

/**
 * Samples each span of a trace that is marked for debugging (`configure({ debugTraces })`), and leaves all others to another sampler.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * new NodeTracerProvider({ sampler: new DebugSampler(new TraceIdRatioBasedSampler(0.01)) })
 * ```
 */
export class DebugSampler implements Sampler {
  constructor(private readonly others: Sampler) {
    checkSampler('others', others)
  }

  shouldSample(context: Context, ...rest: Rest): SamplingResult {
    const parent = trace.getSpanContext(context)
    if (parent !== undefined && isMarked(parent)) {
      return { decision: SamplingDecision.RECORD_AND_SAMPLED, ...(parent.traceState && { traceState: parent.traceState }) }
    }
    return this.others.shouldSample(context, ...rest)
  }

  toString(): string {
    return `DebugSampler{${this.others.toString()}}`
  }
}

type Rest = Parameters<Sampler['shouldSample']> extends [Context, ...infer R] ? R : never
