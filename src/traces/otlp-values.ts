import { unexpected } from '../errors.js'

/**
 * The pieces of OTLP in JSON, in both of its spellings: OTLP/JSON (hex IDs, enums as numbers) and protobuf's own mapping (base64 IDs,
 * enums by name). In both, 64-bit numbers are strings and what has its default value may be absent.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 * @see https://protobuf.dev/programming-guides/json/
 */
export type Json = Record<string, unknown>

/** @throws SpanlogError SPAN_MALFORMED, as all below */
export function object(name: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(name, 'an object', value)
  return value as Json
}

/** Absent means empty. */
export function list(name: string, value: unknown): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw malformed(name, 'an array', value)
  return value
}

/** Absent means empty. */
export function text(name: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw malformed(name, 'a string', value)
  return value
}

/** An ID as lower-case hex digits, empty where there is none. IDs of 64 bits stand for themselves with zeros before them. */
export function hexId(name: string, value: unknown, digits: 16 | 32): string {
  const given = text(name, value)
  const hex = /^[A-Za-z0-9+/]+={1,2}$/.test(given) ? Buffer.from(given, 'base64').toString('hex') : given.toLowerCase()
  if (hex === '') return hex
  if (!/^[0-9a-f]+$/.test(hex) || (hex.length !== digits && hex.length !== 16))
    throw malformed(name, `${digits} hex digits, or the same in base64`, value)
  return hex.padStart(digits, '0')
}

/** An ID in hex of any length up to its own, as Jaeger and Zipkin write those of 64 bits; empty where there is none. */
export function paddedId(name: string, value: unknown, digits: 16 | 32): string {
  const hex = text(name, value).toLowerCase()
  if (hex === '') return hex
  if (!/^[0-9a-f]+$/.test(hex) || hex.length > digits) throw malformed(name, `at most ${digits} hex digits`, value)
  return hex.padStart(digits, '0')
}

/** The service's name, as OpenTelemetry writes that of one without. */
export function serviceOf(name: unknown): string {
  return typeof name === 'string' && name !== '' ? name : 'unknown_service'
}

/** Nanoseconds from whole microseconds. */
export function microseconds(name: string, value: unknown): bigint {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof digits !== 'string' || !/^\d{1,17}$/.test(digits)) throw malformed(name, 'whole microseconds', value)
  return BigInt(digits) * 1000n
}

/** Nanoseconds since the epoch; 0 where absent, as protobuf has it. */
export function unixNano(name: string, value: unknown): bigint {
  const nanos = value ?? 0
  const digits = typeof nanos === 'number' && Number.isSafeInteger(nanos) ? String(nanos) : nanos
  if (typeof digits !== 'string' || !/^\d{1,20}$/.test(digits))
    throw malformed(name, 'nanoseconds since the epoch, as a string of digits', value)
  return BigInt(digits)
}

/** An enum's value by number or by name; the first where absent. */
export function enumValue<T extends string>(name: string, value: unknown, prefix: string, values: readonly (readonly [string, T])[]): T {
  const given = value ?? 0
  const found = typeof given === 'number' ? values[given] : values.find(([known]) => prefix + known === given)
  if (found === undefined)
    throw malformed(name, `0 to ${values.length - 1} or one of ${values.map(([known]) => prefix + known).join(', ')}`, value)
  return found[1]
}

/**
 * Attributes as a record of JSON values. What JSON's numbers cannot hold stays the string that OTLP has: integers past 2^53, `NaN` and
 * the infinities. Bytes stay base64.
 */
export function attributes(name: string, value: unknown): Json {
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(
    list(name, value).map((item, i) => {
      const pair = object(`${name}[${i}]`, item)
      const key = text(`${name}[${i}].key`, pair['key'])
      return [key, anyValue(`${name}.${key}`, pair['value'])]
    }),
  )
}

// Deeper ones are an attack or a mistake, and recursion has to end somewhere.
const maxDepth = 64

/** One value; `null` where it is absent, or of a kind that OTLP has since invented. */
function anyValue(name: string, value: unknown, depth = 0): unknown {
  if (value === undefined || value === null) return null
  if (depth > maxDepth) throw malformed(name, `nested at most ${maxDepth} deep`, value)
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = object(name, value)
  if (stringValue !== undefined) return text(name, stringValue)
  if (boolValue !== undefined) {
    if (typeof boolValue !== 'boolean') throw malformed(name, 'a boolean', boolValue)
    return boolValue
  }
  if (intValue !== undefined) return integer(name, intValue)
  if (doubleValue !== undefined) return double(name, doubleValue)
  if (bytesValue !== undefined) return text(name, bytesValue)
  if (arrayValue !== undefined) return list(name, object(name, arrayValue)['values']).map((item) => anyValue(name, item, depth + 1))
  if (kvlistValue !== undefined) {
    return Object.fromEntries(
      list(name, object(name, kvlistValue)['values']).map((item) => {
        const pair = object(name, item)
        return [text(name, pair['key']), anyValue(name, pair['value'], depth + 1)]
      }),
    )
  }
  return null
}

/** A number where it can hold the integer, else its digits. */
export function integer(name: string, value: unknown): number | string {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof digits !== 'string' || !/^-?\d{1,19}$/.test(digits)) throw malformed(name, 'an integer of 64 bits', value)
  const number = Number(digits)
  // The sum makes -0 a 0: JSON would not bring it back.
  return Number.isSafeInteger(number) ? number + 0 : digits
}

export function double(name: string, value: unknown): number | string {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) throw malformed(name, 'a number', value)
  return number + 0
}

export function malformed(name: string, expectation: string, received: unknown): Error {
  return unexpected(name, expectation, received, 'SPAN_MALFORMED')
}
