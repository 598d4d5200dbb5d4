import type { LokiLine } from './answers.js'
import { halvingPattern } from './halves.js'
import { halves } from './logql.js'
import { finestNano, joinUpTo, type Stretch, settledBy, stepFor, stepWithin } from './plan.js'
import { distinct, type LokiReader } from './reader.js'

/** The lines of a stretch of time that ends at `to` and begins where the one before it ended. */
export interface Batch {
  to: bigint
  lines: LokiLine[]
}

/** A stretch that did not give as many lines as Loki counts in it. */
export interface Gap {
  from: bigint
  to: bigint
  held: number
  counted: number
}

// How often the lines of one query are counted again because a page did not hold as many as were counted. A server that always cuts
// would otherwise be asked for each millisecond.
const maxRecounts = 64
const ahead = 4

/**
 * All lines that one log query finds in `[from, to)`, in batches by time. Conservation is the plan and the proof: a stretch is whole
 * when it gave as many lines as Loki counts in it. What stays short is reported as a gap.
 *
 * ```
 * page     |======5000|...............|    not proven by its statistics: count
 * counts   |12|0|4900|31|7000|0|...|9|     per step
 * at hand  |12|0|4900|                     whole as far as page and counts agree
 * windows             |31|7000|....|9|     neighbours joined up to the limit, each whole by its count
 * finer                  |3990|3010|       a step over the limit is counted again
 * ```
 *
 * See `docs/decisions/0003-loki-completeness.md`.
 */
export async function* gather(
  reader: LokiReader,
  query: string,
  from: bigint,
  to: bigint,
  report: (gap: Gap) => void,
): AsyncGenerator<Batch> {
  // Below the longest window that Loki takes, since a count looks one step further back.
  const longest = (reader.limits.maxLengthNano / 10n) * 9n
  const settler = new Settler(reader, query, report)
  for (let start = from; start < to; start += longest) {
    const end = start + longest < to ? start + longest : to
    yield* settler.window(start, end)
  }
}

class Settler {
  readonly #reader: LokiReader
  readonly #query: string
  readonly #report: (gap: Gap) => void
  #recounts = maxRecounts

  constructor(reader: LokiReader, query: string, report: (gap: Gap) => void) {
    this.#reader = reader
    this.#query = query
    this.#report = report
  }

  async *window(from: bigint, to: bigint): AsyncGenerator<Batch> {
    const first = await this.#reader.page(this.#query, from, to)
    if (first.whole) {
      yield { to, lines: first.lines }
      return
    }
    // The grid may reach over both ends of the window.
    const within = (batch: Batch): Batch => ({
      to: batch.to < to ? batch.to : to,
      lines: batch.lines.filter(({ timeUnixNano }) => timeUnixNano >= from && timeUnixNano < to),
    })
    let atHand = first.lines
    try {
      const steps = await this.#reader.counts(this.#query, from, to, stepFor(from, to))
      const times = atHand.map(({ timeUnixNano }) => timeUnixNano)
      const settled = settledBy(times, steps)
      let start = steps[settled.stretches - 1]?.to ?? from
      const whole = atHand.slice(0, settled.entries)
      atHand = atHand.slice(settled.entries)
      yield within({ to: start, lines: whole })
      const rest = joinUpTo(steps.slice(settled.stretches), this.#reader.limits.maxEntries)
      for await (const batch of inOrder(rest, (stretch) => this.#settle(stretch))) {
        const known = atHand.filter(({ timeUnixNano }) => timeUnixNano < batch.to)
        atHand = atHand.slice(known.length)
        yield within(this.#confirmed(start, batch.to, batch.lines, known))
        start = batch.to
      }
      if (atHand.length > 0) this.#short({ from: start, to, held: atHand.length, counted: 0 }, atHand)
    } catch (error) {
      yield within({ to, lines: atHand })
      throw error
    }
    yield within({ to, lines: atHand })
  }

  /** All lines of one stretch. */
  async #settle(stretch: Stretch): Promise<Batch> {
    const { from, to, count } = stretch
    const fits = count <= this.#reader.limits.maxEntries
    let atHand: LokiLine[] = []
    if (fits) {
      const { lines, whole } = await this.#reader.page(this.#query, from, to)
      // More lines than were counted arrived in between: the statistics must prove them.
      if (lines.length === count || (lines.length > count && whole)) return { to, lines }
      if (this.#recounts-- <= 0) return this.#short({ from, to, held: lines.length, counted: count }, lines)
      atHand = lines
    }
    if (to - from <= finestNano) return this.#settleFinest(stretch)
    const steps = await this.#reader.counts(this.#query, from, to, stepWithin(stretch))
    // Halves, so that a window that came short is not asked for again as it was.
    const total = steps.reduce((sum, step) => sum + step.count, 0)
    const cap = fits ? Math.max(1, Math.ceil(total / 2)) : this.#reader.limits.maxEntries
    const parts: LokiLine[] = []
    for await (const batch of inOrder(joinUpTo(steps, cap), (part) => this.#settle(part))) parts.push(...batch.lines)
    return this.#confirmed(from, to, parts, atHand)
  }

  /** One millisecond, below which Loki does not count: its parts must add up to its count. */
  async #settleFinest({ from, to, count }: Stretch): Promise<Batch> {
    let lines = await this.#cut(from, to, 'full')
    if (lines.length === count) return { to, lines }
    const [step] = await this.#reader.counts(this.#query, from, to, 1)
    const counted = step?.count ?? 0
    if (lines.length < counted) lines = distinct([...lines, ...(await this.#cut(from, to, 'unproven'))])
    return lines.length === counted ? { to, lines } : this.#short({ from, to, held: lines.length, counted }, lines)
  }

  /**
   * A page that is full is asked for again in three parts: before its last instant, at it, and after it; and one nanosecond by what the
   * lines say. Every page that the statistics do not prove is cut only where the full ones were not enough: they also count lines
   * outside the window, so inside a dense trace they prove nothing, however finely it is cut.
   */
  async #cut(from: bigint, to: bigint, what: 'full' | 'unproven'): Promise<LokiLine[]> {
    const { lines, whole } = await this.#reader.page(this.#query, from, to)
    const isFull = lines.length >= this.#reader.limits.maxEntries
    const isDone = what === 'full' ? !isFull : whole || this.#recounts-- <= 0
    if (isDone) return lines
    if (to - from === 1n) return distinct(await this.#divide(this.#query, from, lines))
    const last = lines.at(-1)?.timeUnixNano ?? from + (to - from) / 2n
    const cuts = [from, last, last + 1n, to]
    const parts = [...lines]
    for (const [index, end] of cuts.entries()) {
      const start = cuts[index - 1]
      if (start !== undefined && start < end) parts.push(...(await this.#cut(start, end, what)))
    }
    return distinct(parts)
  }

  /** The lines of one nanosecond that holds more than a page: two exact complements by a character, each divided again while full. */
  async #divide(query: string, at: bigint, sample: readonly LokiLine[]): Promise<LokiLine[]> {
    const pattern = halvingPattern(sample.map(({ line }) => line))
    if (pattern === undefined) return [...sample]
    const parts = [...sample]
    for (const half of halves(query, pattern)) {
      const { lines } = await this.#reader.page(half, at, at + 1n)
      parts.push(...(lines.length < this.#reader.limits.maxEntries ? lines : await this.#divide(half, at, lines)))
    }
    return parts
  }

  /** What an earlier page held must be there again: else the counts miss lines, and prove nothing. */
  #confirmed(from: bigint, to: bigint, settled: readonly LokiLine[], earlier: readonly LokiLine[]): Batch {
    const lines = distinct([...settled, ...earlier])
    return lines.length === settled.length ? { to, lines } : this.#short({ from, to, held: lines.length, counted: settled.length }, lines)
  }

  #short(gap: Gap, lines: LokiLine[]): Batch {
    this.#report(gap)
    return { to: gap.to, lines }
  }
}

/** Works on a few items at a time and yields the results in the order of the items. */
async function* inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = []
  for (let index = 0; index < items.length || begun.length > 0; ) {
    for (; index < items.length && begun.length < ahead; index++) {
      const result = work(items[index] as T)
      // One that fails while an earlier one is awaited is not unhandled: its turn comes, or nobody wants it any more.
      result.catch(() => {})
      begun.push(result)
    }
    yield await (begun.shift() as Promise<R>)
  }
}
