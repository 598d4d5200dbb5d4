import type { LokiLine } from './answers.js'
import { halvingPattern } from './halves.js'
import { inOrder } from './in-order.js'
import { halves } from './logql.js'
import { type Opening, openings } from './openings.js'
import { finestNano, joinUpTo, type Stretch, settledBy, stepWithin } from './plan.js'
import { distinct, type LokiReader, type Page } from './reader.js'

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
/** How many parts of lines are asked for, for one query, where Loki counts copies of lines. */
const maxDivisions = 256

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
 * A window that takes Loki longer than a request may last is halved, and so are those behind it.
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
  const settler = new Settler(reader, query, report)
  for await (const opening of openings(reader, query, from, to)) yield* settler.window(opening)
}

class Settler {
  readonly #reader: LokiReader
  readonly #query: string
  readonly #report: (gap: Gap) => void
  #recounts = maxRecounts
  #divisions = maxDivisions
  #hasCopies = false
  /** The lines of the window at hand, proven without counts, where that was needed and possible. */
  #proven: Promise<LokiLine[] | undefined> | undefined
  #windowByText: (() => Promise<LokiLine[] | undefined>) | undefined

  constructor(reader: LokiReader, query: string, report: (gap: Gap) => void) {
    this.#reader = reader
    this.#query = query
    this.#report = report
  }

  async *window({ from, to, first, steps, failure }: Opening): AsyncGenerator<Batch> {
    this.#hasCopies ||= first.duplicates > 0
    if (first.whole || failure !== undefined) {
      yield { to, lines: first.lines }
      if (failure !== undefined) throw failure
      return
    }
    // The grid may reach over both ends of the window.
    const within = (batch: Batch): Batch => ({
      to: batch.to < to ? batch.to : to,
      lines: batch.lines.filter(({ timeUnixNano }) => timeUnixNano >= from && timeUnixNano < to),
    })
    let atHand = first.lines
    this.#proven = undefined
    try {
      const counted = steps.reduce((sum, { count }) => sum + count, 0)
      this.#windowByText = async () => {
        const parts = await this.#byText(this.#query, from, to, first)
        return explains(parts, counted) ? parts.lines : undefined
      }
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

  async #page(query: string, from: bigint, to: bigint): Promise<Page> {
    const page = await this.#reader.page(query, from, to)
    this.#hasCopies ||= page.duplicates > 0
    return page
  }

  /** All lines of one stretch. */
  async #settle(stretch: Stretch): Promise<Batch> {
    const { from, to, count } = stretch
    const copied = this.#proven === undefined ? undefined : await this.#withoutCopies(stretch)
    if (copied !== undefined) return copied
    const fits = count <= this.#reader.limits.maxEntries
    let atHand: LokiLine[] = []
    if (fits) {
      const page = await this.#page(this.#query, from, to)
      const { lines } = page
      if (lines.length === count || explains(page, count)) return { to, lines }
      const uncounted = lines.length < count ? await this.#withoutCopies(stretch) : undefined
      if (uncounted !== undefined) return uncounted
      if (this.#recounts-- <= 0) return this.#short({ from, to, held: lines.length, counted: count }, lines)
      atHand = lines
    }
    if (to - from <= finestNano) return this.#settleFinest(stretch)
    const steps = await this.#reader.counts(this.#query, from, to, stepWithin(stretch))
    // Halves, so that a window that came short is not asked for again as it was.
    const total = steps.reduce((sum, step) => sum + step.count, 0)
    const cap = fits ? Math.max(1, Math.ceil(total / 2)) : this.#reader.limits.maxEntries
    const parts: LokiLine[][] = []
    for await (const batch of inOrder(joinUpTo(steps, cap), (part) => this.#settle(part))) parts.push(batch.lines)
    return this.#confirmed(from, to, parts.flat(), atHand)
  }

  /** One millisecond, below which Loki does not count: its parts must add up to its count. */
  async #settleFinest({ from, to, count }: Stretch): Promise<Batch> {
    let lines = await this.#cut(from, to, 'full')
    if (lines.length === count) return { to, lines }
    const [step] = await this.#reader.counts(this.#query, from, to, 1)
    const counted = step?.count ?? 0
    const copied = lines.length < counted ? await this.#withoutCopies({ from, to }) : undefined
    if (copied !== undefined) return copied
    if (lines.length < counted) lines = distinct([...lines, ...(await this.#cut(from, to, 'unproven'))])
    return lines.length === counted ? { to, lines } : this.#short({ from, to, held: lines.length, counted }, lines)
  }

  /**
   * A page that is full is asked for again in three parts: before its last instant, at it, and after it; and one nanosecond by what the
   * lines say. Every page that the statistics do not prove is cut only where the full ones were not enough: they also count lines
   * outside the window, so inside a dense trace they prove nothing, however finely it is cut.
   */
  async #cut(from: bigint, to: bigint, what: 'full' | 'unproven'): Promise<LokiLine[]> {
    const { lines, whole } = await this.#page(this.#query, from, to)
    const isFull = lines.length >= this.#reader.limits.maxEntries
    const isDone = what === 'full' ? !isFull : whole || this.#recounts-- <= 0
    if (isDone) return lines
    if (to - from === 1n) return distinct(await this.#divide(this.#query, from, lines))
    const last = lines.at(-1)?.timeUnixNano ?? from + (to - from) / 2n
    const cuts = [from, last, last + 1n, to]
    const parts = [lines]
    for (const [index, end] of cuts.entries()) {
      const start = cuts[index - 1]
      if (start !== undefined && start < end) parts.push(await this.#cut(start, end, what))
    }
    return distinct(parts.flat())
  }

  /** The lines of one nanosecond that holds more than a page: two exact complements by a character, each divided again while full. */
  async #divide(query: string, at: bigint, sample: readonly LokiLine[]): Promise<LokiLine[]> {
    const pattern = halvingPattern(sample.map(({ line }) => line))
    if (pattern === undefined) return [...sample]
    const parts = [[...sample]]
    for (const half of halves(query, pattern)) {
      const { lines } = await this.#page(half, at, at + 1n)
      parts.push(lines.length < this.#reader.limits.maxEntries ? lines : await this.#divide(half, at, lines))
    }
    return parts.flat()
  }

  /**
   * A stretch of a window in which Loki counts copies of lines, of pushes that were sent again, which it leaves out of pages: there
   * counts prove nothing. `undefined` where it says nothing of copies, or the lines cannot be proven otherwise.
   */
  async #withoutCopies({ from, to }: Pick<Stretch, 'from' | 'to'>): Promise<Batch | undefined> {
    if (!this.#hasCopies) return undefined
    this.#proven ??= this.#windowByText?.()
    const proven = await this.#proven
    return proven && { to, lines: proven.filter(({ timeUnixNano }) => timeUnixNano >= from && timeUnixNano < to) }
  }

  /**
   * The lines of a window, divided by what they say until the statistics prove each part. Of the whole window, not of a stretch: the
   * statistics count the lines of a block, wherever in the window they stand. Not whole where that takes too many requests, or lines
   * cannot be told apart.
   */
  async #byText(query: string, from: bigint, to: bigint, page: Page): Promise<Page> {
    if (page.whole || this.#divisions <= 0) return page
    const pattern = halvingPattern(page.lines.map(({ line }) => line))
    if (pattern === undefined) return page
    const parts: Page = { lines: [], whole: true, duplicates: 0 }
    for (const half of halves(query, pattern)) {
      this.#divisions--
      const { lines, whole, duplicates } = await this.#byText(half, from, to, await this.#page(half, from, to))
      parts.lines = parts.lines.concat(lines)
      parts.whole &&= whole
      parts.duplicates += duplicates
    }
    return { ...parts, lines: distinct(parts.lines) }
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

/**
 * Whether a page is whole although another number was counted: its statistics prove it, and there are more lines, which arrived in
 * between, or Loki says that it left out the copies that it counted.
 */
function explains({ lines, whole, duplicates }: Page, count: number): boolean {
  return whole && duplicates >= count - lines.length
}
