import { SpanlogError } from '../../errors.js'
import { partsOf, type Stretch, stepFor } from './plan.js'
import { joined, type LokiReader, type Page, type Patience } from './reader.js'
import { Sweep } from './sweep.js'

/** How a window begins. */
export interface Opening {
  from: bigint
  to: bigint
  first: Page
  /** None where the page proves itself. */
  steps: Stretch[]
  /** Why there are no counts although they are needed. */
  failure?: SpanlogError
}

/** A longer window that takes Loki too long is asked for in halves. */
const leastSlowNano = 60_000_000_000n

/**
 * The windows that make up `[from, to)`, each with its first page, and its counts where that does not prove itself. One that takes Loki
 * longer than a request may last is halved, and so is all that is behind it.
 *
 * ```
 * |-------------------------------|   too slow
 * |---------------|                   too slow
 * |-------|-------|-------|-------|
 * ```
 */
export async function* openings(reader: LokiReader, query: string, from: bigint, to: bigint): AsyncGenerator<Opening> {
  let longest = to - from
  for (const part of partsOf(from, to, reader.limits)) {
    for (let start = part.from; start < part.to; ) {
      const end = start + longest < part.to ? start + longest : part.to
      start = yield* new Opener(reader, query, end).open(start)
      if (start < end) longest = (end - start + 1n) / 2n
    }
  }
}

class Opener {
  readonly #reader: LokiReader
  readonly #query: string
  readonly #to: bigint

  constructor(reader: LokiReader, query: string, to: bigint) {
    this.#reader = reader
    this.#query = query
    this.#to = to
  }

  /** @returns how far it came: less than to the end where Loki took too long */
  async *open(from: bigint): AsyncGenerator<Opening, bigint> {
    const to = this.#to
    const first = await unlessTooSlow(from, to, (patience) => this.#reader.page(this.#query, from, to, patience))
    if (first === undefined) return from
    const sweep = Sweep.behind(first, from, to, this.#reader.limits.maxEntries)
    if (!first.whole && sweep !== undefined) return yield* this.#swept(from, first, sweep)
    const opening = first.whole ? { from, to, first, steps: [] } : await this.#counted(from, to, first)
    if (opening === undefined) return from
    yield opening
    return to
  }

  /**
   * Only what the first page holds is counted, and behind it are windows that are expected to hold less than a page: as long as the
   * statistics prove these, nobody has to read all lines once more to count them. One that they do not prove is counted; where the next
   * one is not proven either, all that is left is.
   *
   * ```
   * first page  |=====5000|.....................|
   * counts      |5|31|..|9|                         at the same time as the first windows
   * windows               |--3990--|--4012--|...|
   * ```
   */
  async *#swept(from: bigint, first: Page, sweep: Sweep): AsyncGenerator<Opening, bigint> {
    const { begin, gridMs } = sweep
    const known = { ...first, lines: first.lines.filter(({ timeUnixNano }) => timeUnixNano < begin) }
    const counting = this.#counted(from, begin, known, gridMs)
    const ahead: { from: bigint; to: bigint; page: Promise<Page> }[] = []
    const fill = (): void => {
      while (ahead.length < maxAhead && sweep.at < this.#to) {
        const window = sweep.next()
        ahead.push({ ...window, page: this.#pageAhead(window.from, window.to) })
      }
    }
    fill()
    const opening = await counting
    if (opening === undefined) return from
    yield opening
    let isDoubtful = false
    for (let window = ahead.shift(); window !== undefined; window = ahead.shift()) {
      const page = await window.page
      const isLost = isDoubtful && !page.whole
      if (!isLost) {
        sweep.adapt(window.from, window.to, page)
        fill()
      }
      const held = isLost ? joined([page, ...(await Promise.all(ahead.map((later) => later.page)))]) : page
      const to = isLost ? this.#to : window.to
      const next = page.whole ? { from: window.from, to, first: page, steps: [] } : await this.#counted(window.from, to, held, gridMs)
      if (next === undefined) return window.from
      yield next
      if (isLost) break
      isDoubtful = !page.whole
    }
    return this.#to
  }

  /** A window whose lines are counted, at most `gridMs` at once; `undefined` where that takes Loki too long. */
  async #counted(from: bigint, to: bigint, first: Page, gridMs = Number.POSITIVE_INFINITY): Promise<Opening | undefined> {
    const stepMs = Math.min(stepFor(from, to), gridMs)
    try {
      const steps = await unlessTooSlow(from, to, (patience) => this.#reader.counts(this.#query, from, to, stepMs, patience))
      return steps && { from, to, first, steps }
    } catch (error) {
      if (!(error instanceof SpanlogError)) throw error
      return { from, to, first, steps: [], failure: error }
    }
  }

  /** Nothing, and nothing proven, where there is no answer: it is asked for again when its turn comes. */
  async #pageAhead(from: bigint, to: bigint): Promise<Page> {
    try {
      return await this.#reader.page(this.#query, from, to, { timeoutRetries: 0 })
    } catch {
      return joined([])
    }
  }
}

const maxAhead = 4

async function unlessTooSlow<T>(from: bigint, to: bigint, ask: (patience: Patience) => Promise<T>): Promise<T | undefined> {
  const isLong = to - from > leastSlowNano
  try {
    // Sent again it would be as slow.
    return await ask(isLong ? { timeoutRetries: 0 } : {})
  } catch (error) {
    if (isLong && error instanceof SpanlogError && error.code === 'LOKI_TIMEOUT') return undefined
    throw error
  }
}
