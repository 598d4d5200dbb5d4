import { finestNano, stepFor } from './plan.js'
import type { Page } from './reader.js'

/** Steps of the grid in what the first page holds: few enough that little of it is left over behind the last one. */
const gridShare = 16
/** Loki takes 11,000. */
const maxSteps = 8192n
/** How full the pages are meant to be, in percent: the statistics also count lines of the same blocks outside of a window. */
const fullness = 80

/** Windows of a trace, one behind the other, that are expected to hold somewhat less than a page each. */
export class Sweep {
  /** Where the first window begins: behind what the first page surely holds. */
  readonly begin: bigint
  /** The windows begin on this grid, so that counts can begin there too. */
  readonly gridMs: number
  /** Where the next window begins. */
  at: bigint
  readonly #to: bigint
  readonly #limit: number
  #length: bigint

  /**
   * @param first - the page of `[from, to)`
   * @returns `undefined` where it does not tell what to expect, or what it holds is so short beside the window that one count of the
   *   whole costs less
   */
  static behind({ lines }: Page, from: bigint, to: bigint, limit: number): Sweep | undefined {
    const [first, last] = [lines[0]?.timeUnixNano, lines.at(-1)?.timeUnixNano]
    if (first === undefined || last === undefined || lines.length < limit) return undefined
    const gridMs = gridShare * stepFor(first, last)
    const grid = BigInt(gridMs) * finestNano
    const begin = ((last - 1n) / grid) * grid + 1n
    if (begin <= first || (to - from) / grid > maxSteps) return undefined
    return new Sweep(begin, to, gridMs, last - first, limit)
  }

  private constructor(begin: bigint, to: bigint, gridMs: number, length: bigint, limit: number) {
    this.begin = begin
    this.at = begin
    this.gridMs = gridMs
    this.#to = to
    this.#limit = limit
    this.#length = (length * BigInt(fullness)) / 100n
  }

  next(): { from: bigint; to: bigint } {
    const grid = BigInt(this.gridMs) * finestNano
    const from = this.at
    const end = from + (this.#length > grid ? this.#length - (this.#length % grid) : grid)
    this.at = end < this.#to ? end : this.#to
    return { from, to: this.at }
  }

  /** What the page of a window held tells how long the next window is to be; where it held next to nothing, the next one is all that is left. */
  adapt(from: bigint, to: bigint, { whole, lines, matched = lines.length }: Page): void {
    // There was no answer.
    if (!whole && matched === 0) return
    const aim = (this.#limit * fullness) / 100
    const factor = Math.min(2, aim / matched)
    this.#length = matched < aim / 8 ? this.#to : ((to - from) * BigInt(Math.round(factor * 100))) / 100n
  }
}
