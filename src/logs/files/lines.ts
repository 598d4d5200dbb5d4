import type { Find } from './find.js'

/** A line that `find` chose. */
export interface FoundLine {
  /** Absent where it is longer than the cap. */
  text?: string
}

const lineFeed = 10
const carriageReturn = 13

/**
 * The lines that hold what `find` looks for, in order; only they become strings. The last line needs no line feed.
 *
 * @param chunks - each may be reused by its source as soon as the next one is asked for
 * @param maxBytes - of a line; of a longer one only the overlap is kept while the rest is searched
 * @param overlap - bytes that the longest needle needs to be seen across two chunks: its length less one
 */
export async function* linesWith(
  chunks: AsyncIterable<Uint8Array>,
  find: Find,
  { maxBytes = Number.POSITIVE_INFINITY, overlap = 0 }: { maxBytes?: number; overlap?: number } = {},
): AsyncGenerator<FoundLine, void> {
  // The line that earlier chunks began: its pieces, or, once it is over the cap, its end alone and whether it was chosen.
  let pieces: Buffer[] = []
  let length = 0
  let tooLong = false
  let chosen = false

  function keep(piece: Buffer): void {
    pieces.push(Buffer.from(piece))
    length += piece.length
    if (length <= maxBytes) return
    const all = Buffer.concat(pieces)
    tooLong = true
    chosen ||= find(all, 0, all.length) >= 0
    pieces = [Buffer.from(all.subarray(Math.max(0, all.length - overlap)))]
    // A further piece is searched with the overlap at once: nothing of such a line is collected.
    length = maxBytes
  }

  function finish(piece: Buffer): FoundLine | undefined {
    const line = pieces.length === 0 ? piece : Buffer.concat([...pieces, piece])
    const found = chosen || find(line, 0, line.length) >= 0
    const over = tooLong || line.length > maxBytes
    pieces = []
    length = 0
    tooLong = false
    chosen = false
    if (!found) return undefined
    return over ? {} : { text: textOf(line, 0, line.length) }
  }

  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const first = bytes.indexOf(lineFeed)
    if (first < 0) {
      keep(bytes)
      continue
    }
    const begun = finish(bytes.subarray(0, first))
    if (begun !== undefined) yield begun
    const end = bytes.lastIndexOf(lineFeed) + 1
    for (let hit = find(bytes, first + 1, end); hit >= 0; ) {
      const start = bytes.lastIndexOf(lineFeed, hit - 1) + 1
      const stop = bytes.indexOf(lineFeed, hit)
      yield stop - start > maxBytes ? {} : { text: textOf(bytes, start, stop) }
      hit = find(bytes, stop + 1, end)
    }
    if (end < bytes.length) keep(bytes.subarray(end))
  }
  const last = finish(Buffer.alloc(0))
  if (last !== undefined) yield last
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, bytes[end - 1] === carriageReturn && end > start ? end - 1 : end)
}
