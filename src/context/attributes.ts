import { unexpected } from '../errors.js'

/** An object as an option has it: not an array, a `Map` or `Headers`, of which nobody would read the entries. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value)
}

/**
 * Refuses what an SDK would drop without a word, or an exporter not be able to write.
 *
 * @throws SpanlogError INVALID_OPTION
 * @see https://opentelemetry.io/docs/specs/otel/common/#attribute
 */
export function checkAttributes(name: string, attributes: unknown): void {
  if (attributes === undefined) return
  if (!isRecord(attributes)) throw unexpected(name, 'an object', attributes)
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && !(Array.isArray(value) ? value : [value]).every(isPlain))
      throw unexpected(`${name}['${key}']`, 'a string, a finite number, a boolean, or an array of these', value)
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}
