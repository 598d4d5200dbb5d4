import { unexpected } from '../../errors.js'
import type { SamplerOrRate } from './sampler.js'

/** @throws SpanlogError INVALID_OPTION */
export function checkRate(name: string, value: unknown): void {
  if (!(typeof value === 'number' && value >= 0 && value <= 1)) throw unexpected(name, 'a share from 0 to 1', value)
}

/** @throws SpanlogError INVALID_OPTION */
export function checkSamplerOrRate(name: string, value: SamplerOrRate): void {
  if (typeof value === 'object' && typeof value?.shouldSample === 'function') return
  if (!(typeof value === 'number' && value >= 0 && value <= 1)) throw unexpected(name, 'a share from 0 to 1, or a sampler', value)
}

/** @throws SpanlogError INVALID_OPTION */
export function checkPositive(name: string, value: unknown): void {
  if (!(typeof value === 'number' && value > 0 && Number.isFinite(value))) throw unexpected(name, 'a positive number', value)
}

/** @throws SpanlogError INVALID_OPTION */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw unexpected(name, 'a function', value)
}

/** @throws SpanlogError INVALID_OPTION */
export function checkSampler(name: string, value: unknown): void {
  const isSampler = typeof value === 'object' && value !== null && 'shouldSample' in value && typeof value.shouldSample === 'function'
  if (!isSampler) throw unexpected(name, 'a sampler with `shouldSample`', value)
}
