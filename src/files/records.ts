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

  /**
   * Records come one by one, so that few are there at a time. All are to be taken before anything else is asked for.
   *
   * @param bytes - may be reused when the last one was taken; what is in the room before them is overwritten
   */
  *push(bytes: Uint8Array): Generator<FoundRecord, void> {
    const { maxBytes, joined } = this.#options
    if (this.#restBytes + bytes.length < this.#again) {
      this.#leave(bytes, false)
      return
    }
    let region = this.#behindRest(bytes)
    if (this.#passing) {
      const feed = region.indexOf(lineFeed)
      if (feed < 0) {
        this.#passOn(region)
        return
      }
      yield* this.#endPassing(region.subarray(0, feed))
      region = region.subarray(feed + 1)
    }
    region = region.subarray(beginningOf(region, 0, region.length))
    const whole = region.lastIndexOf(lineFeed) + 1
    let done = joined && whole > 0 ? closedUntil(region, whole) : whole
    // A record over the cap ends with a line of its own.
    if (done === 0 && region.length > maxBytes) done = whole
    yield* this.#collect(region, done, whole)
    if (whole === 0 && region.length > maxBytes) {
      this.#passing = true
      this.#passingHead = headOf(region, 0)
      this.#passOn(region)
      return
    }
    this.#leave(region.subarray(done), true)
    this.#again = done > 0 ? 0 : Math.min(region.length * 2, Math.max(region.length, maxBytes) + 1)
  }

  /** The records that are there, though lines that belong to the last one may follow. */
  *settle(): Generator<FoundRecord, void> {
    if (this.#passing) return
    const region = this.#behindRest()
    const whole = region.lastIndexOf(lineFeed) + 1
    yield* this.#collect(region, whole, whole)
    this.#leave(region.subarray(whole), true)
    this.#again = 0
  }

  /** The last line needs no line feed. */
  *end(): Generator<FoundRecord, void> {
    const region = this.#behindRest()
    if (this.#passing) yield* this.#endPassing(region)
    else if (region.length > 0) {
      const whole = region.at(-1) === lineFeed ? region : Buffer.concat([region, Buffer.of(lineFeed)])
      yield* this.#collect(whole, whole.length, whole.length)
    }
    this.#leave(Buffer.alloc(0), true)
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
  *#collect(bytes: Buffer, done: number, whole: number): Generator<FoundRecord, void> {
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
        yield end - start > maxBytes ? { head: headOf(bytes, start) } : { text: lines.map((line) => textOf(bytes, line)).join('\n') }
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

  *#endPassing(region: Buffer): Generator<FoundRecord, void> {
    this.#passingFound ||= this.#options.find(region, 0, region.length) >= 0
    if (this.#passingFound) yield { head: this.#passingHead }
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
