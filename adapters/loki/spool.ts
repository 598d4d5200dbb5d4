import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { reportFault } from '../../src/context/fault.js'
import { SpanlogError } from '../../src/errors.js'
import type { Entry } from './entry.js'
import { isAbandoned, isRecent, leftName, ownedName } from './owner.js'
import type { Queue } from './queue.js'
import { encodeRecords, recordBytes } from './record.js'
import { Segment } from './segment.js'

const suffix = '.spool1'

export interface SpoolSettings {
  folder: string
  maxBytes: number
  fsync: boolean
}

/**
 * A queue on disk: segments in a folder of this process's own. All of it is synchronous: a line that was appended survives the process,
 * and none waits in memory.
 */
export class Spool implements Queue {
  damaged = 0
  readonly #settings: SpoolSettings
  readonly #segmentBytes: number
  /** Of this process. */
  readonly #folder: string
  /** In the order in which they are sent. */
  readonly #segments: Segment[] = []
  #active: Segment | undefined
  /** Of the latest `peek`. */
  #peeked: Segment | undefined
  #made = 0

  /** @throws SpanlogError SPOOL_UNUSABLE */
  constructor(settings: SpoolSettings) {
    this.#settings = settings
    this.#segmentBytes = Math.min(4 * 1024 * 1024, Math.ceil(settings.maxBytes / 8))
    this.#folder = path.join(settings.folder, ownedName())
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    } catch (cause) {
      throw new SpanlogError('SPOOL_UNUSABLE', `no folder can be made in ${settings.folder}`, { cause })
    }
    this.adopt()
  }

  get waitingBytes(): number {
    return this.#segments.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0)
  }

  get room(): number {
    return this.#settings.maxBytes - this.#segments.reduce((sum, { size }) => sum + size, 0)
  }

  append(entries: readonly Entry[], force = false): number {
    const room = force ? Number.POSITIVE_INFINITY : this.room
    let [count, whole] = [0, 0]
    for (const entry of entries) {
      const bytes = recordBytes(entry)
      if (whole + bytes > room) break
      whole += bytes
      count++
    }
    if (count > 0) this.#write(encodeRecords(count === entries.length ? entries : entries.slice(0, count), whole))
    return count
  }

  #write(records: Buffer): void {
    const { fsync } = this.#settings
    try {
      this.#writable().append(records, fsync)
    } catch (error) {
      // The disk may be full of what was sent already.
      if (this.#active === undefined || this.#active.waitingBytes > 0 || this.#active.sentBytes === 0) throw error
      this.#remove(this.#active)
      this.#writable().append(records, fsync)
    }
  }

  peek(bytes: number): readonly Entry[] {
    for (;;) {
      const segment = this.#segments.find(({ waitingBytes }) => waitingBytes > 0)
      if (segment === undefined) return []
      const before = segment.damaged
      const entries = segment.peek(bytes)
      this.damaged += segment.damaged - before
      this.#peeked = segment
      if (entries.length > 0) return entries
      this.#removeIfSent(segment)
    }
  }

  advance(count: number): void {
    this.#peeked?.advance(count)
    if (this.#peeked !== undefined) this.#removeIfSent(this.#peeked)
  }

  adopt(): void {
    const { folder } = this.#settings
    try {
      const timesTell = this.#showAlive()
      for (const name of readdirSync(folder)) {
        const found = path.join(folder, name)
        const stat = found === this.#folder ? undefined : statSync(found, { throwIfNoEntry: false })
        if (stat?.isDirectory() === true && isAbandoned(name, timesTell ? stat.mtimeMs : undefined)) this.#take(found)
      }
    } catch (error) {
      reportFault('spanlog/loki: the spool of other processes could not be looked through', error)
    }
  }

  close(): void {
    this.#active = undefined
    try {
      for (const segment of this.#segments.splice(0)) {
        if (segment.waitingBytes === 0) segment.remove()
        else segment.close()
      }
      if (readdirSync(this.#folder).length === 0) rmdirSync(this.#folder)
      else renameSync(this.#folder, path.join(this.#settings.folder, leftName()))
    } catch (error) {
      reportFault('spanlog/loki: the spool could not be put away', error)
    }
  }

  /**
   * @returns whether the times of other folders say anything: where this process's own is as old as that of one that is no more, the machine
   *   has slept, or its clock was set, and the others have to get round to showing themselves first
   */
  #showAlive(): boolean {
    const shown = statSync(this.#folder, { throwIfNoEntry: false })
    if (shown === undefined || (this.#active !== undefined && !existsSync(this.#active.file))) {
      // Somebody has cleaned up, or taken it for abandoned: what has a file no more is sent from here, and what comes is to have one.
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      this.#active = undefined
    }
    const now = new Date()
    utimesSync(this.#folder, now, now)
    return shown === undefined || isRecent(shown.mtimeMs)
  }

  /** Its files become this process's own, those written first in front. */
  #take(abandoned: string): void {
    try {
      // Read before it is taken: another user's stays where its like can find it.
      const all = readdirSync(abandoned)
      const names = all.filter((name) => name.endsWith(suffix))
      // Another version's: it finds them here.
      if (names.length === 0 && all.length > 0) return
      // A name of this process in between: killed here, it leaves behind what can be taken again.
      const taken = path.join(this.#settings.folder, ownedName())
      renameSync(abandoned, taken)
      try {
        for (const name of names) this.#takeFile(path.join(taken, name))
        rmdirSync(taken)
      } catch (error) {
        renameSync(taken, path.join(this.#settings.folder, leftName()))
        throw error
      }
    } catch (error) {
      // Somebody else may have been faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') reportFault('spanlog/loki: what a process has left could not be taken', error)
    }
    // Their names begin with the time: Loki takes lines of one stream only within an hour, so the old ones go first.
    this.#segments.sort((a, b) => (path.basename(a.file) < path.basename(b.file) ? -1 : 1))
  }

  #takeFile(file: string): void {
    const segment = new Segment(file, false)
    if (segment.waitingBytes === 0) return segment.remove()
    try {
      segment.moveTo(path.join(this.#folder, path.basename(file)))
    } catch (error) {
      segment.close()
      throw error
    }
    this.#segments.push(segment)
  }

  /** The segment that records are added to. */
  #writable(): Segment {
    if (this.#active === undefined || this.#active.size > this.#segmentBytes) {
      // Somebody may have cleaned up.
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      // As random as the folder's name: files of two processes of one number may begin in the same millisecond, and come to lie in one folder.
      const name = `${Date.now()}-${path.basename(this.#folder).slice(-12)}-${String(this.#made++).padStart(9, '0')}${suffix}`
      const full = this.#active
      this.#active = new Segment(path.join(this.#folder, name), true)
      this.#segments.push(this.#active)
      if (full !== undefined) this.#removeIfSent(full)
    }
    return this.#active
  }

  #removeIfSent(segment: Segment): void {
    if (segment.waitingBytes === 0 && (segment !== this.#active || segment.size > this.#segmentBytes)) this.#remove(segment)
  }

  #remove(segment: Segment): void {
    if (segment === this.#active) this.#active = undefined
    if (segment === this.#peeked) this.#peeked = undefined
    this.#segments.splice(this.#segments.indexOf(segment), 1)
    segment.remove()
  }
}
