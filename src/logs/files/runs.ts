import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { SpanlogError } from '../../errors.js'
import { readAt } from '../../files/chunks.js'
import { compareLines, headBytes, lineBytes, PackedLines, type PlacedLine, unpackLine } from './packed-lines.js'

interface Run {
  start: number
  end: number
  lines: number
}

const writeBytes = 1 << 18
/** Of each run at a time, as far as that fits the memory for all of them. */
const mostReadBytes = 1 << 15
const leastReadBytes = 1 << 12

/**
 * Sorts any number of lines in bounded memory: past the bound those at hand go as a sorted run to a temporary file, which has no name
 * any more from its beginning on, so it is gone however the process ends; the runs are merged at the end.
 */
export class SortedLines {
  readonly #held: PackedLines
  readonly #runs: Run[] = []
  #file: FileHandle | undefined
  #together: Buffer | undefined

  /** How many lines were added. */
  count = 0

  /** @param newest - how many lines are wanted; of the others as many go as is cheap */
  constructor(
    private readonly memoryBytes: number,
    private readonly newest = Number.POSITIVE_INFINITY,
  ) {
    this.#held = new PackedLines(memoryBytes)
  }

  /** @returns a promise where there is something to wait for; it rejects with TEMPORARY_UNWRITABLE where the file takes no more */
  add(line: PlacedLine): Promise<void> | undefined {
    this.count++
    if (!this.#held.add(line)) {
      return this.#spill().then(
        () => void this.#held.add(line),
        (error: unknown) => this.#cannotSpill(error),
      )
    }
    if (this.#held.count >= 2 * this.newest) this.#held.keepLast(this.newest)
    return undefined
  }

  /** The newest ones, if they are limited, the oldest of them first. */
  async *inOrder(): AsyncGenerator<Pick<PlacedLine, 'file' | 'text'>, void> {
    let tooMany = this.#runs.reduce((lines, run) => lines + run.lines, this.#held.count) - this.newest
    const readBytes = Math.max(leastReadBytes, Math.min(mostReadBytes, Math.floor(this.memoryBytes / this.#runs.length)))
    const runs = this.#runs.map((run) => new WrittenRun(this.#file as FileHandle, run, readBytes))
    for await (const { bytes, at } of merge([new HeldRun(this.#held), ...runs])) if (tooMany-- <= 0) yield unpackLine(bytes, at)
  }

  async close(): Promise<void> {
    this.#held.clear()
    await this.#file?.close()
  }

  async #spill(): Promise<void> {
    this.#file ??= await openNameless()
    const starts = this.#held.sorted()
    const start = this.#runs.at(-1)?.end ?? 0
    const run: Run = { start, end: start, lines: starts.length }
    const together = (this.#together ??= Buffer.allocUnsafeSlow(writeBytes))
    let used = 0
    for (const first of starts) {
      const [bytes, at] = [this.#held.bytesOf(first), this.#held.placeOf(first)]
      const end = at + lineBytes(bytes, at)
      if (used + end - at > together.length) {
        await this.#write(together.subarray(0, used), run)
        used = 0
      }
      if (end - at > together.length) await this.#write(bytes.subarray(at, end), run)
      else used += bytes.copy(together, used, at, end)
    }
    await this.#write(together.subarray(0, used), run)
    this.#runs.push(run)
    this.#held.clear()
  }

  async #write(bytes: Buffer, run: Run): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      written += (await (this.#file as FileHandle).write(bytes, written, bytes.length - written, run.end + written)).bytesWritten
    }
    run.end += bytes.length
  }

  /** What was added before is all still there, in memory. */
  #cannotSpill(cause: unknown): never {
    const why = cause instanceof Error ? cause.message : String(cause)
    const problem = `more lines were found than fit ${this.memoryBytes} bytes of memory, and the temporary folder ${os.tmpdir()} takes none, so that not all were read: ${why}`
    throw new SpanlogError('TEMPORARY_UNWRITABLE', problem, { cause })
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spanlog-'))
  try {
    return await open(path.join(folder, 'run'), 'wx+', 0o600)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Sorted lines; after `next` there is one at `at` in `bytes`. */
interface Source {
  bytes: Buffer
  at: number
  /** @returns false, or a promise of it, where there is no line any more */
  next(): boolean | Promise<boolean>
}

class HeldRun implements Source {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  readonly #held: PackedLines
  readonly #starts: Uint32Array
  #taken = 0

  constructor(held: PackedLines) {
    this.#held = held
    this.#starts = held.sorted()
  }

  next(): boolean {
    const start = this.#starts[this.#taken++]
    if (start === undefined) return false
    this.bytes = this.#held.bytesOf(start)
    this.at = this.#held.placeOf(start)
    return true
  }
}

class WrittenRun implements Source {
  bytes: Buffer
  at = 0
  readonly #file: FileHandle
  readonly #end: number
  #position: number
  /** Where in the bytes the line behind this one begins, and where they end. */
  #next = 0
  #filled = 0

  constructor(file: FileHandle, { start, end }: Run, readBytes: number) {
    this.#file = file
    this.#position = start
    this.#end = end
    this.bytes = Buffer.allocUnsafeSlow(readBytes)
  }

  next(): boolean | Promise<boolean> {
    this.at = this.#next
    const needed = this.#needed()
    if (this.#filled - this.at < needed) return this.#read()
    this.#next += needed
    return true
  }

  /** Of the line, or of its head as long as that is not there. */
  #needed(): number {
    return this.#filled - this.at < headBytes ? headBytes : lineBytes(this.bytes, this.at)
  }

  async #read(): Promise<boolean> {
    this.bytes.copyWithin(0, this.at, this.#filled)
    this.#filled -= this.at
    this.at = 0
    if (this.#filled === 0 && this.#position === this.#end) return false
    for (let needed = this.#needed(); this.#filled < needed; needed = this.#needed()) {
      if (needed > this.bytes.length) this.bytes = Buffer.concat([this.bytes], needed)
      const free = this.bytes.subarray(this.#filled)
      const bytesRead = await readAt(this.#file.fd, free, Math.min(free.length, this.#end - this.#position), this.#position)
      if (bytesRead === 0) throw new Error('the temporary file ends before its last line')
      this.#filled += bytesRead
      this.#position += bytesRead
    }
    this.#next = this.#needed()
    return true
  }
}

async function* merge(sources: readonly Source[]): AsyncGenerator<Source, void> {
  /** In order, the least at the end. */
  const heads: Source[] = []
  for (const source of sources) if (await source.next()) putInto(heads, source)
  for (let least = heads.pop(); least !== undefined; least = heads.pop()) {
    yield least
    const more = least.next()
    if (typeof more === 'boolean' ? more : await more) putInto(heads, least)
  }
}

function putInto(heads: Source[], head: Source): void {
  let [low, high] = [0, heads.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const { bytes, at } = heads[middle] as Source
    if (compareLines(bytes, at, head.bytes, head.at) > 0) low = middle + 1
    else high = middle
  }
  heads.splice(low, 0, head)
}
