import { SpanlogError } from '../errors.js'
import { isoTime } from './time.js'
import type { Window } from './window.js'

/** @throws SpanlogError QUERY_TOO_EXPENSIVE where the estimate is more than the caller allows */
export function refuseCost(store: string, bytes: number, maxBytes: number | undefined, place: string, { from, provenTo }: Window): void {
  if (maxBytes === undefined || bytes <= maxBytes) return
  const estimated = `${store} estimates ${bytesText(bytes)} to read for ${place} from ${isoTime(from)} to ${isoTime(provenTo)}`
  throw new SpanlogError('QUERY_TOO_EXPENSIVE', `${estimated}, more than the ${bytesText(maxBytes)} of maxBytes`)
}

const byteUnits = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** `1.5 GB`: powers of a thousand, to two digits. */
export function bytesText(bytes: number): string {
  const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${byteUnits[power] ?? ''}`
}
