import type { Entry } from './entry.js'
import { Gap } from './gap.js'
import { type Known, Lines } from './lines.js'
import type { Queue } from './queue.js'
import type { LokiSettings } from './settings.js'
import type { LokiStats } from './stats.js'

/** Where lines come in: into the queue, or, where it does not take them, into a count and two markers. */
export class Intake {
  readonly #lines: Lines
  readonly #queue: Queue
  readonly #stats: LokiStats
  readonly #taken: (isFirst: boolean) => void
  /** Room that a gap needs to end, or there would be many short ones, and two markers for each. */
  readonly #roomToSpare: number
  #gap: Gap | undefined
  #isClosed = false

  /** @param taken - called when something came into the queue, with whether it was empty */
  constructor(settings: LokiSettings, queue: Queue, stats: LokiStats, taken: (isFirst: boolean) => void) {
    this.#lines = new Lines(settings)
    this.#queue = queue
    this.#stats = stats
    this.#taken = taken
    this.#roomToSpare = settings.maxBytes / 16
  }

  /** How pino's numbers of levels are called. */
  nameLevels(names: Readonly<Record<string, string>>): void {
    this.#lines.nameLevels(names)
  }

  /** Never throws. */
  write(lines: readonly string[], known?: Known): void {
    this.#stats.lines += lines.length
    try {
      if (this.#isClosed) return this.#miss(lines.length, 'the transport is closed')
      if (this.#gap !== undefined && !this.#isOver(this.#gap)) return this.#gap.add(this.#dropped(lines.length))
      const kept = this.#append(lines.map((line) => this.#lines.entry(line, known)))
      if (kept < lines.length) this.#miss(lines.length - kept, 'too much waits for Loki already')
    } catch (error) {
      this.#miss(lines.length, error instanceof Error ? error.message : String(error))
    }
  }

  /**
   * A line of ours among the user's, beyond the cap.
   *
   * @returns whether it could be written
   */
  notice(text: string): boolean {
    if (this.#isClosed) return false
    try {
      this.#append([this.#lines.notice(text)], true)
      this.#stats.lines++
      return true
    } catch {
      return false
    }
  }

  /** Says what is missing by now. */
  end(): void {
    if (this.#gap !== undefined && this.notice(this.#gap.end)) this.#gap = undefined
  }

  /** Nothing is kept any more. */
  close(): void {
    this.#isClosed = true
  }

  #append(entries: readonly Entry[], force = false): number {
    const isFirst = this.#queue.waitingBytes === 0
    const kept = this.#queue.append(entries, force)
    this.#taken(isFirst)
    return kept
  }

  #miss(count: number, why: string): void {
    if (this.#gap === undefined) {
      this.#gap = new Gap(why)
      this.notice(this.#gap.beginning)
    }
    this.#gap.add(this.#dropped(count))
  }

  #dropped(count: number): number {
    this.#stats.dropped += count
    return count
  }

  #isOver(gap: Gap): boolean {
    if (this.#queue.room >= this.#roomToSpare) this.end()
    return this.#gap !== gap
  }
}
