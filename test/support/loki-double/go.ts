/** Go's ways of writing times and lengths of time, as far as Loki's answers show them. */

/** `959h50m1.396s`, as Go writes a `time.Duration`. */
export function goDuration(nanos: bigint): string {
  const seconds = nanos / 1_000_000_000n
  const fraction = (nanos % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  const tail = `${seconds % 60n}${fraction === '' ? '' : `.${fraction}`}s`
  const minutes = (seconds / 60n) % 60n
  const hours = seconds / 3600n
  return hours > 0n ? `${hours}h${minutes}m${tail}` : minutes > 0n ? `${minutes}m${tail}` : tail
}

const units: Readonly<Record<string, bigint>> = {
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
}

/** `30d1h`, `60s`, `7ms` in nanoseconds, as Prometheus reads a duration; throws its refusal of other units. */
export function promDuration(text: string): bigint {
  let nanos = 0n
  for (const [, count, unit = ''] of text.matchAll(/(\d+)([a-zµ]+)/g)) {
    const size = units[unit]
    if (size === undefined) throw new Error(`unknown unit "${unit}" in duration "${text}"`)
    nanos += BigInt(count ?? 0) * size
  }
  return nanos
}

/** Integers of ten digits or fewer are seconds, longer ones nanoseconds; decimals are seconds; else RFC 3339. */
export function lokiTime(name: string, text: string): bigint {
  if (/^-?\d+$/.test(text)) return BigInt(text) * (text.length <= 10 ? 1_000_000_000n : 1n)
  if (/^-?\d+\.\d+$/.test(text)) return BigInt(Math.round(Number(text) * 1000)) * 1_000_000n
  const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw new Error(`could not parse '${name}' parameter: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return BigInt(ms) * 1_000_000n
}
