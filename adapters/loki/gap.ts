import { reportFault } from '../../src/context/fault.js'

/** Lines that were not kept, one after the other, and the two lines that say so to a reader: where they begin to be missing, and how many. */
export class Gap {
  #count = 0
  readonly #since = new Date().toISOString()
  readonly #why: string

  /** @param why - such as the system's words */
  constructor(why: string) {
    this.#why = why
    reportFault('spanlog/loki: lines are dropped', new Error(why))
  }

  add(count: number): void {
    this.#count += count
  }

  get beginning(): string {
    return `lines are missing from here on: ${this.#why}`
  }

  get end(): string {
    return `${this.#count} lines are missing here, since ${this.#since}: ${this.#why}`
  }
}
