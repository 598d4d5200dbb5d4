import { type Context, trace } from '@opentelemetry/api'
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace-node'
import { reportFault } from '../context/fault.js'
import { isDecidedHere } from '../context/trust.js'
import { peers } from './peers.js'
import { checkSampler } from './sampling/checks.js'

/**
 * Decides on a trace whose sampled flag an edge does not heed (`incoming: 'ignore-sampled'`) as on one that begins here: by another
 * sampler, that sees no parent. `startTracing` has it; a provider of one's own needs it, or drops such traces under parent-based samplers.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * new NodeTracerProvider({ sampler: new LocalDecisionSampler(new ParentBasedSampler({ root })) })
 * ```
 */
export class LocalDecisionSampler implements Sampler {
  constructor(private readonly inner: Sampler) {
    checkSampler('inner', inner)
  }

  shouldSample(context: Context, ...rest: Rest): SamplingResult {
    return this.inner.shouldSample(isDecidedHere(trace.getSpanContext(context)) ? trace.deleteSpan(context) : context, ...rest)
  }

  toString(): string {
    return `LocalDecisionSampler{${this.inner.toString()}}`
  }
}

type Rest = Parameters<Sampler['shouldSample']> extends [Context, ...infer R] ? R : never

/**
 * The sampler that OTEL_TRACES_SAMPLER and its _ARG name. The SDK's own way to it is not public.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 */
export function samplerFromEnv(): Sampler {
  const { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler } = peers.sdk()
  const { getNumberFromEnv, getStringFromEnv } = peers.core()
  const roots: Readonly<Record<string, () => Sampler>> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio(getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG'))),
  }
  const name = getStringFromEnv('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const root = roots[name.replace(/^parentbased_/, '')]
  if (root === undefined) {
    reportFault(`OTEL_TRACES_SAMPLER names ${name}, which is not known: parentbased_always_on is used`)
    return new ParentBasedSampler({ root: new AlwaysOnSampler() })
  }
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root: root() }) : root()
}

function ratio(given: number | undefined): number {
  if (given !== undefined && given >= 0 && given <= 1) return given
  if (given !== undefined) reportFault('OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1: 1 is used')
  return 1
}
