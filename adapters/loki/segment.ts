import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Entry } from './entry.js'
import { decodeRecord } from './record.js'

/** In front of the records: how far they are sent, and the sum of that. */
const headBytes = 8

/** One file of the spool. Records are only ever added at its end; when all of them are sent, it is removed. */
export class Segment {
  readonly file: string
  /** Where the file ends. */
  size: number
  damaged = 0
  readonly #fd: number
  /** Where the first record stands that was not sent. */
  #cursor: number
  /** Where each entry of the latest `peek` ends. */
  #ends: number[] = []

  /** A new file, or one that is there. */
  constructor(file: string, isNew: boolean) {
    this.file = file
    this.#fd = openSync(file, isNew ? 'wx+' : 'r+')
    this.size = fstatSync(this.#fd).size
    this.#cursor = isNew ? headBytes : Math.min(this.#readCursor(), Math.max(this.size, headBytes))
    if (isNew) this.#moveTo(headBytes)
    this.size = Math.max(this.size, headBytes)
  }

  get waitingBytes(): number {
    return this.size - this.#cursor
  }

  /** @throws what the file system throws; the file then ends where it ended before */
  append(records: Buffer, fsync: boolean): void {
    try {
      for (let done = 0; done < records.length; ) done += writeSync(this.#fd, records, done, records.length - done, this.size + done)
      if (fsync) fsyncSync(this.#fd)
    } catch (error) {
      this.#cut()
      throw error
    }
    this.size += records.length
  }

  peek(bytes: number): readonly Entry[] {
    const entries: Entry[] = []
    const from = this.#cursor
    let read = this.#read(from, bytes)
    let first = from
    this.#ends = []
    for (let at = 0; from + at < this.size; ) {
      const decoded = decodeRecord(read, at, this.size - from)
      if (decoded.kind === 'more') {
        if (entries.length > 0) break
        read = this.#read(from, decoded.needed + bytes)
        continue
      }
      if (decoded.kind === 'entry') {
        entries.push(decoded.entry)
        this.#ends.push(from + decoded.end)
      } else if (entries.length > 0) break
      else {
        // Nothing before it waits any more: it is passed over for good, and so counted once.
        this.damaged++
        first = from + decoded.end
      }
      at = decoded.end
    }
    if (first > from) this.#moveTo(first)
    return entries
  }

  advance(count: number): void {
    const end = this.#ends[count - 1]
    if (end === undefined) return
    this.#ends = this.#ends.slice(count)
    this.#moveTo(end)
  }

  close(): void {
    closeSync(this.#fd)
  }

  remove(): void {
    this.close()
    rmSync(this.file, { force: true })
  }

  #cut(): void {
    try {
      ftruncateSync(this.#fd, this.size)
    } catch {
      // The next records are written over it, and it would be told from one by its sum.
    }
  }

  #read(from: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(Math.min(bytes, this.size - from))
    let length = 0
    while (length < buffer.length) {
      const got = readSync(this.#fd, buffer, length, buffer.length - length, from + length)
      if (got === 0) break
      length += got
    }
    return buffer.subarray(0, length)
  }

  #readCursor(): number {
    const head = this.#read(0, headBytes)
    const valid = head.length === headBytes && head.readUInt32LE(4) === crc32(head.subarray(0, 4))
    // What was sent is sent again, and Loki keeps it once.
    return valid ? Math.max(headBytes, head.readUInt32LE(0)) : headBytes
  }

  #moveTo(cursor: number): void {
    this.#cursor = cursor
    const head = Buffer.allocUnsafe(headBytes)
    head.writeUInt32LE(cursor, 0)
    head.writeUInt32LE(crc32(head.subarray(0, 4)), 4)
    writeSync(this.#fd, head, 0, headBytes, 0)
  }
}
