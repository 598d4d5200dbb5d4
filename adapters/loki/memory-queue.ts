import type { Entry } from './entry.js'
import type { Queue } from './queue.js'

/** A queue that ends with the process. */
export class MemoryQueue implements Queue {
  readonly damaged = 0
  waitingBytes = 0
  readonly #maxBytes: number
  #entries: Entry[] = []

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get room(): number {
    return this.#maxBytes - this.waitingBytes
  }

  append(entries: readonly Entry[], force = false): number {
    let kept = 0
    for (const entry of entries) {
      const bytes = bytesOf(entry)
      if (bytes > this.room && !force) break
      this.waitingBytes += bytes
      this.#entries.push(entry)
      kept++
    }
    return kept
  }

  peek(bytes: number): readonly Entry[] {
    let sum = 0
    const end = this.#entries.findIndex((entry) => (sum += bytesOf(entry)) > bytes)
    return this.#entries.slice(0, end === -1 ? undefined : Math.max(1, end))
  }

  advance(count: number): void {
    for (const entry of this.#entries.splice(0, count)) this.waitingBytes -= bytesOf(entry)
  }

  adopt(): void {}

  close(): void {}
}

/** About what V8 holds for it: texts of one byte a character, mostly; labels are shared. */
function bytesOf({ value }: Entry): number {
  return value.length + 64
}
