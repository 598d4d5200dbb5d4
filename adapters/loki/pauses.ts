/** The pauses of whoever sends, one at a time: until something happens, or so long at most. */
export class Pauses {
  #end = (): void => undefined
  #isForLines = false

  /** @param waitsFor - lines do not end the wait for another try */
  async pause(waitsFor: 'lines' | 'retry', ms?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#isForLines = waitsFor === 'lines'
      this.#end = resolve
      if (ms !== undefined) timer = setTimeout(resolve, ms).unref()
    })
    clearTimeout(timer)
    this.#isForLines = false
    this.#end = () => undefined
  }

  /** Ends the pause, if there is one. */
  end(): void {
    this.#end()
  }

  /** Lines have come. */
  endForLines(): void {
    if (this.#isForLines) this.#end()
  }
}
