import { roomBefore } from './chunks.js'
import type { Find } from './find.js'
import { closedUntil, cutLine, joinedWith } from './joined.js'
import { type Piece, pieceAt } from './pieces.js'

/** A line that was looked for, or the lines of one record: one that a runtime cut, a stack trace with the line above it. */
export interface FoundRecord {
  /** Its lines as they were written; absent where a line is longer than the cap. */
  text?: string
  /** How such a line begins. */
  head?: string
}

export interface RecordOptions {
  find: Find
  /** Bytes that the longest needle needs to be seen across a cut: its length less one. */
  overlap: number
  /** Of a line; a longer one is searched and not kept. */
  maxBytes: number
  /** Whether lines are joined to records; else each stands for itself. */
  joined: boolean
}

/** A line that is followed by nothing for so long is not gone on with. */
export const settledMs = 250

const lineFeed = 10
const headBytes = 200

/** Cuts bytes into records and keeps those with what is looked for; only they become strings. */
export class RecordFinder {
  readonly #options: RecordOptions
  /** What is left over of the bytes so far, in pieces. */
  #rest: Buffer[] = []
  #restBytes = 0
  /** Whether the rest is of a line over the cap, which is passed over. */
  #passing = false
  #passingFound = false
  #passingHead = ''
  /** Until there are so many bytes there is no use in looking for the end of a record again. */
  #again = 0

  constructor(options: RecordOptions) {
    this.#options = options
  }

  /** @param bytes - may be reused when this returns; what is in the room before them is overwritten */
  push(bytes: Uint8Array): FoundRecord[] {
    const found: FoundRecord[] = []
    const { maxBytes, joined } = this.#options
    if (this.#restBytes + bytes.length < this.#again) {
      this.#leave(bytes, false)
      return found
    }
    let region = this.#behindRest(bytes)
    if (this.#passing) {
      const feed = region.indexOf(lineFeed)
      if (feed < 0) {
        this.#passOn(region)
        return found
      }
      this.#endPassing(region.subarray(0, feed), found)
      region = region.subarray(feed + 1)
    }
    region = region.subarray(beginningOf(region, 0, region.length))
    const whole = region.lastIndexOf(lineFeed) + 1
    let done = joined && whole > 0 ? closedUntil(region, whole) : whole
    // A record over the cap ends with a line of its own.
    if (done === 0 && region.length > maxBytes) done = whole
    this.#collect(region, done, whole, found)
    if (whole === 0 && region.length > maxBytes) {
      this.#passing = true
      this.#passingHead = headOf(region, 0)
      this.#passOn(region)
      return found
    }
    this.#leave(region.subarray(done), true)
    this.#again = done > 0 ? 0 : Math.min(region.length * 2, Math.max(region.length, maxBytes) + 1)
    return found
  }

  /** The records that are there, though lines that belong to the last one may follow. */
  settle(): FoundRecord[] {
    const found: FoundRecord[] = []
    if (this.#passing) return found
    const region = this.#behindRest()
    const whole = region.lastIndexOf(lineFeed) + 1
    this.#collect(region, whole, whole, found)
    this.#leave(region.subarray(whole), true)
    this.#again = 0
    return found
  }

  /** The last line needs no line feed. */
  end(): FoundRecord[] {
    const found: FoundRecord[] = []
    const region = this.#behindRest()
    if (this.#passing) this.#endPassing(region, found)
    else if (region.length > 0) {
      const whole = region.at(-1) === lineFeed ? region : Buffer.concat([region, Buffer.of(lineFeed)])
      this.#collect(whole, whole.length, whole.length, found)
    }
    this.#leave(Buffer.alloc(0), true)
    return found
  }

  /** The rest, and more bytes behind it: in place where there is room for it. */
  #behindRest(bytes: Uint8Array = new Uint8Array()): Buffer {
    if (this.#restBytes > roomBefore(bytes)) return Buffer.concat([...this.#rest, bytes])
    const region = Buffer.from(bytes.buffer, bytes.byteOffset - this.#restBytes, this.#restBytes + bytes.length)
    let at = 0
    for (const piece of this.#rest) at += piece.copy(region, at)
    return region
  }

  #leave(bytes: Uint8Array, only: boolean): void {
    if (only) {
      this.#rest = []
      this.#restBytes = 0
    }
    if (bytes.length > 0) this.#rest.push(Buffer.from(bytes))
    this.#restBytes += bytes.length
  }

  /** Records that begin before `done`; their lines may go on up to `whole`. */
  #collect(bytes: Buffer, done: number, whole: number, found: FoundRecord[]): void {
    const { find, maxBytes, joined } = this.#options
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
        const lines = joined ? joinedWith(bytes, pieceAt(bytes, start, end), whole) : [{ start, end }]
        for (const { start: lineStart } of lines) if (lineStart > start) taken.add(lineStart)
        found.push(end - start > maxBytes ? { head: headOf(bytes, start) } : { text: lines.map((line) => textOf(bytes, line)).join('\n') })
      }
      hit = next(end + 1)
    }
  }

  /** Of a line over the cap only the overlap is kept while the rest is searched. */
  #passOn(region: Buffer): void {
    this.#passingFound ||= this.#options.find(region, 0, region.length) >= 0
    this.#leave(region.subarray(Math.max(0, region.length - this.#options.overlap)), true)
    this.#again = 0
  }

  #endPassing(region: Buffer, found: FoundRecord[]): void {
    this.#passingFound ||= this.#options.find(region, 0, region.length) >= 0
    if (this.#passingFound) found.push({ head: this.#passingHead })
    this.#passing = false
    this.#passingFound = false
  }
}

function headOf(bytes: Buffer, start: number): string {
  return bytes.toString('utf8', start, start + headBytes)
}

function textOf(bytes: Buffer, { start, end }: Pick<Piece, 'start' | 'end'>): string {
  const from = beginningOf(bytes, start, end)
  return bytes.toString('utf8', from, bytes[end - 1] === 13 && end > from ? end - 1 : end)
}

/**
 * Where a line begins, behind a hole, which a writer that does not append leaves, of any size, when its file is cut, and behind UTF-8's
 * byte order mark, which Windows puts before the first.
 */
function beginningOf(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] === 0) at++
  return at + 3 <= end && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf ? at + 3 : at
}
