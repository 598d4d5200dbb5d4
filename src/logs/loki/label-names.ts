import { SpanlogError } from '../../errors.js'
import type { LokiLine } from './answers.js'
import type { LokiReader } from './reader.js'

/** Behind a line: nearly all traces are over by then. */
const aheadNano = 3_600_000_000_000n

/**
 * Tells labels from structured metadata, which Loki hands out in one record. Its own flag for telling them apart
 * (`categorize-labels`) is not to be used: under it Loki answers 200 with the lines it had when reading failed, or none, as if that were all.
 */
export class LabelNames {
  readonly #reader: LokiReader
  readonly #selector: string
  /** Up to here `#names` holds. */
  #to = 0n
  /** `undefined` where Loki does not tell: then all are labels. */
  #names: ReadonlySet<string> | undefined
  /** The same record for all lines of a stream. */
  readonly #labels = new Map<string, Record<string, string>>()

  constructor(reader: LokiReader, selector: string) {
    this.#reader = reader
    this.#selector = selector
  }

  /** @param lines - in the order of time, behind those of the call before */
  async tellApart(lines: readonly LokiLine[]): Promise<LokiLine[]> {
    const [first, last] = [lines[0]?.timeUnixNano ?? 0n, lines.at(-1)?.timeUnixNano ?? 0n]
    if (last >= this.#to) {
      this.#to = last + aheadNano
      this.#names = await this.#ask(first)
      this.#labels.clear()
    }
    const names = this.#names
    return names === undefined ? [...lines] : lines.map((line) => ({ ...line, ...this.#apart(line.labels, names) }))
  }

  async #ask(from: bigint): Promise<ReadonlySet<string> | undefined> {
    try {
      return await this.#reader.labelNames(this.#selector, from, this.#to)
    } catch (error) {
      // Not for their names are lines lost.
      if (error instanceof SpanlogError && error.code !== 'ABORTED') return undefined
      throw error
    }
  }

  #apart(both: Record<string, string>, names: ReadonlySet<string>): Pick<LokiLine, 'labels' | 'metadata'> {
    const labels: Record<string, string> = {}
    const metadata: Record<string, string> = {}
    let key = ''
    for (const [name, value] of Object.entries(both)) {
      if (names.has(name)) {
        labels[name] = value
        key += `${name}=${JSON.stringify(value)},`
      } else metadata[name] = value
    }
    const known = this.#labels.get(key)
    if (known === undefined) this.#labels.set(key, labels)
    return { labels: known ?? labels, metadata }
  }
}
