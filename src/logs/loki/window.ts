import type { QueryForm } from './logql.js'
import type { LokiReader } from './reader.js'

const hour = 3_600_000_000_000n
const reaches = [3n * hour, 24n * hour, 168n * hour]
/** A trace does not fall silent for so long: where nothing is found for an hour before its first line, it begins there. */
const silence = hour

/** Loki reads numbers of ten digits or fewer as seconds. */
export const earliestNano = 10_000_000_000n

/**
 * Where to begin when the caller does not say: 3 hours, a day or a week before the end, the first of them that has an hour without a
 * line of the trace before its first one; a week if none is found at all. Not further than Loki looks back.
 */
export async function findStart(reader: LokiReader, forms: readonly QueryForm[], to: bigint, bound: bigint): Promise<bigint> {
  let start = to
  let first: bigint | undefined
  for (const reach of reaches) {
    const end = start
    start = to - reach < bound ? bound : to - reach
    if (start >= end) return end
    const pages = await Promise.all(forms.map(({ query }) => reader.page(query, start, end, 1)))
    const times = pages.flatMap(({ lines }) => lines).map(({ timeUnixNano }) => timeUnixNano)
    first = times.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined) ?? first
    if (first !== undefined && first - start >= silence) return start
  }
  return start
}
