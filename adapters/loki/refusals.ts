import { isoToUnixNano } from '../../src/logs/time.js'
import { type Entry, lineOf, timeOf } from './entry.js'

/**
 * What Loki said of lines that it refused, so that not each of a million lines that are too old has to be asked about by itself.
 */
export class Refusals {
  /** By stream: what is older is refused. */
  readonly #oldest = new Map<string, bigint>()
  #maxLineBytes = Number.POSITIVE_INFINITY

  /** @param why - Loki's answer to a push of this entry alone */
  learn({ labels }: Entry, why: string): void {
    const [, time = ''] = /oldest acceptable timestamp is: (\S+Z)/.exec(why) ?? []
    const oldest = isoToUnixNano(time)
    if (oldest !== undefined) this.#oldest.set(labels, oldest)
    const [, bytes] = /max entry size '?(\d+)'? bytes/.exec(why) ?? []
    if (bytes !== undefined) this.#maxLineBytes = Number(bytes)
  }

  covers(entry: Entry): boolean {
    const oldest = this.#oldest.get(entry.labels)
    if (oldest !== undefined && timeOf(entry) < oldest) return true
    return entry.value.length > this.#maxLineBytes && Buffer.byteLength(lineOf(entry)) > this.#maxLineBytes
  }
}

/** A name for the cause: one warning each. */
export function kindOfRefusal(why: string): string {
  if (/too far behind|too old/.test(why)) return 'are too old for it'
  if (/too new/.test(why)) return 'are of the future'
  if (/max entry size|answered 413|larger than max/.test(why)) return 'are too long'
  return 'it finds wrong'
}
