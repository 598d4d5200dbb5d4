import { SpanlogError } from '../../errors.js'
import type { Remote, RemoteRequest } from '../../remote/client.js'
import { compareEntries } from '../order.js'
import { isoTime } from '../time.js'
import { type Bucket, badAnswer, readBlockBytes, readBucket, readCount, readVictoriaLine, type VictoriaLine } from './answers.js'
import { within } from './logsql.js'

/** What one page may hold, so that memory stays bounded however large a trace is. */
const perPage = { lines: 5000, bytes: 8_000_000 } as const
/** Into how many steps a window is counted. */
const steps = 1000n
/** How many pages are asked for before they are read. */
const ahead = 3
/** A longer window that is too slow to count is counted in halves. */
const leastSlowNano = 3_600_000_000_000n
const path = '/select/logsql/query'

/** A stretch of time, `to` exclusive, and what VictoriaLogs counts in it. */
interface Stretch extends Bucket {
  to: bigint
}

/** Where VictoriaLogs gave fewer lines than it counts. */
interface Shortfall {
  from: bigint
  to: bigint
  given: number
  counted: number
}

/**
 * Reads the lines that a filter finds. VictoriaLogs answers in no order, and sorts in its own memory: so it is asked how many lines there
 * are in each step of the window, and then for as many steps at once as make a page, which is sorted here. The counts prove the pages.
 *
 * ```
 * counts  |  3 . . 4100 . 800 . 90000 . 2 |
 * pages   |  [------------]   []…[]  [--] |   what is too much for a page is counted in finer steps
 * ```
 */
export class VictoriaReader {
  readonly shortfalls: Shortfall[] = []
  readonly #remote: Remote
  readonly #request: Omit<RemoteRequest, 'form'>
  readonly #selector: string | undefined

  constructor(remote: Remote, selector: string | undefined, request: Pick<RemoteRequest, 'signal' | 'stats'>) {
    this.#remote = remote
    this.#selector = selector
    this.#request = { path, ...request }
  }

  /** In time order; `to` is exclusive. */
  async *lines(filter: string, from: bigint, to: bigint): AsyncGenerator<VictoriaLine> {
    const begun: Promise<VictoriaLine[]>[] = []
    for await (const stretch of this.#stretches(filter, from, to, 'oldest first')) {
      const page = this.#page(filter, stretch)
      // One that fails while an earlier one is awaited is not unhandled: its turn comes, or nobody wants it any more.
      page.catch(() => {})
      begun.push(page)
      if (begun.length === ahead) yield* await (begun.shift() as Promise<VictoriaLine[]>)
    }
    for (const page of begun) yield* await page
  }

  /** Page by page from the end, each in time order, with where it begins. */
  async *newest(filter: string, from: bigint, to: bigint): AsyncGenerator<{ from: bigint; lines: VictoriaLine[] }> {
    for await (const stretch of this.#stretches(filter, from, to, 'newest first')) {
      yield { from: stretch.from, lines: await this.#page(filter, stretch) }
    }
  }

  /** The bytes on disk of the blocks that the selector finds lines in; `undefined` where VictoriaLogs does not tell. */
  async estimate(from: bigint, to: bigint): Promise<number | undefined> {
    const sums = 'stats sum(values_bytes) as values, sum(dict_bytes) as dictionaries, sum(bloom_bytes) as blooms'
    try {
      const [json] = await this.#ask(`${within(from, to, '*')} | block_stats | ${sums}`, { timeoutRetries: 0 })
      return readBlockBytes(json)
    } catch (error) {
      if (isTooSlow(error) || (error instanceof SpanlogError && error.code === 'VICTORIALOGS_REFUSED')) return undefined
      throw error
    }
  }

  /** Whether the selector finds any line. */
  async findsAny(from: bigint, to: bigint): Promise<boolean> {
    const [json] = await this.#ask(`${within(from, to, '*')} | limit 1 | count() as lines`)
    return readCount(json) > 0
  }

  async *#stretches(filter: string, from: bigint, to: bigint, order: 'oldest first' | 'newest first'): AsyncGenerator<Stretch> {
    const step = (to - from + steps - 1n) / steps
    let counted: Stretch[]
    try {
      counted = await this.#counted(filter, from, to, step)
    } catch (error) {
      if (!isTooSlow(error) || to - from <= leastSlowNano) throw error
      const middle = from + (to - from) / 2n
      const halves: [bigint, bigint][] = [
        [from, middle],
        [middle, to],
      ]
      for (const [begin, end] of order === 'oldest first' ? halves : halves.toReversed()) yield* this.#stretches(filter, begin, end, order)
      return
    }
    let joined: Stretch | undefined
    for (const next of order === 'oldest first' ? counted : counted.toReversed()) {
      const both = joined === undefined ? next : join(joined, next)
      if (fits(both)) joined = both
      else {
        if (joined !== undefined) yield joined
        joined = fits(next) || step === 1n ? next : undefined
        if (joined === undefined) yield* this.#stretches(filter, next.from, next.to, order)
      }
    }
    if (joined !== undefined) yield joined
  }

  /** The steps that hold lines, in time order. They begin at multiples of the step. */
  async #counted(filter: string, from: bigint, to: bigint, step: bigint): Promise<Stretch[]> {
    const count = `stats by (_time:${step}ns) count() as lines, sum_len(*) as bytes`
    // Sent again it would be as slow.
    const answer = await this.#ask(`${within(from, to, filter)} | ${count}`, to - from > leastSlowNano ? { timeoutRetries: 0 } : {})
    const stretches = answer.map((json): Stretch => {
      const { from: begin, lines, bytes } = readBucket(json)
      const end = begin + step
      if (end <= from || begin >= to) throw badAnswer('a time in the window')
      return { from: begin > from ? begin : from, to: end < to ? end : to, lines, bytes }
    })
    return stretches.toSorted((a, b) => (a.from < b.from ? -1 : 1))
  }

  async #page(filter: string, { from, to, lines: counted }: Stretch): Promise<VictoriaLine[]> {
    const page = await this.#linesOf(filter, from, to)
    if (page.length >= counted) return page
    // Lines may have left between the two, with the time for which they are kept.
    const recounted = (await this.#counted(filter, from, to, to - from)).reduce((sum, { lines }) => sum + lines, 0)
    const again = await this.#linesOf(filter, from, to)
    if (again.length < recounted) this.shortfalls.push({ from, to, given: again.length, counted: recounted })
    return again
  }

  async #linesOf(filter: string, from: bigint, to: bigint): Promise<VictoriaLine[]> {
    const answer = await this.#ask(within(from, to, filter))
    return answer.map(readVictoriaLine).toSorted(compareEntries)
  }

  #ask(query: string, more: Pick<RemoteRequest, 'timeoutRetries'> = {}): Promise<unknown[]> {
    const selector = this.#selector
    // Rather an error than what is left of a cluster while a part of it is down.
    const form = { query, allow_partial_response: '0', ...(selector !== undefined && { extra_filters: selector }) }
    return this.#remote.getJsonLines({ ...this.#request, ...more, form })
  }
}

/** @returns reasons against calling a query complete */
export function doubtsOf(shortfalls: readonly Shortfall[]): { code: string; message: string }[] {
  const doubts = shortfalls.slice(0, 3).map(({ from, to, given, counted }) => {
    const message = `of ${counted} lines that VictoriaLogs counts from ${isoTime(from)} to ${isoTime(to)} it gave ${given}`
    return { code: 'VICTORIALOGS_LINES_MISSING', message }
  })
  if (shortfalls.length > 3) {
    doubts.push({ code: 'VICTORIALOGS_LINES_MISSING', message: `and fewer than counted in ${shortfalls.length - 3} more places` })
  }
  return doubts
}

function isTooSlow(error: unknown): boolean {
  return error instanceof SpanlogError && error.code === 'VICTORIALOGS_TIMEOUT'
}

function fits({ lines, bytes }: Bucket): boolean {
  return lines <= perPage.lines && bytes <= perPage.bytes
}

function join(a: Stretch, b: Stretch): Stretch {
  const [first, last] = a.from < b.from ? [a, b] : [b, a]
  return { from: first.from, to: last.to, lines: a.lines + b.lines, bytes: a.bytes + b.bytes }
}
