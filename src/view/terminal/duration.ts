const small = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
] as const

/** Nanoseconds in the unit that a person would choose, to three digits: `850ns`, `12.3µs`, `1.20s`, `2m 03s`, `1h 02m`, `3d 04h`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatDuration(-nanoseconds)}`
  const value = Number(nanoseconds)
  if (value === 0) return '0s'
  for (const [unit, size] of small) {
    // Rounding may carry into the next unit: 999,999 ns is 1.00ms, not 1000µs.
    const rounded = Number((value / size).toPrecision(3))
    if (rounded < (unit === 's' ? 60 : 1000)) return size === 1 ? `${rounded}ns` : `${decimals(rounded)}${unit}`
  }
  const seconds = Math.round(value / 1e9)
  if (seconds < 3600) return pair(seconds, 60, 'm', 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return pair(minutes, 60, 'h', 'm')
  return pair(Math.round(minutes / 60), 24, 'd', 'h')
}

function decimals(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

function pair(value: number, size: number, large: string, rest: string): string {
  return `${Math.floor(value / size)}${large} ${String(value % size).padStart(2, '0')}${rest}`
}

/** A moment as the distance from the start of its trace: `+1.20s`. */
export function formatOffset(nanoseconds: bigint): string {
  return nanoseconds < 0n ? formatDuration(nanoseconds) : `+${formatDuration(nanoseconds)}`
}
