import type { Sampler } from '@opentelemetry/sdk-trace-node'
import { probabilitySampler } from './sampling/probability.js'
import type { TailSamplingOptions } from './tail/options.js'

const rates = { development: 1, staging: 0.5, production: 0.1, 'high-traffic': 0.01, critical: undefined } as const

/** How much is kept, by the environment that the service runs in. */
export type SamplingPreset = keyof typeof rates

export const samplingPresets = Object.keys(rates) as SamplingPreset[]

/** A sampler, or what the tail sampler keeps. */
export function samplingOf(preset: SamplingPreset): { sampler?: Sampler; tailSampling?: TailSamplingOptions } {
  const rate = rates[preset]
  if (rate === undefined) return { tailSampling: { keep: ['errors', { probability: 0.01 }] } }
  return { sampler: probabilitySampler(rate) }
}
