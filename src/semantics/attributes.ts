import type { Attributes, AttributeValue } from '@opentelemetry/api'

/** Attributes without those that have no value, or a number that no store takes. */
export function present(values: Readonly<Record<string, AttributeValue | null | undefined>>): Attributes {
  const attributes: Attributes = {}
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && !(typeof value === 'number' && !Number.isFinite(value))) attributes[key] = value
  }
  return attributes
}

/** What may be read of what a helper was given: they run in the midst of requests, and never throw. */
export function given<T extends object>(what: T | null | undefined): Partial<T> {
  return typeof what === 'object' && what !== null ? what : {}
}
