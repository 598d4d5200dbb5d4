/** So many a second, by the clock's whole seconds. */
export class Reservoir {
  readonly #size: number
  #second = Number.NEGATIVE_INFINITY
  #left = 0

  constructor(size: number) {
    this.#size = size
  }

  take(nowMs: number): boolean {
    if (this.#size === 0) return false
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#second) {
      // A fraction is carried along: 0.5 is one every two seconds.
      this.#left = (Math.min(this.#left, 1) % 1) + this.#size
      this.#second = second
    }
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
