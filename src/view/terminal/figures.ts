import { formatDuration } from './duration.js'

/** Milliseconds in the unit that a person would choose. */
export function msText(ms: number): string {
  return formatDuration(BigInt(Math.round(ms * 1e6)))
}

/** `+12.0ms`, `-3.00ms`. */
export function msChange(ms: number): string {
  return `${ms > 0 ? '+' : ''}${msText(ms)}`
}

/** `3.1 %`; no share that is some is `0 %`, and none that is not all `100 %`. */
export function shareText(share: number): string {
  const percent = share * 100
  if (percent > 0 && percent < 0.1) return '<0.1 %'
  if (percent > 99.9 && percent < 100) return '>99.9 %'
  return `${Number(percent.toFixed(percent < 10 ? 1 : 0))} %`
}

const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A line of bars, the highest full; what is absent is a gap, and what is 0 the lowest. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const top = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)
  return values
    .map((value) => (value === undefined ? ' ' : (levels[top === 0 ? 0 : Math.min(7, Math.ceil((value / top) * 8) - 1)] ?? levels[0])))
    .join('')
}

/** `2026-11-21 03:12:01 UTC`. */
export function timeText(unixNano: bigint): string {
  const date = new Date(Number(unixNano / 1_000_000n))
  return Number.isNaN(date.getTime()) ? `${unixNano} ns` : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `980 B`, `12.3 kB`: in powers of a thousand. */
export function bytesText(bytes: number): string {
  return bytes < 1e3
    ? `${bytes} B`
    : bytes < 1e6
      ? `${Number((bytes / 1e3).toPrecision(3))} kB`
      : `${Number((bytes / 1e6).toPrecision(3))} MB`
}
