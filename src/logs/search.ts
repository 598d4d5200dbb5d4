import type { SearchRequest } from './query.js'
import { isoTime } from './time.js'
import type { LogEntry } from './types.js'

/** Whether an entry is what a search is for. Every store asks this of each line at last, whatever it has sifted out before. */
export function matches({ line, service, severity, traceId }: LogEntry, search: SearchRequest): boolean {
  if (search.minSeverity !== undefined && (severity?.number ?? 0) < search.minSeverity) return false
  if (search.service !== undefined && service !== search.service) return false
  if (search.traced && traceId === undefined) return false
  return search.text === undefined || (typeof search.text === 'string' ? line.includes(search.text) : search.text.test(line))
}

/** What a source adds to the verdict where there are more lines than the limit. */
export function limitReached(limit: number): { code: string; message: string } {
  return { code: 'LIMIT_REACHED', message: `these are the newest ${limit}; raise the limit, or narrow the window` }
}

/** Of lines that a search with `traces` holds. */
const maxHeld = 100_000

/** The newest lines of a search, taken from the end of its window on until there are enough of them. */
export class Newest {
  readonly #limit: number
  readonly #traces: number
  #held: LogEntry[] = []
  readonly #seen = new Set<string>()

  /** @returns `undefined` where a search wants all lines */
  static of({ limit, traces }: SearchRequest): Newest | undefined {
    return limit === undefined && traces === undefined ? undefined : new Newest(limit ?? maxHeld, traces ?? Number.POSITIVE_INFINITY)
  }

  private constructor(limit: number, traces: number) {
    this.#limit = limit
    this.#traces = traces
  }

  /** Takes the lines of a part that lies before all those that it has, in time order. */
  async take(part: Iterable<LogEntry> | AsyncIterable<LogEntry>): Promise<void> {
    const found: LogEntry[] = []
    for await (const entry of part) {
      found.push(entry)
      // Of a part that holds far more than are wanted only the newest stay.
      if (found.length > 2 * this.#limit) found.splice(0, found.length - this.#limit - 1)
    }
    for (const { traceId } of found) if (traceId !== undefined) this.#seen.add(traceId)
    this.#held = [...found, ...this.#held]
  }

  /**
   * Why to look no further back; `undefined` where it has to go on.
   *
   * @param from - how far back it was looked so far; @param start - of the window
   */
  enough(from: bigint, start: bigint): { code: string; message: string } | undefined {
    if (this.#held.length > this.#limit) return limitReached(this.#limit)
    if (from <= start || this.#seen.size <= this.#traces) return undefined
    return {
      code: 'LIMIT_REACHED',
      message: `lines before ${isoTime(from)} were not asked for: those since are of ${this.#seen.size} traces`,
    }
  }

  get entries(): readonly LogEntry[] {
    return this.#held.slice(-this.#limit)
  }
}
