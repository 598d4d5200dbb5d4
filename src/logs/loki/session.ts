import type { Remote } from '../../remote/client.js'
import { clockDoubts } from '../clock.js'
import { refuseCost } from '../cost.js'
import { conclude, type QueryFrame, type VerdictDraft } from '../query.js'
import { isoTime } from '../time.js'
import type { LogEntry } from '../types.js'
import type { Window } from '../window.js'
import type { LokiLine } from './answers.js'
import { type Gap, gather } from './gather.js'
import { LabelNames } from './label-names.js'
import { type LokiLimits, readLimits } from './limits.js'
import { type LokiSettings, widestSelector } from './options.js'
import { partsOf } from './plan.js'
import { LokiReader } from './reader.js'
import { unite } from './unite.js'

/** Shorter windows are not asked about. */
const dayNano = 86_400_000_000_000n

/** A Loki, and how to ask it. */
export interface LokiAccess {
  loki: Remote
  settings: LokiSettings
}

/** One query of ours: its requests, what they cost, and what speaks against calling it complete. */
export class LokiSession {
  /** Nanoseconds since the epoch, when the query began. */
  readonly now = BigInt(Date.now()) * 1_000_000n
  /** How far back Loki looks, by look-back or retention; 0 where it is unbounded. */
  readonly bound: bigint
  readonly #settings: LokiSettings
  readonly #reader: LokiReader
  readonly #request: QueryFrame
  readonly #draft: VerdictDraft
  readonly #gaps: Gap[] = []
  readonly #loki: Remote

  private constructor(loki: Remote, settings: LokiSettings, reader: LokiReader, request: QueryFrame, draft: VerdictDraft) {
    this.#loki = loki
    this.#settings = settings
    this.#reader = reader
    this.#request = request
    this.#draft = draft
    const { reachNano } = reader.limits
    this.bound = reachNano === undefined ? 0n : this.now - reachNano
  }

  /** @param read - the query, in portions; whatever it has under way ends with it */
  static async *run(
    { loki, settings }: LokiAccess,
    request: QueryFrame,
    draft: VerdictDraft,
    read: (session: LokiSession) => AsyncGenerator<readonly LogEntry[], void>,
  ): AsyncGenerator<LogEntry, void> {
    const ending = new AbortController()
    const signal = request.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, request.signal])
    try {
      const limits = await readLimits(loki, settings, { signal, stats: draft.stats })
      const session = new LokiSession(loki, settings, new LokiReader(loki, limits, signal, draft.stats), request, draft)
      for await (const portion of read(session)) for (const entry of portion) yield entry
    } finally {
      // Requests ahead of a caller who does not read on.
      ending.abort()
    }
  }

  /** What several queries find, each line once, in time order, in portions. */
  async *lines(queries: readonly string[], { from, to }: Pick<Window, 'from' | 'to'>): AsyncGenerator<LokiLine[]> {
    const names = new LabelNames(this.#reader, this.#settings.selector)
    const forms = queries.map((query) => gather(this.#reader, query, from, to, (gap) => this.#gaps.push(gap)))
    for await (const lines of unite(forms)) yield names.tellApart(lines)
  }

  /**
   * The same, but for the parts of the window that Loki has no stream in: it takes seconds to look for a line in a month of nothing, and
   * some milliseconds to say that there is nothing.
   */
  async *linesWhereAny(queries: readonly string[], window: Pick<Window, 'from' | 'to'>): AsyncGenerator<LokiLine[]> {
    for (const part of partsOf(window.from, window.to, this.#reader.limits)) {
      const isEmpty = part.to - part.from > dayNano && (await this.#reader.hasNothing(this.#settings.selector, part.from, part.to))
      if (!isEmpty) yield* this.lines(queries, part)
    }
  }

  /**
   * Refuses a window that is dearer than the caller allows; for that, and where the window is ours, its estimate is asked for.
   *
   * @param queries - how many there are: each reads the same bytes
   * @throws SpanlogError QUERY_TOO_EXPENSIVE
   */
  async guard(window: Window, queries: number): Promise<void> {
    const { maxBytes, from } = this.#request
    if (maxBytes === undefined && from !== undefined) return
    const bytes = await this.estimate(window, queries)
    if (bytes === undefined) return
    refuseCost('Loki', bytes, maxBytes, this.#settings.selector, window)
  }

  /** The estimated bytes of all that was asked for so far, and of this window; `undefined` where Loki does not tell. */
  async estimate({ from, to }: Pick<Window, 'from' | 'to'>, queries: number): Promise<number | undefined> {
    const bytes = await this.#reader.estimate(this.#settings.selector, from, to)
    if (bytes === undefined) return undefined
    const { stats } = this.#draft
    stats.estimatedBytes = (stats.estimatedBytes ?? 0) + bytes * queries
    return stats.estimatedBytes
  }

  /**
   * Says what was found to be missing or unsure, else what the proof holds for.
   *
   * @param found - whether there was any line; where there was none there must be a stream at least that could have one
   */
  async conclude(window: Window, sought: string, { found, note = '' }: { found: boolean; note?: string }): Promise<void> {
    const { selector } = this.#settings
    const span = `from ${isoTime(window.from)} to ${isoTime(window.provenTo)}`
    if (!found && (await this.#reader.labelNames(selector, window.from, window.to))?.size === 0) {
      const message = `${selector} matches no stream ${span}; check the selector and the tenant, or widen the window (from, --from)`
      this.#draft.reasons.push({ code: 'LOKI_NO_STREAMS', message })
    }
    this.#draft.reasons.push(...this.#doubts(window.from), ...clockDoubts('Loki', this.#loki.clockAheadMs(), this.#request.to))
    conclude(this.#draft, `${selector}, ${sought}, ${span}, as Loki held it when asked${note}`)
  }

  /** Why a query that finds all it can still proves nothing. */
  #doubts(from: bigint): { code: string; message: string }[] {
    const { limits, warnings } = this.#reader
    const gaps = this.#gaps.slice(0, 3).map(({ from: begin, held, counted }) => {
      const message = `of ${counted} lines that Loki counts at ${isoTime(begin)} it gave ${held}`
      return { code: 'LOKI_LINES_MISSING', message }
    })
    if (this.#gaps.length > 3) {
      gaps.push({ code: 'LOKI_LINES_MISSING', message: `and fewer than counted in ${this.#gaps.length - 3} more places` })
    }
    return [...standingDoubts(limits, this.#settings, from, this.bound), ...gaps, ...[...warnings].map(warning)]
  }
}

function warning(message: string): { code: string; message: string } {
  return { code: 'LOKI_WARNING', message }
}

function standingDoubts(limits: LokiLimits, settings: LokiSettings, from: bigint, bound: bigint): { code: string; message: string }[] {
  const doubts: { code: string; message: string }[] = []
  if (!limits.told) {
    const message = 'Loki does not tell its limits (before 3.x, or behind a proxy), so it may look back less far than the window'
    doubts.push({ code: 'LOKI_LIMITS_UNKNOWN', message })
  }
  if (limits.reachNano !== undefined && from < bound) {
    const message = `Loki looks back, or keeps lines, only to ${isoTime(bound)}; the window begins at ${isoTime(from)}`
    doubts.push({ code: 'LOKI_LOOKBACK', message })
  }
  if (!limits.hasServiceName && settings.selector === widestSelector) {
    const message = `this Loki adds no service_name, so ${widestSelector} may miss streams; give a selector`
    doubts.push({ code: 'LOKI_NO_SERVICE_NAME', message })
  }
  return doubts
}
