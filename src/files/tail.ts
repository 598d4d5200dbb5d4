import { type FileHandle, open } from 'node:fs/promises'
import { chunkBuffer, readAt } from './chunks.js'
import { packingOf } from './packed.js'
import { identityOf } from './paths.js'
import { type FoundRecord, RecordFinder, type RecordOptions, settledMs } from './records.js'

/** How far the beginning of a file is compared with another's to tell that one is a copy of the other. */
const headBytes = 512
const chunkBytes = 1 << 17

/** Where somebody stopped reading a file: a copy of that file is read on from there. */
export interface Bookmark {
  head: Buffer
  position: number
  finder: RecordFinder
}

/** A plain file that is read while it grows. */
export class Tail {
  readonly #options: RecordOptions
  #handle: FileHandle
  readonly #chunk = chunkBuffer(chunkBytes)
  #head = Buffer.alloc(0)
  #position = 0
  #finder: RecordFinder
  #grown = Date.now()
  #settled = true

  private constructor(
    readonly path: string,
    readonly identity: string,
    handle: FileHandle,
    options: RecordOptions,
  ) {
    this.#options = options
    this.#handle = handle
    this.#finder = new RecordFinder(options)
  }

  /** @returns undefined where the file is packed: such a file does not grow */
  static async open(path: string, options: RecordOptions): Promise<Tail | undefined> {
    const handle = await open(path)
    try {
      const tail = new Tail(path, identityOf(await handle.stat({ bigint: true })), handle, options)
      await tail.#lookAtHead()
      if (packingOf(tail.#head, path) === 'none') return tail
    } catch (error) {
      await handle.close()
      throw error
    }
    await handle.close()
    return undefined
  }

  /** What has been written since the last time, each to be taken before the next; a record that may still go on when it has not for a while. */
  async *read(): AsyncGenerator<Iterable<FoundRecord>, void> {
    for (;;) {
      const bytes = await readAt(this.#handle.fd, this.#chunk, chunkBytes, this.#position)
      if (bytes === 0) break
      this.#position += bytes
      this.#grown = Date.now()
      this.#settled = false
      yield this.#finder.push(this.#chunk.subarray(0, bytes))
    }
    await this.#lookAtHead()
    if (this.#settled || this.idleMs < settledMs) return
    this.#settled = true
    yield this.#finder.settle()
  }

  /** How long nothing has been written. */
  get idleMs(): number {
    return Date.now() - this.#grown
  }

  /** Where it was read to, if it has been cut or written anew since; it is then read from its start. */
  async restarted(): Promise<Bookmark | undefined> {
    const { size } = await this.#handle.stat()
    const head = Buffer.alloc(this.#head.length)
    const sameHead = (await readAt(this.#handle.fd, head, head.length, 0)) === head.length && head.equals(this.#head)
    if (size >= this.#position && sameHead) return undefined
    const { bookmark } = this
    this.#head = Buffer.alloc(0)
    this.#position = 0
    this.#finder = new RecordFinder(this.#options)
    return bookmark
  }

  /** Whether it is a copy of another file that was read so far; `undefined` while it is too short to tell. */
  async isCopyOf({ head, position }: { head: Buffer; position: number }): Promise<boolean | undefined> {
    await this.#lookAtHead()
    // Programs begin their files alike; of a shorter beginning nothing is concluded.
    if (head.length < headBytes || !head.subarray(0, this.#head.length).equals(this.#head)) return false
    return (await this.#handle.stat()).size >= position ? true : undefined
  }

  /** Where it was read to. */
  get bookmark(): Bookmark {
    return { head: this.#head, position: this.#position, finder: this.#finder }
  }

  get head(): Buffer {
    return this.#head
  }

  get position(): number {
    return this.#position
  }

  /** Reads on where another file was read to. */
  goOnFrom({ position, finder }: Bookmark): void {
    this.#position = position
    this.#finder = finder
    this.#settled = false
  }

  /** What is left over where nothing more is written: a last line needs no line feed. */
  end(): Iterable<FoundRecord> {
    return this.#finder.end()
  }

  /** Takes a new descriptor of the same file, where its name still leads to it. */
  async reopen(): Promise<void> {
    const handle = await open(this.path).catch(() => undefined)
    if (handle === undefined) return
    const stats = await handle.stat({ bigint: true }).catch(() => undefined)
    const isSame = stats !== undefined && identityOf(stats) === this.identity
    const old = isSame ? this.#handle : handle
    if (isSame) this.#handle = handle
    await old.close().catch(() => undefined)
  }

  async close(): Promise<void> {
    // Nothing was written: a descriptor that fails to be closed is closed.
    await this.#handle.close().catch(() => undefined)
  }

  async #lookAtHead(): Promise<void> {
    if (this.#head.length >= headBytes) return
    const head = Buffer.alloc(headBytes)
    this.#head = head.subarray(0, await readAt(this.#handle.fd, head, headBytes, 0))
  }
}
