import { unexpected } from '../errors.js'

/** A number that is finite and not below a bound, or INVALID_OPTION. */
export function atLeast(name: string, value: number, bound: number): number {
  if (!Number.isFinite(value) || value < bound) throw unexpected(name, `a number from ${bound}`, value)
  return value
}

/** A number above 0 and finite, or INVALID_OPTION. */
export function positive(name: string, value: number): number {
  if (!Number.isFinite(value) || value <= 0) throw unexpected(name, 'a positive number', value)
  return value
}
