import { type NextMarked, samplerIn, slotOf, tableBytes, wordBytes } from './sampled-memory.js'

/** The first byte of the next line that may be wanted, or of what makes it so, in `[from, to)`; -1 where there is none. */
export type Find = (bytes: Buffer, from: number, to: number) => number

/** Takes every line. */
export const everyLine: Find = (_bytes, from, to) => (from < to ? from : -1)

/** In words. Each stride is compiled by itself. */
const longestStride = 64

/** @param needles - texts that are not empty */
export function findAny(needles: readonly string[]): Find {
  const patterns = needles.map((needle) => Buffer.from(needle))
  const shortest = Math.min(...patterns.map((pattern) => pattern.length))
  return shortest < 2 * wordBytes - 1
    ? findEach(patterns)
    : findSampled(patterns, Math.min(shortest - wordBytes + 1, longestStride * wordBytes))
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
 * Looks at one aligned word of four bytes in each stride, and only where one is of a pattern at the patterns:
 *
 *     bytes    |....|           |....|           |....|           |....|      looked at: one word in 16 bytes
 *     pattern           0af7651916cd43dd8448eb211c80319c                      19 bytes or more hold one, wherever they stand
 *
 * However many patterns there are it is one pass, of which no step waits for the one before, as it does where each tells how far to
 * skip (Boyer-Moore, Wu-Manber: three times as long, in text full of digits).
 *
 * @param starts - what the shortest pattern is longer than a word, and one, or less: at so many places of each pattern a word begins, and any
 *   of them may be the one that is looked at
 */
function findSampled(patterns: readonly Buffer[], starts: number): Find {
  const stride = Math.floor(starts / wordBytes)
  const table = new Uint8Array(tableBytes)
  const known = new Set<number>()
  for (const pattern of patterns) {
    for (let at = 0; at < starts; at++) {
      const word = wordsOf(new Uint8Array(pattern.subarray(at, at + wordBytes)).buffer)[0] as number
      known.add(word)
      table[slotOf(word)] = 1
    }
  }
  let memory: ArrayBufferLike | undefined
  let words: Int32Array = new Int32Array()
  let next = samplerOf(words)
  return (bytes, from, to) => {
    const { buffer, byteOffset } = bytes
    if (memory !== buffer) {
      memory = buffer
      words = wordsOf(buffer)
      next = samplerIn(buffer) ?? samplerOf(words)
    }
    // Shifts, not divisions, or the compiler takes the places for fractions, and the loop twice the time.
    const last = ((byteOffset + to) >>> 2) - 1
    for (let word = (byteOffset + from + 3) >>> 2; ; word += stride) {
      word = next(word, last, stride, table)
      if (word < 0) return -1
      if (!known.has(words[word] as number)) continue
      const at = word * wordBytes - byteOffset
      const found = patternAround(patterns, bytes, Math.max(from, at - starts + 1), at, to)
      if (found >= 0) return found
    }
  }
}

function wordsOf(memory: ArrayBufferLike): Int32Array {
  return new Int32Array(memory, 0, Math.floor(memory.byteLength / wordBytes))
}

/** Where there is no WebAssembly, and for bytes that streams bring in memory of their own. */
function samplerOf(words: Int32Array): NextMarked {
  return (from, last, stride, table) => nextMarked(words, from, last, stride, table)
}

// The table comes as a parameter: read from a closure it costs a sixth more. Four words at once cost a fifth less than one by one.
function nextMarked(words: Int32Array, from: number, last: number, stride: number, table: Uint8Array): number {
  let at = from
  for (const lastFour = last - 3 * stride; at <= lastFour; at += 4 * stride) {
    const any =
      isMarked(table, words[at] as number) |
      isMarked(table, words[at + stride] as number) |
      isMarked(table, words[at + 2 * stride] as number) |
      isMarked(table, words[at + 3 * stride] as number)
    if (any !== 0) break
  }
  for (; at <= last; at += stride) if (isMarked(table, words[at] as number) !== 0) return at
  return -1
}

function isMarked(table: Uint8Array, word: number): number {
  return table[slotOf(word)] as number
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
