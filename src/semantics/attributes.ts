import type { Attributes, AttributeValue } from '@opentelemetry/api'

/** Attributes without those that have no value. */
export function present(given: Readonly<Record<string, AttributeValue | undefined>>): Attributes {
  const attributes: Attributes = {}
  for (const [key, value] of Object.entries(given)) if (value !== undefined) attributes[key] = value
  return attributes
}
