import type { Readable } from 'node:stream'
import { reasonOf, SpanlogError } from '../../errors.js'
import { streamChunks } from '../../files/chunks.js'
import { unreadable } from '../../files/paths.js'
import { openPipe } from '../../files/pipe.js'
import type { FoundRecord, RecordOptions } from '../../files/records.js'
import { streamedRecords } from '../../files/streamed.js'
import type { NewLines } from './new-lines.js'

/** Standard input and pipes, each read beside everything else. */
export class Streams {
  readonly #looked: RecordOptions
  /** Is called when there is something to take, or to tell. */
  readonly #notify: () => void
  readonly #tell: (reason: { code: string; message: string }) => void
  readonly #ending = new AbortController()
  /** What they have brought and nobody has taken yet. */
  readonly #brought: { at: string; records: readonly FoundRecord[]; taken: () => void }[] = []
  inputEnded = false

  constructor(looked: RecordOptions, notify: () => void, tell: (reason: { code: string; message: string }) => void) {
    this.#looked = looked
    this.#notify = notify
    this.#tell = tell
  }

  async readInput(): Promise<void> {
    const at = 'standard input'
    if (!(await this.#pump(at, process.stdin))) return
    this.inputEnded = true
    this.#tell({ code: 'DISCONNECTED', message: `${at} has ended` })
  }

  /** @returns whether it came to its end: nobody writes to it any more */
  readPipe(at: string): Promise<boolean> {
    return this.#pump(at, openPipe(at, this.#ending.signal))
  }

  async moveTo(lines: NewLines): Promise<void> {
    for (const { at, records, taken } of this.#brought.splice(0)) {
      await lines.add(at, records)
      taken()
    }
  }

  close(): void {
    this.#ending.abort()
  }

  async #pump(at: string, stream: Readable): Promise<boolean> {
    const take = async (records: FoundRecord[]): Promise<void> => {
      if (records.length === 0) return
      const taking = new Promise<void>((taken) => this.#brought.push({ at, records, taken }))
      this.#notify()
      await taking
    }
    try {
      await streamedRecords(streamChunks(stream, at, this.#ending.signal), this.#looked, take)
      return true
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#tell(reasonOf(error instanceof SpanlogError ? error : unreadable(at, error)))
      return false
    } finally {
      this.#notify()
    }
  }
}
