import { checkRate } from './checks.js'
import { samplerOf, type TraceSampler } from './sampler.js'

/**
 * Keeps a share of the traces that begin here, by OpenTelemetry's consistent probability: a service that keeps 1 % keeps traces which
 * one that keeps 10 % keeps as well, and `th` in the tracestate tells the backend how many traces each stands for. The SDK's
 * `TraceIdRatioBasedSampler` decides by other bits of the ID and is not compatible.
 *
 * @param rate - from 0 to 1
 * @throws SpanlogError INVALID_OPTION
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 * @example
 * ```ts
 * startTracing({ serviceName: 'orders', sampler: probabilitySampler(0.1) })
 * ```
 */
export function probabilitySampler(rate: number): TraceSampler {
  checkRate('rate', rate)
  return samplerOf(
    () => `probability(${rate})`,
    () => ({ probability: rate }),
  )
}
