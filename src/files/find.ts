/** The first byte of the next line that may be wanted, or of what makes it so, in `[from, to)`; -1 where there is none. */
export type Find = (bytes: Uint8Array, from: number, to: number) => number

/** Takes every line. */
export const everyLine: Find = (_bytes, from, to) => (from < to ? from : -1)

/**
 * Searches for several texts at once (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994): the last two bytes of a
 * window tell how far it may move, for most pairs of bytes a whole window. One pass over the bytes, however many needles; with
 * `Buffer.indexOf` each needle costs a pass of its own.
 *
 * @param needles - texts of two bytes or more
 */
export function findAny(needles: readonly string[]): Find {
  const patterns = needles.map((needle) => Buffer.from(needle))
  const window = Math.min(255, ...patterns.map((pattern) => pattern.length))
  const shifts = new Uint8Array(65_536).fill(window - 1)
  for (const pattern of patterns) {
    for (let distance = window - 2; distance >= 0; distance--) {
      const at = pattern.length - 1 - distance
      shifts[pairAt(pattern, at)] = Math.min(distance, shifts[pairAt(pattern, at)] ?? 0)
    }
  }
  return (bytes, from, to) => scan(bytes, from, to, window, shifts, patterns)
}

// The tables come as parameters: read from a closure they cost a sixth more.
function scan(bytes: Uint8Array, from: number, to: number, window: number, shifts: Uint8Array, patterns: readonly Uint8Array[]): number {
  for (let last = from + window - 1; last < to; ) {
    // oxlint-disable-next-line typescript/no-non-null-assertion -- every pair of bytes has a shift, and a check here costs a tenth
    const shift = shifts[bytes[last - 1]! | (bytes[last]! << 8)]!
    if (shift > 0) last += shift
    else if (anyEndsAt(patterns, bytes, from, last)) return last
    else last++
  }
  return -1
}

function pairAt(bytes: Uint8Array, at: number): number {
  return (bytes[at - 1] ?? 0) | ((bytes[at] ?? 0) << 8)
}

// Plain loops: a pair of bytes fits by chance 400 times a megabyte, and callbacks there kept the garbage collector busy.
function anyEndsAt(patterns: readonly Uint8Array[], bytes: Uint8Array, from: number, last: number): boolean {
  for (const pattern of patterns) {
    let left = pattern.length
    const start = last - left + 1
    if (start < from) continue
    while (left > 0 && bytes[start + left - 1] === pattern[left - 1]) left--
    if (left === 0) return true
  }
  return false
}
