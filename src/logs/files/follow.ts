import fs from 'node:fs'
import path from 'node:path'
import { reasonOf, SpanlogError } from '../../errors.js'
import { chunkBuffers, fileChunks } from '../../files/chunks.js'
import { hasOriginal } from '../../files/copies.js'
import { type OpenFile, recordsOf } from '../../files/each.js'
import { type ListedFile, listFiles, unreadable } from '../../files/paths.js'
import type { RecordOptions } from '../../files/records.js'
import { type Bookmark, Tail } from '../../files/tail.js'
import { Changes } from '../../files/watch.js'
import type { LogRequest } from '../query.js'
import type { LogEntry, LogGap } from '../types.js'
import { type FileReadOptions, recordsWith } from './gather.js'
import { NewLines } from './new-lines.js'
import { traceWanted } from './read.js'
import { Streams } from './streams.js'
import { isTraceDocument } from './trace-document.js'

/** A file that is listed no more and not written any more is let go of. */
const letGoMs = 10_000
/** How long a file that begins as another one may take to become a copy of it. */
const copyingMs = 2000

/** The lines of a trace that the files hold, then each new one. */
export async function* followFiles(options: FileReadOptions, request: LogRequest): AsyncGenerator<LogEntry | LogGap, void> {
  const followed = new FollowedFiles(options, request)
  try {
    yield* followed.entries()
  } catch (error) {
    if (!request.signal?.aborted) throw error
  } finally {
    await followed.close()
  }
}

class FollowedFiles {
  readonly #options: FileReadOptions
  readonly #lines: NewLines
  readonly #looked: RecordOptions
  readonly #signal: AbortSignal | undefined
  readonly #changes = new Changes()
  readonly #tails = new Map<string, Tail>()
  /** Copies of files that are being followed: read only where the one that they were made of is cut. */
  readonly #copies = new Map<string, { copy: Tail; of: Tail; since: number }>()
  /** What was once listed and is not read again: packed files, pipes. */
  readonly #done = new Set<string>()
  readonly #told = new Set<string>()
  /** Files that cannot be read for now, and what was told of it: they are tried again. */
  readonly #failing = new Map<string, string>()
  readonly #streams: Streams
  #gaps: LogGap[] = []
  #started = false

  constructor(options: FileReadOptions, request: LogRequest) {
    this.#options = options
    this.#lines = new NewLines(traceWanted(request, { mentions: 0 }), options.memoryBytes, (at) => this.#skipped(at))
    this.#looked = recordsWith(request.forms.needles, options.maxLineBytes)
    this.#streams = new Streams(
      this.#looked,
      () => this.#changes.notify(),
      (reason) => this.#tell(reason),
    )
    this.#signal = request.signal
  }

  async *entries(): AsyncGenerator<LogEntry | LogGap, void> {
    while (!this.#signal?.aborted) {
      const isOver = this.#streams.inputEnded && this.#options.paths.every((at) => at === '-')
      let full: SpanlogError | undefined
      try {
        await this.#round()
      } catch (error) {
        if (!isFull(error)) throw error
        full = error
      }
      this.#started = true
      yield* this.#gaps.splice(0)
      for await (const entry of this.#lines.taken()) {
        if (this.#signal?.aborted) return
        yield entry
      }
      if (full !== undefined) throw full
      if (isOver) return
      await this.#changes.next(this.#signal)
    }
  }

  async close(): Promise<void> {
    this.#streams.close()
    this.#changes.close()
    await this.#lines.close()
    await Promise.all([...this.#tails.values(), ...[...this.#copies.values()].map(({ copy }) => copy)].map((tail) => tail.close()))
  }

  /** Reads all that is new. */
  async #round(): Promise<void> {
    const failures: SpanlogError[] = []
    const { paths } = this.#options
    if (!this.#started && paths.includes('-')) void this.#streams.readInput()
    const named = paths.filter((at) => at !== '-')
    const listed = named.length === 0 ? [] : await listFiles(named, (error) => failures.push(error))
    this.#changes.watch(
      new Set([...listed.map((file) => path.dirname(file.path)), ...named.map((at) => path.dirname(at)), ...folders(named)]),
    )

    // What was written before a file was cut is read first, then what stands in it now.
    const cut = new Map<Tail, Bookmark>()
    for (const tail of this.#tails.values()) {
      await this.#apart(tail, async () => {
        const bookmark = await tail.restarted()
        if (bookmark !== undefined) cut.set(tail, bookmark)
      })
    }
    for (const file of listed) await this.#apart(file, () => this.#meet(file, listed, cut))
    for (const [tail, bookmark] of cut) await this.#wasCut(tail, bookmark)
    for (const { copy, of, since } of this.#copies.values()) {
      await this.#apart(copy, async () => {
        const isCopy = await copy.isCopyOf(of)
        if (isCopy !== true && (isCopy === false || Date.now() - since >= copyingMs)) this.#take(copy)
      })
    }
    await this.#streams.moveTo(this.#lines)
    for (const tail of this.#tails.values()) {
      await this.#apart(tail, async () => {
        for await (const records of tail.read()) await this.#lines.add(tail.path, records)
        this.#recovered(tail)
      })
    }
    await this.#letGo(new Set(listed.map(({ identity }) => identity)))
    for (const error of failures) this.#tell(reasonOf(error))
  }

  /** A file that may be new. */
  async #meet(file: ListedFile, listed: readonly ListedFile[], cut: ReadonlyMap<Tail, Bookmark>): Promise<void> {
    const { identity, regular } = file
    if (this.#tails.has(identity) || this.#copies.has(identity) || this.#done.has(identity)) return
    if (!regular) {
      this.#done.add(identity)
      void this.#readPipe(file)
      return
    }
    // Of those that come later packed ones were packed from a file that has been followed, and of others more than that is looked at.
    if (!this.#started && (await hasOriginal(file, listed, this.#signal))) {
      this.#done.add(identity)
      return
    }
    const tail = await Tail.open(file.path, this.#looked)
    if (tail !== undefined && isTraceDocument(tail.head)) {
      this.#done.add(identity)
      await tail.close()
      return
    }
    if (tail === undefined) {
      this.#done.add(identity)
      if (!this.#started) await this.#readPacked(file.path)
      return
    }
    // Copied, and then cut, is how logrotate's copytruncate goes.
    for (const other of this.#started ? this.#tails.values() : []) {
      if ((await tail.isCopyOf(cut.get(other) ?? other)) === false) continue
      this.#copies.set(tail.identity, { copy: tail, of: other, since: Date.now() })
      return
    }
    this.#tails.set(tail.identity, tail)
  }

  async #wasCut(tail: Tail, bookmark: Bookmark): Promise<void> {
    let refilled: Tail | undefined
    for (const { copy, of } of this.#copies.values()) {
      if (of !== tail || refilled !== undefined) continue
      await this.#apart(copy, async () => {
        if (!(await copy.isCopyOf(bookmark))) return
        refilled = copy
        copy.goOnFrom(bookmark)
        this.#take(copy)
      })
    }
    const rest = refilled === undefined ? '' : `; what it held is read on in its copy ${refilled.path}`
    const message = `${tail.path} was cut at ${bookmark.position} bytes or written anew; lines that came in between may be missing${rest}`
    this.#gaps.push({ gap: true, code: 'TRUNCATED', message, refilled: refilled !== undefined })
  }

  async #readPacked(at: string): Promise<void> {
    const handle = await fs.promises.open(at)
    try {
      const file: OpenFile = { path: at, once: false, chunks: () => fileChunks(handle.fd, at, chunkBuffers(), this.#signal) }
      for await (const { records } of recordsOf(file, this.#looked, this.#signal)) await this.#lines.add(at, records)
    } finally {
      await handle.close()
    }
  }

  /** A pipe ends when nobody writes to it any more, and is read again when somebody does. */
  async #readPipe({ path: at, identity }: ListedFile): Promise<void> {
    if (await this.#streams.readPipe(at)) this.#done.delete(identity)
  }

  #skipped(at: string): void {
    const message = `${at} has a broken or overlong line that holds the ID and cannot be told to be of the trace or not`
    this.#gaps.push({ gap: true, code: 'LINES_SKIPPED', message, refilled: false })
  }

  /** Does what concerns one file: where it fails that is told, and tried again with the next round; the others go on. */
  async #apart(file: ListedFile | Tail, step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      if (isFull(error) || this.#signal?.aborted) throw error
      // Gone again since it was listed: if it has another name it is met under that one.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      const reason = reasonOf(error instanceof SpanlogError ? error : unreadable(file.path, error))
      if (this.#failing.get(file.identity) !== reason.message) this.#gaps.push({ gap: true, ...reason, refilled: false })
      this.#failing.set(file.identity, reason.message)
      // A descriptor may be dead where the file is not, as when a network's folder was mounted again.
      if (file instanceof Tail) await file.reopen()
    }
  }

  #recovered({ identity, path: at }: Tail): void {
    if (!this.#failing.delete(identity)) return
    this.#gaps.push({
      gap: true,
      code: 'FILE_UNREADABLE',
      message: `${at} can be read again, and nothing of it was passed over`,
      refilled: true,
    })
  }

  #take(copy: Tail): void {
    this.#copies.delete(copy.identity)
    this.#tails.set(copy.identity, copy)
  }

  /** Once, however often it is met. */
  #tell({ code, message }: { code: string; message: string }): void {
    if (this.#told.has(message)) return
    this.#told.add(message)
    this.#gaps.push({ gap: true, code, message, refilled: false })
  }

  async #letGo(listed: ReadonlySet<string>): Promise<void> {
    // Written anew under another inode, as rsync and editors do: the new file goes on where the old one was read to.
    for (const { copy, of } of this.#copies.values()) {
      if (listed.has(of.identity) || !this.#tails.has(of.identity)) continue
      await this.#apart(copy, async () => {
        if (!(await copy.isCopyOf(of))) return
        copy.goOnFrom(of.bookmark)
        this.#tails.delete(of.identity)
        this.#take(copy)
        await of.close()
        this.#changes.notify()
      })
    }
    for (const [identity, tail] of this.#tails) {
      if (listed.has(identity) || tail.idleMs < letGoMs) continue
      this.#tails.delete(identity)
      await this.#lines.add(tail.path, tail.end())
      await tail.close()
    }
    for (const [identity, { copy }] of this.#copies) {
      if (listed.has(identity)) continue
      this.#copies.delete(identity)
      await copy.close()
    }
    for (const identity of this.#failing.keys()) if (!listed.has(identity) && !this.#tails.has(identity)) this.#failing.delete(identity)
  }
}

/** Those of the paths that are folders now. */
function folders(paths: readonly string[]): string[] {
  return paths.filter((at) => {
    try {
      return fs.statSync(at).isDirectory()
    } catch {
      // The listing tells why.
      return false
    }
  })
}

/** No file's own: nothing more can be taken of any. */
function isFull(error: unknown): error is SpanlogError {
  return error instanceof SpanlogError && error.code === 'TEMPORARY_UNWRITABLE'
}
