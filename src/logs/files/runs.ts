import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readRange } from '../../files/chunks.js'
import { everyLine } from '../../files/find.js'
import { type FoundRecord, RecordFinder } from '../../files/records.js'

/** A line and its place among all others: by time, then as the files and their lines stand. */
export interface PlacedLine {
  /** Nanoseconds since the epoch; of a line without a time its predecessor's, or -1. */
  time: bigint
  /** Number of the file. */
  file: number
  /** Number of the line among those found. */
  place: number
  /** What it was read as is not kept: that takes ten times the memory, and reading it again no longer than looking after it. */
  text: string
}

interface Run {
  start: number
  end: number
  lines: number
}

const writeBytes = 1 << 18
/** Of each run at a time, as far as that fits the memory for all of them. */
const mostReadBytes = 1 << 15
const leastReadBytes = 1 << 12
/** What a line costs in memory, roughly, beside its text. */
const lineCost = 200

/**
 * Sorts any number of lines in bounded memory: past the bound those at hand go as a sorted run to a temporary file, which has no name
 * any more from its beginning on, so it is gone however the process ends; the runs are merged at the end.
 */
export class SortedLines {
  #held: PlacedLine[] = []
  #heldBytes = 0
  readonly #runs: Run[] = []
  #file: FileHandle | undefined

  /** How many lines were added. */
  count = 0

  /** @param newest - how many lines are wanted; of the others as many go as is cheap */
  constructor(
    private readonly memoryBytes: number,
    private readonly newest = Number.POSITIVE_INFINITY,
  ) {}

  /** @returns a promise where there is something to wait for */
  add(line: PlacedLine): Promise<void> | undefined {
    this.count++
    this.#held.push(line)
    this.#heldBytes += costOf(line)
    if (this.#held.length >= 2 * this.newest) {
      this.#held = this.#held.toSorted(compare).slice(-this.newest)
      this.#heldBytes = this.#held.reduce((bytes, held) => bytes + costOf(held), 0)
    }
    return this.#heldBytes > this.memoryBytes ? this.#spill() : undefined
  }

  /** The newest ones, if they are limited, the oldest of them first. */
  async *inOrder(): AsyncGenerator<PlacedLine, void> {
    let tooMany = this.#runs.reduce((lines, run) => lines + run.lines, this.#held.length) - this.newest
    for await (const line of this.#all()) if (tooMany-- <= 0) yield line
  }

  async *#all(): AsyncGenerator<PlacedLine, void> {
    const held = this.#held.toSorted(compare)
    if (this.#file === undefined) {
      yield* held
      return
    }
    const readBytes = Math.max(leastReadBytes, Math.min(mostReadBytes, Math.floor(this.memoryBytes / this.#runs.length)))
    yield* merge([...this.#runs.map((run) => readRun(this.#file as FileHandle, run, readBytes)), inOnePiece(held)])
  }

  async close(): Promise<void> {
    this.#held = []
    await this.#file?.close()
  }

  async #spill(): Promise<void> {
    this.#file ??= await openNameless()
    const start = this.#runs.at(-1)?.end ?? 0
    const run: Run = { start, end: start, lines: this.#held.length }
    let text = ''
    for (const [i, line] of this.#held.toSorted(compare).entries()) {
      text += `${JSON.stringify([String(line.time), line.file, line.place, line.text])}\n`
      if (text.length < writeBytes && i < run.lines - 1) continue
      const bytes = Buffer.from(text)
      for (let written = 0; written < bytes.length; ) {
        written += (await this.#file.write(bytes, written, bytes.length - written, run.end + written)).bytesWritten
      }
      run.end += bytes.length
      text = ''
    }
    this.#runs.push(run)
    this.#held = []
    this.#heldBytes = 0
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

async function* readRun(file: FileHandle, { start, end, lines }: Run, readBytes: number): AsyncGenerator<PlacedLine[], void> {
  const buffers = [Buffer.allocUnsafeSlow(readBytes), Buffer.allocUnsafeSlow(readBytes)] as const
  const finder = new RecordFinder({ find: everyLine, overlap: 0, maxBytes: Number.MAX_SAFE_INTEGER, joined: false })
  let count = 0
  for await (const chunk of readRange(file.fd, buffers, start, end)) {
    const read = finder.push(chunk).map(placed)
    count += read.length
    yield read
  }
  // Of a line that is longer than what is read at a time the finder waits for more.
  const rest = finder.end().map(placed)
  count += rest.length
  yield rest
  if (count < lines) throw new Error(`the temporary file returned ${count} of ${lines} lines`)
}

/** A line as the run has it; its text may have line feeds. */
function placed({ text: written = '' }: FoundRecord): PlacedLine {
  const [time, file, place, text] = JSON.parse(written) as [string, number, number, string]
  return { time: BigInt(time), file, place, text }
}

function costOf({ text }: PlacedLine): number {
  return text.length + lineCost
}

async function* inOnePiece(lines: PlacedLine[]): AsyncGenerator<PlacedLine[], void> {
  yield lines
}

/** What was read of a sorted run, and its first line that was not taken yet. */
interface Head {
  source: AsyncGenerator<PlacedLine[], void>
  lines: PlacedLine[]
  at: number
  line: PlacedLine
}

async function* merge(sources: readonly AsyncGenerator<PlacedLine[], void>[]): AsyncGenerator<PlacedLine, void> {
  /** In order, the least at the end. */
  const heads: Head[] = []
  try {
    for (const source of sources) putInto(heads, await headOf(source))
    for (let least = heads.pop(); least !== undefined; least = heads.pop()) {
      yield least.line
      const line = least.lines[++least.at]
      if (line !== undefined) least.line = line
      putInto(heads, line === undefined ? await headOf(least.source) : least)
    }
  } finally {
    await Promise.all(sources.map((source) => source.return()))
  }
}

function putInto(heads: Head[], head: Head | undefined): void {
  if (head === undefined) return
  let [low, high] = [0, heads.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare((heads[middle] as Head).line, head.line) > 0) low = middle + 1
    else high = middle
  }
  heads.splice(low, 0, head)
}

async function headOf(source: AsyncGenerator<PlacedLine[], void>): Promise<Head | undefined> {
  for (;;) {
    const { value: lines } = await source.next()
    const line = lines?.[0]
    if (!lines) return undefined
    if (line !== undefined) return { source, lines, at: 0, line }
  }
}

function compare(a: PlacedLine, b: PlacedLine): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : a.file - b.file || a.place - b.place
}
