import type { LogStats } from '../logs/index.js'
import { count } from '../view/count.js'

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** `980 B`, `1.2 MB`: in powers of a thousand. */
export function sizeText(bytes: number): string {
  let power = 0
  while (power < units.length - 1 && Number((bytes / 1000 ** power).toPrecision(3)) >= 1000) power++
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[power]}`
}

/** `--stats` for people: what the queries have cost. */
export function costText({ requests, retries, bytes, storeBytes, storeMs, estimatedBytes }: Readonly<LogStats>): string {
  const store = [
    ...(storeBytes > 0 ? [`${sizeText(storeBytes)} read by the store`] : []),
    ...(storeMs > 0 ? [`${Math.round(storeMs)} ms of its time`] : []),
    ...(estimatedBytes !== undefined ? [`${sizeText(estimatedBytes)} estimated`] : []),
  ]
  return [`${count(requests, 'request')}, ${retries} sent again`, `${sizeText(bytes)} received or read`, ...store].join(', ')
}

export function sumStats(all: readonly Readonly<LogStats>[]): LogStats {
  const sum = (of: (stats: Readonly<LogStats>) => number): number => all.reduce((total, stats) => total + of(stats), 0)
  const estimated = all.flatMap(({ estimatedBytes }) => estimatedBytes ?? [])
  const back = all
    .flatMap(({ lookedBackTo }) => lookedBackTo ?? [])
    .toSorted()
    .at(-1)
  return {
    requests: sum(({ requests }) => requests),
    retries: sum(({ retries }) => retries),
    bytes: sum(({ bytes }) => bytes),
    storeBytes: sum(({ storeBytes }) => storeBytes),
    storeMs: sum(({ storeMs }) => storeMs),
    // What one source has not seen yet is not known.
    ...(back !== undefined && { lookedBackTo: back }),
    ...(estimated.length > 0 && { estimatedBytes: estimated.reduce((a, b) => a + b, 0) }),
  }
}
