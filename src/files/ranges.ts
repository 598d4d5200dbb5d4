import fs from 'node:fs'
import { closedUntil, type FoundRecord, RecordFinder, type RecordOptions } from './records.js'

/** A part of a file that begins and ends where no record goes on. */
export interface Range {
  start: number
  end: number
}

const lineFeed = 10
/** What is looked through at each cut for a place where records end. */
const cutBytes = 1 << 18

export function readAt(fd: number, buffer: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, 0, length, position, (error, bytesRead) => (error === null ? resolve(bytesRead) : reject(error)))
  })
}

/** Cuts a file into ranges of about so many bytes; into fewer where records are that long. */
export async function cutIntoRanges(fd: number, size: number, rangeBytes: number): Promise<Range[]> {
  const ranges: Range[] = []
  // Less than a range, or one cut would be behind the next.
  const buffer = Buffer.allocUnsafeSlow(Math.min(cutBytes, rangeBytes >> 1))
  let start = 0
  for (let near = rangeBytes; near < size - rangeBytes / 2; near += rangeBytes) {
    const length = await readAt(fd, buffer, buffer.length, near)
    const bytes = buffer.subarray(0, length)
    // The first line is a part of one.
    const first = bytes.indexOf(lineFeed) + 1
    const whole = bytes.lastIndexOf(lineFeed) + 1
    const lines = bytes.subarray(first)
    const cut = first > 0 && whole > first ? closedUntil(lines, whole - first) : 0
    if (cut === 0) continue
    ranges.push({ start, end: near + first + cut })
    start = near + first + cut
  }
  ranges.push({ start, end: Number.POSITIVE_INFINITY })
  return ranges
}

/** The records of a range, read synchronously: for a thread of its own, where nothing else waits. */
export function* recordsOfRange(
  fd: number,
  { start, end }: Range,
  options: RecordOptions,
): Generator<{ records: FoundRecord[]; bytes: number }> {
  const finder = new RecordFinder({ ...options, base: start })
  for (let position = start; position < end; ) {
    const space = finder.space()
    const bytes = fs.readSync(fd, space, 0, Math.min(space.length, end - position), position)
    if (bytes === 0) break
    position += bytes
    yield { records: finder.advance(bytes), bytes }
  }
  yield { records: finder.end(), bytes: 0 }
}
