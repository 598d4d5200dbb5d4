/** The first byte of the next line that may be wanted, or of what makes it so, in `[from, to)`; -1 where there is none. */
export type Find = (bytes: Buffer, from: number, to: number) => number

/** Takes every line. */
export const everyLine: Find = (_bytes, from, to) => (from < to ? from : -1)

const wordBytes = 4
/** One word in a thousand looks like one of a pattern and is none. */
const tableBits = 16
/** Knuth's: the golden ratio of 2^32. */
const spread = 0x9e3779b1

/** @param needles - texts that are not empty */
export function findAny(needles: readonly string[]): Find {
  const patterns = needles.map((needle) => Buffer.from(needle))
  const shortest = Math.min(...patterns.map((pattern) => pattern.length))
  return shortest < 2 * wordBytes - 1 ? findEach(patterns) : findSampled(patterns, shortest - wordBytes + 1)
}

/** A pass over the bytes for each. */
function findEach(patterns: readonly Buffer[]): Find {
  return (bytes, from, to) => {
    const within = bytes.subarray(0, to)
    const found = patterns.map((pattern) => within.indexOf(pattern, from)).filter((at) => at >= 0)
    return found.length === 0 ? -1 : Math.min(...found)
  }
}

/**
 * Looks at one word of four bytes in each stride, and only where one is of a pattern at the patterns:
 *
 *     bytes    |....|           |....|           |....|           |....|      looked at: one word in 16 bytes
 *     pattern           0af7651916cd43dd8448eb211c80319c                      19 bytes or more hold one, wherever they stand
 *
 * However many patterns there are it is one pass, of which no step waits for the one before, as it does where each tells how far to
 * skip (Boyer-Moore, Wu-Manber: three times as long, in text full of digits).
 *
 * @param stride - what the shortest pattern is longer than a word, and one: so far every word of it may be the one that is looked at
 */
function findSampled(patterns: readonly Buffer[], stride: number): Find {
  const table = new Uint8Array(1 << tableBits)
  for (const pattern of patterns) {
    const view = viewOf(pattern)
    for (let at = 0; at < stride; at++) table[Math.imul(view.getInt32(at), spread) >>> (32 - tableBits)] = 1
  }
  let viewed: Buffer | undefined
  let view = viewOf(Buffer.alloc(0))
  return (bytes, from, to) => {
    if (viewed !== bytes) {
      viewed = bytes
      view = viewOf(bytes)
    }
    const last = to - wordBytes
    for (let at = nextWord(view, from, last, stride, table); at >= 0; at = nextWord(view, at + stride, last, stride, table)) {
      const found = patternAround(patterns, bytes, Math.max(from, at - stride + 1), at, to)
      if (found >= 0) return found
    }
    return -1
  }
}

// The table comes as a parameter: read from a closure it costs a sixth more. Four words at once cost a fifth less than one by one.
function nextWord(view: DataView, from: number, last: number, stride: number, table: Uint8Array): number {
  let at = from
  for (const lastFour = last - 3 * stride; at <= lastFour; at += 4 * stride) {
    const any =
      isMarked(table, view.getInt32(at)) |
      isMarked(table, view.getInt32(at + stride)) |
      isMarked(table, view.getInt32(at + 2 * stride)) |
      isMarked(table, view.getInt32(at + 3 * stride))
    if (any !== 0) break
  }
  for (; at <= last; at += stride) if (isMarked(table, view.getInt32(at)) !== 0) return at
  return -1
}

function isMarked(table: Uint8Array, word: number): number {
  // oxlint-disable-next-line typescript/no-non-null-assertion -- the table has an element for each result
  return table[Math.imul(word, spread) >>> (32 - tableBits)]!
}

/** Where the first pattern begins that begins in `[from, until]` and ends before `to`. */
function patternAround(patterns: readonly Buffer[], bytes: Buffer, from: number, until: number, to: number): number {
  for (let at = from; at <= until; at++) {
    for (const pattern of patterns) {
      if (bytes[at] !== pattern[0] || at + pattern.length > to) continue
      let same = 1
      while (same < pattern.length && bytes[at + same] === pattern[same]) same++
      if (same === pattern.length) return at
    }
  }
  return -1
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
