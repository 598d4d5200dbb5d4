import type { LogEntry, LogQuery, LogVerdict } from '../logs/index.js'
import { sumStats } from './costs.js'

/** What is needed of a query to read it. */
type ReadableQuery = Pick<LogQuery, typeof Symbol.asyncIterator | 'verdict' | 'stats'>

/**
 * Several queries as one, merged by time as they come: each is in time order already. A line without a time stays behind its
 * predecessor. A line that several of them hold comes once, and is counted once.
 */
export function mergeQueries(queries: readonly ReadableQuery[]): ReadableQuery {
  const copies = new Copies(queries.length)

  async function* read(): AsyncGenerator<LogEntry, void> {
    const readers = queries.map((query) => query[Symbol.asyncIterator]())
    try {
      const firsts = await Promise.all(readers.map((reader) => reader.next()))
      let heads = readers.map((reader, source) => ({ reader, source, next: firsts[source] as IteratorResult<LogEntry>, at: 0n }))
      for (;;) {
        heads = heads.filter(({ next }) => next.done !== true)
        for (const head of heads) head.at = (head.next.value as LogEntry).timeUnixNano ?? head.at
        // A handful of sources: a heap would not pay.
        const [first, ...others] = heads
        if (first === undefined) return
        const head = others.reduce((a, b) => (b.at < a.at ? b : a), first)
        const entry = head.next.value as LogEntry
        if (!copies.has(entry, head.source)) yield entry
        head.next = await head.reader.next()
      }
    } finally {
      await Promise.all(readers.map(async (reader) => reader.return?.()))
    }
  }

  return {
    [Symbol.asyncIterator]: read,
    get stats() {
      return sumStats(queries.map(({ stats }) => stats))
    },
    async verdict() {
      const whole = mergeVerdicts(await Promise.all(queries.map((query) => query.verdict())))
      return { ...whole, entries: whole.entries - copies.entries, mentions: whole.mentions - copies.mentions }
    },
  }
}

/**
 * Tells which lines another source has given: those of the same time and text. One that a source holds three times was written three
 * times, so of each as many come as the source has that holds most of it.
 */
class Copies {
  entries = 0
  mentions = 0
  readonly #sources: number
  #time: bigint | undefined
  /** Of the lines of that time, how often each came from any source, and from each one. */
  #given = new Map<string, number>()
  #held: Map<string, number>[] = []

  constructor(sources: number) {
    this.#sources = sources
  }

  has({ timeUnixNano, line, mention }: LogEntry, source: number): boolean {
    if (this.#sources === 1 || timeUnixNano === undefined) return false
    if (timeUnixNano !== this.#time) {
      this.#time = timeUnixNano
      this.#given = new Map()
      this.#held = []
    }
    const own = (this.#held[source] ??= new Map<string, number>())
    const held = (own.get(line) ?? 0) + 1
    own.set(line, held)
    if (held > (this.#given.get(line) ?? 0)) {
      this.#given.set(line, held)
      return false
    }
    this.entries++
    if (mention === true) this.mentions++
    return true
  }
}

/** One verdict for several sources: complete if all are, for the window that all of them looked at. */
function mergeVerdicts(verdicts: readonly LogVerdict[]): LogVerdict {
  const sum = (of: (verdict: LogVerdict) => number): number => verdicts.reduce((total, verdict) => total + of(verdict), 0)
  const from = verdicts
    .flatMap((verdict) => verdict.from ?? [])
    .reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined)
  const to = verdicts
    .flatMap((verdict) => verdict.to ?? [])
    .reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined)
  return {
    complete: verdicts.every((verdict) => verdict.complete),
    entries: sum((verdict) => verdict.entries),
    mentions: sum((verdict) => verdict.mentions),
    skipped: sum((verdict) => verdict.skipped),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    reasons: verdicts.flatMap((verdict) => verdict.reasons),
  }
}
