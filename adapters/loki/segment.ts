import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { reportFault } from '../../src/context/fault.js'
import type { Entry } from './entry.js'
import { decodeRecord } from './record.js'

/** In front of the records: how far they are sent, and the sum of that. */
const headBytes = 8

/** One file of the spool. Records are only ever added at its end; when all of them are sent, it is removed. */
export class Segment {
  #file: string
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
    this.#file = file
    this.#fd = openSync(file, isNew ? 'wx+' : 'r+')
    this.#cursor = headBytes
    this.size = headBytes
    try {
      if (isNew) this.#writeCursor()
      else {
        this.size = Math.max(fstatSync(this.#fd).size, headBytes)
        this.#cursor = Math.min(this.#readCursor(), this.size)
      }
    } catch (error) {
      if (isNew) this.remove()
      else this.close()
      throw error
    }
  }

  get file(): string {
    return this.#file
  }

  get waitingBytes(): number {
    return this.size - this.#cursor
  }

  get sentBytes(): number {
    return this.#cursor - headBytes
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
    this.#ends = []
    let base = this.#cursor
    let read = this.#read(base, bytes)
    let at = 0
    let start = base
    while (base + at < this.size) {
      const decoded = at < read.length ? decodeRecord(read, at, this.size - base) : { kind: 'more' as const, needed: at }
      if (decoded.kind === 'more') {
        if (entries.length > 0) break
        base += at
        read = this.#read(base, decoded.needed - at + bytes)
        at = 0
        continue
      }
      if (decoded.kind === 'entry') {
        entries.push(decoded.entry)
        this.#ends.push(base + decoded.end)
      } else {
        if (entries.length > 0) break
        start = base + decoded.end
      }
      at = decoded.end
    }
    // Nothing before it waits any more: what is damaged is passed over for good, and so counted once.
    if (start > this.#cursor) {
      this.damaged++
      this.#passTo(start)
    }
    return entries
  }

  advance(count: number): void {
    const end = this.#ends[count - 1]
    if (end === undefined) return
    this.#ends = this.#ends.slice(count)
    this.#passTo(end)
  }

  moveTo(file: string): void {
    renameSync(this.#file, file)
    this.#file = file
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** Never throws: what is left of it is empty, and removed by whoever takes the folder. */
  remove(): void {
    try {
      this.close()
      rmSync(this.#file, { force: true })
    } catch (error) {
      reportFault('spanlog/loki: a file of the spool could not be removed', error)
    }
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
      if (got === 0) {
        // Somebody has cut the file.
        this.size = from + length
        break
      }
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

  /** Never throws: what cannot be noted is sent again by the next process, and Loki keeps it once. */
  #passTo(cursor: number): void {
    this.#cursor = cursor
    try {
      this.#writeCursor()
    } catch (error) {
      reportFault('spanlog/loki: how far the spool is sent could not be noted', error)
    }
  }

  #writeCursor(): void {
    const head = Buffer.allocUnsafe(headBytes)
    head.writeUInt32LE(this.#cursor, 0)
    head.writeUInt32LE(crc32(head.subarray(0, 4)), 4)
    writeSync(this.#fd, head, 0, headBytes, 0)
  }
}
