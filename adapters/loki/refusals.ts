import { isoToUnixNano } from '../../src/logs/time.js'
import { type Entry, lineOf, timeOf } from './entry.js'

/**
 * What Loki said of lines that it refused, so that not each of a million lines that are too old has to be asked about by itself. It holds for a
 * minute: limits are changed, and a stream that Loki has put away takes lines that were too far behind.
 */
export class Refusals {
  /** By stream: what is older is refused. */
  readonly #oldest = new Map<string, Limit<bigint>>()
  #longest: Limit<number> | undefined

  /** @param why - Loki's answer to a push of this entry alone */
  learn({ labels }: Entry, why: string): void {
    // By a clock that nobody sets.
    const until = performance.now() + holdsMs
    const [, time = ''] = /oldest acceptable timestamp is: (\S+Z)/.exec(why) ?? []
    const oldest = isoToUnixNano(time)
    if (oldest !== undefined) {
      // Streams of other processes come by their spools as well.
      if (this.#oldest.size >= mostStreams) this.#oldest.clear()
      this.#oldest.set(labels, { value: oldest, until })
    }
    const [, bytes] = /max entry size '?(\d+)'? bytes/.exec(why) ?? []
    if (bytes !== undefined) this.#longest = { value: Number(bytes), until }
  }

  covers(entry: Entry): boolean {
    const oldest = current(this.#oldest.get(entry.labels))
    if (oldest !== undefined && timeOf(entry) < oldest) return true
    const longest = current(this.#longest)
    return longest !== undefined && entry.value.length > longest && Buffer.byteLength(lineOf(entry)) > longest
  }
}

interface Limit<T> {
  readonly value: T
  readonly until: number
}

const holdsMs = 60_000
const mostStreams = 1_000

function current<T>(limit: Limit<T> | undefined): T | undefined {
  return limit !== undefined && performance.now() < limit.until ? limit.value : undefined
}

/** A name for the cause: one warning each. */
export function kindOfRefusal(why: string): string {
  if (/too far behind|too old/.test(why)) return 'are too old for it'
  if (/too new/.test(why)) return 'are of the future'
  if (/max entry size|answered 413|larger than max/.test(why)) return 'are too long'
  return 'it finds wrong'
}
