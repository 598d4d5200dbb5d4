import { crc32 } from 'node:zlib'
import type { Entry } from './entry.js'

/*
 * A record of the spool:
 *
 *   1e | length, 4 bytes | crc32 of payload, begun with length, 4 bytes | labels, as JSON \n value, as JSON
 *
 * Lengths and sums are little-endian. JSON holds neither a raw 1e nor a raw newline, so where a record is damaged the next one is
 * found by looking for its first byte.
 */

const mark = 0x1e
const headBytes = 9

/** How long the record of an entry is. */
export function recordBytes({ labels, value }: Entry): number {
  return headBytes + Buffer.byteLength(labels) + 1 + Buffer.byteLength(value)
}

/**
 * The records of entries, one behind the other.
 *
 * @param whole - how long they are, where that is known
 */
export function encodeRecords(entries: readonly Entry[], whole = entries.reduce((sum, entry) => sum + recordBytes(entry), 0)): Buffer {
  const bytes = Buffer.allocUnsafe(whole)
  let at = 0
  for (const { labels, value } of entries) {
    const length = bytes.write(`${labels}\n${value}`, at + headBytes)
    bytes[at] = mark
    bytes.writeUInt32LE(length, at + 1)
    bytes.writeUInt32LE(sumOf(bytes, at, length), at + 5)
    at += headBytes + length
  }
  return bytes
}

/** What stands at a place of a segment. */
export type Decoded =
  | { kind: 'entry'; entry: Entry; end: number }
  /** Not a record; the next one may begin at `end`. */
  | { kind: 'damage'; end: number }
  /** A record that may go on behind the bytes: at least so many are needed to tell. */
  | { kind: 'more'; needed: number }

/**
 * Reads what stands at `at`.
 *
 * @param whole - how many bytes the segment has from the first of `bytes` on, some of which may not have been read
 */
export function decodeRecord(bytes: Buffer, at: number, whole: number): Decoded {
  if (bytes[at] !== mark || at + headBytes > whole) return { kind: 'damage', end: nextMark(bytes, at) }
  if (at + headBytes > bytes.length) return { kind: 'more', needed: at + headBytes }
  const length = bytes.readUInt32LE(at + 1)
  const end = at + headBytes + length
  if (end > whole) return { kind: 'damage', end: nextMark(bytes, at) }
  if (end > bytes.length) return { kind: 'more', needed: end }
  if (bytes.readUInt32LE(at + 5) !== sumOf(bytes, at, length)) return { kind: 'damage', end: nextMark(bytes, at) }
  const payload = bytes.toString('utf8', at + headBytes, end)
  const newline = payload.indexOf('\n')
  return { kind: 'entry', entry: { labels: payload.slice(0, newline), value: payload.slice(newline + 1) }, end }
}

function nextMark(bytes: Buffer, at: number): number {
  const found = bytes.indexOf(mark, at + 1)
  return found === -1 ? bytes.length : found
}

function sumOf(bytes: Buffer, at: number, length: number): number {
  return crc32(bytes.subarray(at + headBytes, at + headBytes + length), length)
}
