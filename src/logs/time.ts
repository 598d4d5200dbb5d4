import { unexpected } from '../errors.js'

const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?)? ?(Z|[+-]\d\d:?\d\d)?$/i

/**
 * An ISO 8601 time in nanoseconds since the epoch; digits past the ninth are cut off. Without an offset it is read as UTC, the same
 * on every machine.
 */
export function isoToUnixNano(text: string): bigint | undefined {
  const found = iso.exec(text)
  if (found === null) return undefined
  const { 1: date = '', 2: time = '00:00', 3: fraction = '', 4: zone = 'Z' } = found
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase()
  const ms = Date.parse(`${date}T${time}${offset}`)
  if (Number.isNaN(ms)) return undefined
  return BigInt(ms) * 1_000_000n + BigInt(Number(fraction.slice(0, 9).padEnd(9, '0')))
}

/** Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by their size; a fraction is kept exactly. */
export function epochToUnixNano(text: string): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d{1,20})(?:\.(\d*))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = whole.replace(/^0+/, '').length
  const zeros = digits <= 11 ? 9 : digits <= 14 ? 6 : digits <= 17 ? 3 : 0
  return BigInt(whole + fraction.slice(0, zeros).padEnd(zeros, '0'))
}

/** The time that a field of a line holds, or `undefined` where it is none. */
export function fieldToUnixNano(value: unknown): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    return value < 1e11 ? BigInt(value) * 1_000_000_000n : value < 1e14 ? BigInt(value) * 1_000_000n : epochToUnixNano(String(value))
  }
  const text = String(value).trim()
  return epochToUnixNano(text) ?? isoToUnixNano(text)
}

const spanUnits: Readonly<Record<string, bigint>> = {
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
}
const expectation = 'an ISO 8601 time, nanoseconds since the epoch, or a span before now such as 30m, 2h or 7d'

/**
 * A time as a caller gives it: nanoseconds since the epoch (a bigint, or a text of at least 17 digits, since shorter ones are seconds
 * or milliseconds by mistake), a `Date`, ISO 8601, or a span before now such as `90s`, `30m`, `2h`, `7d`, `2w`.
 *
 * @param name - of the option, for the error
 * @param now - milliseconds since the epoch; pass the same for both ends of a window
 * @throws SpanlogError INVALID_TIME
 */
export function parseTime(name: string, value: unknown, now = Date.now()): bigint {
  if (typeof value === 'bigint' && value >= 0n) return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return BigInt(value.getTime()) * 1_000_000n
  if (typeof value === 'string') {
    const text = value.trim()
    const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
    const span = spanUnits[unit]
    if (count !== undefined && span !== undefined) return BigInt(now) * 1_000_000n - BigInt(count) * span
    if (/^(?:0|\d{17,19})$/.test(text)) return BigInt(text)
    const time = isoToUnixNano(text)
    if (time !== undefined) return time
  }
  throw unexpected(name, expectation, value instanceof Date ? 'Invalid Date' : value, 'INVALID_TIME')
}

/** As ISO 8601 has it, in UTC, without zeros at the end of the fraction. */
export function isoTime(nano: bigint): string {
  const ms = nano / 1_000_000n
  const text = new Date(Number(ms)).toISOString().slice(0, -1)
  return `${text}${(nano % 1_000_000n).toString().padStart(6, '0')}`.replace(/\.?0+$/, '').concat('Z')
}
