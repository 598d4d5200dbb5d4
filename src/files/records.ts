import type { Find } from './find.js'
import { isJoined, type Piece, pieceAt } from './pieces.js'

/** A line that was looked for, or the lines of one record: one that a runtime cut, a stack trace with the line above it. */
export interface FoundRecord {
  /** Where it begins among the bytes of its file, decompressed. */
  at: number
  /** Its lines as they were written; absent where a line is longer than the cap. */
  text?: string
}

export interface RecordOptions {
  find: Find
  /** Bytes that the longest needle needs to be seen across a cut: its length less one. */
  overlap: number
  /** Of a line; a longer one is searched and not kept. */
  maxBytes: number
  /** Whether lines are joined to records; else each stands for itself. */
  joined: boolean
  /** How much is read at a time. @defaultValue 131_072 */
  chunkBytes?: number
  /** Where the first byte stands in its file. @defaultValue 0 */
  base?: number
}

const lineFeed = 10
/** Half of a core's cache: larger chunks come from memory, at a fifth of the speed where that is slow. */
const defaultChunkBytes = 1 << 17
/** Runtimes cut at 8 KB or more. */
const cutBytes = 8000
/** How far a line of the same stream is looked for among those of others. */
const maxBetween = 64

/**
 * Cuts bytes into records and keeps those with what is looked for; only they become strings. What is read goes right behind what was
 * left over of the chunk before: nothing is copied but that.
 */
export class RecordFinder {
  readonly #options: RecordOptions
  readonly #chunkBytes: number
  #buffer: Buffer
  #length = 0
  /** Where the buffer begins in the file. */
  #base: number
  /** Where a line over the cap begins, while it is passed over. */
  #passing: number | undefined
  #passingFound = false
  /** Until the buffer has so much there is no use in looking for the end of its record again. */
  #again = 0

  constructor(options: RecordOptions) {
    this.#options = options
    this.#chunkBytes = options.chunkBytes ?? defaultChunkBytes
    this.#base = options.base ?? 0
    this.#buffer = Buffer.allocUnsafeSlow(this.#chunkBytes * 2)
  }

  /** Where to put the next bytes. */
  space(): Buffer {
    if (this.#buffer.length - this.#length < this.#chunkBytes) {
      const larger = Buffer.allocUnsafeSlow(this.#buffer.length * 2)
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    return this.#buffer.subarray(this.#length, this.#length + this.#chunkBytes)
  }

  /** Takes bytes that stand elsewhere. */
  push(bytes: Uint8Array): FoundRecord[] {
    const found: FoundRecord[] = []
    for (let from = 0; from < bytes.length; ) {
      const space = this.space()
      const piece = bytes.subarray(from, from + space.length)
      space.set(piece)
      found.push(...this.advance(piece.length))
      from += piece.length
    }
    return found
  }

  /** `bytes` more have been put into `space()`. */
  advance(bytes: number): FoundRecord[] {
    const before = this.#length
    this.#length += bytes
    const found: FoundRecord[] = []
    if (this.#passing !== undefined) {
      const feed = this.#buffer.subarray(0, this.#length).indexOf(lineFeed, before)
      if (feed < 0) {
        this.#passOn()
        return found
      }
      this.#endPassing(feed, found)
    } else if (this.#length < this.#again) {
      return found
    }
    const whole = this.#buffer.subarray(0, this.#length).lastIndexOf(lineFeed) + 1
    let done = this.#options.joined && whole > 0 ? closedUntil(this.#buffer, whole) : whole
    // A record over the cap ends with a line of its own.
    if (done === 0 && this.#length > this.#options.maxBytes) done = whole
    if (done > 0) this.#collect(done, whole, found)
    this.#again = done === 0 ? this.#length * 2 : 0
    if (this.#again > this.#options.maxBytes) this.#again = Math.min(this.#again, Math.max(this.#length, this.#options.maxBytes) + 1)
    if (this.#length > this.#options.maxBytes && this.#passing === undefined && whole === 0) {
      this.#passing = this.#base
      this.#passOn()
    }
    return found
  }

  /** The records that are there, though lines that belong to the last one may follow. */
  settle(): FoundRecord[] {
    const found: FoundRecord[] = []
    const whole = this.#passing === undefined ? this.#buffer.subarray(0, this.#length).lastIndexOf(lineFeed) + 1 : 0
    if (whole > 0) this.#collect(whole, whole, found)
    this.#again = 0
    return found
  }

  /** The last line needs no line feed. */
  end(): FoundRecord[] {
    const found: FoundRecord[] = []
    if (this.#passing !== undefined) this.#endPassing(this.#length, found)
    else if (this.#length > 0) {
      if (this.#buffer[this.#length - 1] !== lineFeed) {
        this.space()[0] = lineFeed
        this.#length++
      }
      this.#collect(this.#length, this.#length, found)
    }
    return found
  }

  /** Records that begin before `done`; their lines may go on up to `whole`. */
  #collect(done: number, whole: number, found: FoundRecord[]): void {
    const { find, maxBytes, joined } = this.#options
    const bytes = this.#buffer
    // Lines further on that an earlier record has taken along.
    const taken = new Set<number>()
    const next = (from: number): number => {
      const hit = find(bytes, from, done)
      const cut = joined ? cutLine(bytes, from, hit < 0 ? done : hit) : -1
      return cut < 0 ? hit : cut
    }
    for (let hit = next(0); hit >= 0; ) {
      const start = hit === 0 ? 0 : bytes.lastIndexOf(lineFeed, hit - 1) + 1
      const end = bytes.indexOf(lineFeed, hit)
      if (!taken.has(start)) {
        if (end - start > maxBytes) found.push({ at: this.#base + start })
        else if (joined) found.push(this.#joined(pieceAt(bytes, start, end), whole, taken))
        else found.push({ at: this.#base + start, text: textOf(bytes, start, end) })
      }
      hit = next(end + 1)
    }
    this.#drop(done)
  }

  #joined(hit: Piece, whole: number, taken: Set<number>): FoundRecord {
    const bytes = this.#buffer
    const pieces = [hit]
    if (hit.continues || hit.stream !== '') {
      for (let at = hit; ; ) {
        const before = lineBefore(bytes, at)
        if (before === undefined || !isJoined(before, at)) break
        pieces.unshift(before)
        at = before
      }
    }
    if (hit.open || hit.partial) {
      for (let at = hit; ; ) {
        const next = lineAfter(bytes, at, whole)
        if (next === undefined || !isJoined(at, next)) break
        pieces.push(next)
        taken.add(next.start)
        at = next
      }
    }
    const text =
      pieces.length === 1 ? textOf(bytes, hit.start, hit.end) : pieces.map(({ start, end }) => textOf(bytes, start, end)).join('\n')
    return { at: this.#base + (pieces[0] as Piece).start, text }
  }

  #drop(bytes: number): void {
    this.#buffer.copyWithin(0, bytes, this.#length)
    this.#base += bytes
    this.#length -= bytes
    if (this.#length < this.#chunkBytes && this.#buffer.length > this.#chunkBytes * 2) {
      const smaller = Buffer.allocUnsafeSlow(this.#chunkBytes * 2)
      this.#buffer.copy(smaller, 0, 0, this.#length)
      this.#buffer = smaller
    }
  }

  /** Of a line over the cap only the overlap is kept while the rest is searched. */
  #passOn(): void {
    this.#passingFound ||= this.#options.find(this.#buffer, 0, this.#length) >= 0
    this.#drop(Math.max(0, this.#length - this.#options.overlap))
  }

  #endPassing(end: number, found: FoundRecord[]): void {
    this.#passingFound ||= this.#options.find(this.#buffer, 0, end) >= 0
    if (this.#passingFound) found.push({ at: this.#passing ?? 0 })
    this.#passing = undefined
    this.#passingFound = false
    this.#drop(Math.min(end + 1, this.#length))
  }
}

/**
 * Where, before `whole`, the last record begins to which a line that is not there yet may still belong.
 *
 * @param whole - behind a line feed
 */
export function closedUntil(bytes: Buffer, whole: number): number {
  let closed = whole
  const seen = new Set<string>()
  let line = pieceEnding(bytes, whole - 1)
  for (let n = 0; n < maxBetween && line !== undefined; n++) {
    if (!seen.has(line.stream)) {
      seen.add(line.stream)
      if (line.open || line.partial) closed = Math.min(closed, headOf(bytes, line).start)
    }
    if (line.stream === '' || line.start === 0) break
    line = pieceEnding(bytes, line.start - 1)
  }
  // Between the lines of one writer others may have begun earlier and ended.
  for (let at = closed; at < whole; ) {
    const piece = pieceAt(bytes, at, bytes.indexOf(lineFeed, at))
    const { start } = piece.stream === '' ? piece : headOf(bytes, piece)
    at = start < closed ? start : piece.end + 1
    closed = Math.min(closed, start)
  }
  return closed
}

function headOf(bytes: Buffer, line: Piece): Piece {
  for (let at = line; ; ) {
    const before = lineBefore(bytes, at)
    if (before === undefined || !isJoined(before, at)) return at
    at = before
  }
}

/**
 * The first line that a runtime cut. What is looked for may stand on both sides of the cut, so the whole is read.
 *
 * @param from - where a line begins
 */
function cutLine(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at + cutBytes < to; ) {
    const feed = bytes.lastIndexOf(lineFeed, at + cutBytes)
    if (feed >= at) {
      at = feed + 1
      continue
    }
    const end = bytes.indexOf(lineFeed, at)
    if (pieceAt(bytes, at, end).partial) return at
    at = end + 1
  }
  return -1
}

/** The line before it in its stream. */
function lineBefore(bytes: Buffer, { start, stream }: Piece): Piece | undefined {
  let at = start
  for (let n = 0; n < maxBetween && at > 0; n++) {
    const piece = pieceEnding(bytes, at - 1)
    if (piece.stream === stream) return piece
    if (stream === '') return undefined
    at = piece.start
  }
  return undefined
}

function lineAfter(bytes: Buffer, { end, stream }: Piece, whole: number): Piece | undefined {
  let at = end + 1
  for (let n = 0; n < maxBetween && at < whole; n++) {
    const piece = pieceAt(bytes, at, bytes.indexOf(lineFeed, at))
    if (piece.stream === stream) return piece
    if (stream === '') return undefined
    at = piece.end + 1
  }
  return undefined
}

function pieceEnding(bytes: Buffer, feed: number): Piece {
  return pieceAt(bytes, feed === 0 ? 0 : bytes.lastIndexOf(lineFeed, feed - 1) + 1, feed)
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, bytes[end - 1] === 13 && end > start ? end - 1 : end)
}
