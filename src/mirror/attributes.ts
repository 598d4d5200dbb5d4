import type { Attributes, AttributeValue } from '@opentelemetry/api'
import type { WrittenLine } from './line.js'

const maxTextLength = 4096
const maxStackLength = 16_384
const maxKeys = 64
const maxDepth = 6
const maxItems = 128

/** What a line's attributes never exceed: the fields, that some are missing, severity and exception; characters of one but the stack. */
export const mostAttributes = maxKeys + 6
export const mostText = maxTextLength

/** A text of bounded length; an ellipsis shows where it was cut. */
export function cut(text: string, length = maxTextLength): string {
  if (text.length <= length) return text
  // A copy: a slice would keep the whole text in memory, as long as the span.
  return Buffer.from(`${text.slice(0, length - 1)}…`, 'utf16le').toString('utf16le')
}

/**
 * The fields of a line as attributes: nested objects by dotted keys, arrays of one primitive type as they are, other arrays and
 * what lies too deep as JSON. Bounded in keys, depth and length; `spanlog.fields_cut` says that keys are missing.
 */
export function flatten(fields: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Attributes = {}
  // Counts what is looked at, not what is kept, so that a cycle or a huge object ends as well.
  let left = maxKeys
  const visit = (object: object, prefix: string, depth: number): void => {
    for (const key of Object.keys(object)) {
      if (left-- <= 0) return
      const value = (object as Record<string, unknown>)[key]
      const name = prefix + key
      const nested = depth < maxDepth && isPlainObject(value)
      if (nested && Object.keys(value).length > 0) {
        visit(value, `${name}.`, depth + 1)
        continue
      }
      const attribute = attributeValue(value)
      // OpenTelemetry has no attribute without a name; the other is the one whose assignment is no property.
      if (attribute !== undefined && name !== '' && name !== '__proto__') attributes[cut(name, 256)] = attribute
    }
  }
  visit(fields, '', 1)
  if (left < 0) attributes['spanlog.fields_cut'] = true
  return attributes
}

/** @see https://opentelemetry.io/docs/specs/semconv/exceptions/ */
export function exceptionAttributes({ type, message, stack }: NonNullable<WrittenLine['error']>): Record<string, string> {
  return {
    ...(type !== undefined && { 'exception.type': cut(type) }),
    ...(message !== undefined && { 'exception.message': cut(message) }),
    ...(stack !== undefined && { 'exception.stacktrace': cut(stack, maxStackLength) }),
  }
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function attributeValue(value: unknown): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return cut(value)
    case 'number':
    case 'boolean':
      return value
    case 'bigint':
      return String(value)
    case 'object':
      return isPrimitiveArray(value)
        ? (value.map((item) => (typeof item === 'string' ? cut(item) : item)) as AttributeValue)
        : jsonText(value)
    default:
      return undefined
  }
}

function isPrimitiveArray(value: object | null): value is (string | number | boolean)[] {
  if (!Array.isArray(value) || value.length > maxItems) return false
  const type = typeof value[0]
  return (value.length === 0 || type === 'string' || type === 'number' || type === 'boolean') && value.every((item) => typeof item === type)
}

function jsonText(value: object | null): string | undefined {
  if (value instanceof Error) return cut(value.message)
  try {
    const json = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))
    if (json === undefined) return undefined
    // A date and the like is a text in JSON already, and needs no second pair of quotes.
    return cut(json.startsWith('"') ? (JSON.parse(json) as string) : json)
  } catch {
    return '[not serializable]'
  }
}
