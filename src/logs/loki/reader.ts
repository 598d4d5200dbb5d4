import { SpanlogError } from '../../errors.js'
import type { Remote, RemoteRequest } from '../../remote/client.js'
import { compareEntries } from '../order.js'
import type { LogStats } from '../types.js'
import {
  badAnswer,
  type LokiLine,
  readCost,
  readCounts,
  readEstimate,
  readNames,
  readPage,
  readSeriesCount,
  readStreamCount,
} from './answers.js'
import { fewerEntries, type LokiLimits } from './limits.js'
import { countQuery } from './logql.js'
import { gridOver, partsOf, type Stretch, stretchOf } from './plan.js'

/** What one request for lines brought. */
export interface Page {
  /** In order, each once. */
  lines: LokiLine[]
  /** Loki's statistics prove that the limit cut nothing. */
  whole: boolean
  /** Copies of lines that Loki says it left out. */
  duplicates: number
  /** How many lines Loki says it found, some of them outside of the window. */
  matched?: number | undefined
}

/** How often a request is sent again after a time-out. @defaultValue as after other failures */
export type Patience = Pick<RemoteRequest, 'timeoutRetries'>

// Hundreds at once end in refused connections.
const maxUnderWay = 4

/** Pages and counts of one query, a few requests at a time. */
export class LokiReader {
  readonly limits: LokiLimits
  readonly warnings = new Set<string>()
  readonly #loki: Remote
  readonly #signal: AbortSignal
  readonly #stats: LogStats
  readonly #waiting: (() => void)[] = []
  #underWay = 0

  constructor(loki: Remote, limits: LokiLimits, signal: AbortSignal, stats: LogStats) {
    this.#loki = loki
    this.limits = limits
    this.#signal = signal
    this.#stats = stats
  }

  /** The first lines of `[from, to)` that the query finds, as many as one page takes. */
  async page(query: string, from: bigint, to: bigint, patience: Patience = {}): Promise<Page> {
    const asked = this.limits.maxEntries
    try {
      const json = await this.#get(
        { query, start: String(from), end: String(to), limit: String(asked), direction: 'forward' },
        // A page that takes too long is asked for with fewer lines instead.
        { timeoutRetries: 1, ...patience },
      )
      const { lines, matched, duplicates, warnings } = readPage(json)
      if (lines.length > asked) throw badAnswer('an end at the limit')
      if (lines.some(({ timeUnixNano }) => timeUnixNano < from || timeUnixNano >= to)) throw badAnswer('an entry of the window')
      for (const warning of warnings) this.warnings.add(warning)
      const whole = matched !== undefined && matched < asked && matched >= lines.length
      return { lines: distinct(lines), whole, duplicates, matched }
    } catch (error) {
      const fewer = patience.timeoutRetries === 0 && isTimeout(error) ? undefined : fewerEntries(error, asked)
      if (fewer === undefined) throw error
      this.limits.maxEntries = Math.min(fewer, this.limits.maxEntries)
      return this.page(query, from, to, patience)
    }
  }

  /** How many lines the query finds in each step of the grid over `[from, to)`; steps without any are left out. */
  async counts(query: string, from: bigint, to: bigint, stepMs: number, patience: Patience = {}): Promise<Stretch[]> {
    const { firstMs, lastMs } = gridOver(from, to, stepMs)
    const json = await this.#get(
      {
        query: countQuery(query, stepMs),
        start: `${firstMs}000000`,
        end: `${lastMs}000000`,
        step: `${stepMs}ms`,
        direction: 'forward',
      },
      patience,
    )
    const counts = readCounts(json).toSorted((a, b) => a.untilMs - b.untilMs)
    for (const [index, { untilMs }] of counts.entries()) {
      const isStep = untilMs % stepMs === 0 && untilMs >= firstMs && untilMs <= lastMs
      if (!isStep || counts[index - 1]?.untilMs === untilMs) throw badAnswer('one count for each step')
    }
    return counts.filter(({ count }) => count > 0).map(({ untilMs, count }) => stretchOf(untilMs, stepMs, count))
  }

  /** The bytes that the index knows of a selector in `[from, to)`; lines of the last hours may not stand in it yet. */
  estimate(selector: string, from: bigint, to: bigint): Promise<number | undefined> {
    return this.#overParts(from, to, async (window) => {
      return readEstimate(await this.#ask({ path: '/loki/api/v1/index/stats', params: { query: selector, ...window } }))
    })
  }

  /**
   * The names of the labels that streams of a selector have in `[from, to)`, and maybe those of streams outside; none where there is no
   * stream. `undefined` where Loki does not tell.
   */
  async labelNames(selector: string, from: bigint, to: bigint): Promise<ReadonlySet<string> | undefined> {
    const names = new Set<string>()
    const count = await this.#overParts(from, to, async (window) => {
      for (const name of readNames(await this.#ask({ path: '/loki/api/v1/labels', params: { query: selector, ...window } })))
        names.add(name)
      return names.size
    })
    return count === undefined ? undefined : names
  }

  /**
   * Whether Loki has no stream of a selector in `[from, to)`. The index's statistics are the cheapest to ask for, but lack what is not
   * flushed, and an old index has none; the labels may be of streams outside; the series are exact.
   */
  async hasNothing(selector: string, from: bigint, to: bigint): Promise<boolean> {
    const told = async (path: string, params: Record<string, string>, read: (json: unknown) => number): Promise<boolean> =>
      (await this.#overParts(from, to, async (window) => read(await this.#ask({ path, params: { ...params, ...window } })))) === 0
    return (
      (await told('/loki/api/v1/index/stats', { query: selector }, readStreamCount)) &&
      ((await this.labelNames(selector, from, to))?.size === 0 || told('/loki/api/v1/series', { 'match[]': selector }, readSeriesCount))
    )
  }

  /** The sum of what is told of each part; `undefined` where Loki does not tell (an old one, or behind a proxy). */
  async #overParts(
    from: bigint,
    to: bigint,
    ask: (window: { start: string; end: string }) => Promise<number>,
  ): Promise<number | undefined> {
    if (from >= to) return undefined
    let sum = 0
    try {
      for (const part of partsOf(from, to, this.limits)) sum += await ask({ start: String(part.from), end: String(part.to) })
    } catch (error) {
      if (error instanceof SpanlogError && ['LOKI_REFUSED', 'LOKI_BAD_ANSWER'].includes(error.code)) return undefined
      throw error
    }
    return sum
  }

  #get(params: Record<string, string>, patience: Patience): Promise<unknown> {
    return this.#ask({ path: '/loki/api/v1/query_range', params, ...patience })
  }

  async #ask(request: RemoteRequest): Promise<unknown> {
    if (this.#underWay >= maxUnderWay) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#underWay++
    try {
      const { json } = await this.#loki.getJson({ ...request, signal: this.#signal, stats: this.#stats })
      const { bytes, ms } = readCost(json)
      this.#stats.storeBytes += bytes
      this.#stats.storeMs += ms
      return json
    } finally {
      // The place goes to the next in turn, or becomes free.
      const next = this.#waiting.shift()
      if (next === undefined) this.#underWay--
      else next()
    }
  }
}

/** What several pages hold that nothing proves. */
export function joined(pages: readonly Page[]): Page {
  const duplicates = pages.reduce((sum, page) => sum + page.duplicates, 0)
  return { lines: distinct(pages.flatMap(({ lines }) => lines)), whole: false, duplicates }
}

/** In order, each once: Loki keeps exact duplicates of one stream once, so a line that comes twice is one line. */
export function distinct(lines: readonly LokiLine[]): LokiLine[] {
  const sorted = lines.toSorted(compareEntries)
  return sorted.filter((line, index) => {
    const before = sorted[index - 1]
    return before === undefined || compareEntries(before, line) !== 0
  })
}

function isTimeout(error: unknown): boolean {
  return error instanceof SpanlogError && error.code === 'LOKI_TIMEOUT'
}
