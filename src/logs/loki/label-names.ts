import { SpanlogError } from '../../errors.js'
import type { LokiLine } from './answers.js'
import { narrowed, traceLabels } from './logql.js'
import type { LokiReader } from './reader.js'

/** How long names hold behind a line; doubled each time: nearly all traces are over by then, and a search goes on for days. */
const firstAheadNano = 3_600_000_000_000n

/** `undefined` where Loki does not tell: then all are labels. */
type Names = ReadonlySet<string> | undefined

/**
 * Tells labels from structured metadata, which Loki hands out in one record. Its own flag for telling them apart
 * (`categorize-labels`) is not to be used: under it Loki answers 200 with the lines it had when reading failed, or none, as if that were all.
 */
export class LabelNames {
  readonly #reader: LokiReader
  readonly #selector: string
  #aheadNano = firstAheadNano
  /** For lines of these times the names hold. */
  #from = 0n
  #to = 0n
  #names: Names
  /** Of a service's own streams, where some of the streams have a trace ID as a label: others' lines may have it as metadata. */
  readonly #ofService = new Map<string, Names>()
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
      this.#from = first
      this.#to = last + this.#aheadNano
      this.#aheadNano *= 2n
      this.#ofService.clear()
      this.#labels.clear()
      this.#names = await this.#ask(this.#selector)
    }
    const names = this.#names
    if (names === undefined) return [...lines]
    const isMixed = traceLabels.some((name) => names.has(name))
    const told: LokiLine[] = []
    for (const line of lines) {
      const own = isMixed ? await this.#namesOf(line.labels['service_name']) : names
      told.push({ ...line, ...this.#apart(line.labels, own ?? names) })
    }
    return told
  }

  /** `undefined` also where the service is no label of a stream. */
  async #namesOf(service = ''): Promise<Names> {
    if (service === '') return undefined
    if (!this.#ofService.has(service)) {
      const names = await this.#ask(narrowed(this.#selector, 'service_name', service))
      this.#ofService.set(service, names?.size === 0 ? undefined : names)
    }
    return this.#ofService.get(service)
  }

  async #ask(selector: string): Promise<Names> {
    try {
      return await this.#reader.labelNames(selector, this.#from, this.#to)
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
