import fs from 'node:fs'
import path from 'node:path'
import { reasonOf, SpanlogError } from '../../errors.js'
import { chunkBuffers, fileChunks, streamChunks } from '../../files/chunks.js'
import { hasOriginal } from '../../files/copies.js'
import { type OpenFile, recordsOf } from '../../files/each.js'
import { type ListedFile, listFiles, unreadable } from '../../files/paths.js'
import type { FoundRecord, RecordOptions } from '../../files/records.js'
import { streamedRecords } from '../../files/streamed.js'
import { type Bookmark, Tail } from '../../files/tail.js'
import { Changes } from '../../files/watch.js'
import type { LogRequest } from '../query.js'
import type { LogEntry, LogGap } from '../types.js'
import { type FileReadOptions, recordsWith } from './gather.js'
import { NewLines } from './new-lines.js'
import { traceWanted } from './read.js'
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
  /** What was once listed and is not read again: packed files, pipes, what cannot be read. */
  readonly #done = new Set<string>()
  readonly #told = new Set<string>()
  /** What streams have brought and nobody has taken yet. */
  readonly #streamed: { at: string; records: readonly FoundRecord[]; taken: () => void }[] = []
  #gaps: LogGap[] = []
  #started = false

  constructor(options: FileReadOptions, request: LogRequest) {
    this.#options = options
    this.#lines = new NewLines(traceWanted(request, { mentions: 0 }), options.memoryBytes, (at) => this.#skipped(at))
    this.#looked = recordsWith(request.forms.needles, options.maxLineBytes)
    this.#signal = request.signal
  }

  async *entries(): AsyncGenerator<LogEntry | LogGap, void> {
    while (!this.#signal?.aborted) {
      await this.#round()
      this.#started = true
      yield* this.#gaps.splice(0)
      for await (const entry of this.#lines.taken()) {
        if (this.#signal?.aborted) return
        yield entry
      }
      await this.#changes.next(this.#signal)
    }
  }

  async close(): Promise<void> {
    this.#changes.close()
    await this.#lines.close()
    await Promise.all([...this.#tails.values(), ...[...this.#copies.values()].map(({ copy }) => copy)].map((tail) => tail.close()))
  }

  /** Reads all that is new. */
  async #round(): Promise<void> {
    const failures: SpanlogError[] = []
    const { paths } = this.#options
    if (!this.#started && paths.includes('-')) this.#pump('standard input', streamChunks(process.stdin, 'standard input', this.#signal))
    const named = paths.filter((at) => at !== '-')
    const listed = named.length === 0 ? [] : await listFiles(named, (error) => failures.push(error))
    this.#changes.watch(
      new Set([...listed.map((file) => path.dirname(file.path)), ...named.map((at) => path.dirname(at)), ...folders(named)]),
    )

    // What was written before a file was cut is read first, then what stands in it now.
    const cut = new Map<Tail, Bookmark>()
    for (const tail of this.#tails.values()) {
      const bookmark = await tail.restarted()
      if (bookmark !== undefined) cut.set(tail, bookmark)
    }
    for (const file of listed) await this.#meet(file, listed, cut).catch((error: unknown) => this.#failed(file, error))
    for (const [tail, bookmark] of cut) await this.#wasCut(tail, bookmark)
    for (const [identity, { copy, of, since }] of this.#copies) {
      const isCopy = await copy.isCopyOf(of)
      if (isCopy === true || (isCopy === undefined && Date.now() - since < copyingMs)) continue
      this.#copies.delete(identity)
      this.#tails.set(identity, copy)
    }
    for (const { at, records, taken } of this.#streamed.splice(0)) {
      await this.#lines.add(at, records)
      taken()
    }
    for (const tail of this.#tails.values()) {
      for await (const records of tail.read()) await this.#lines.add(tail.path, records)
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
      this.#pump(file.path, streamChunks(fs.createReadStream(file.path), file.path, this.#signal))
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
    for (const [identity, { copy, of }] of this.#copies) {
      if (of !== tail || refilled !== undefined || !(await copy.isCopyOf(bookmark))) continue
      refilled = copy
      copy.goOnFrom(bookmark)
      this.#copies.delete(identity)
      this.#tails.set(identity, copy)
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

  /** Reads a stream beside everything else. */
  #pump(at: string, chunks: AsyncGenerator<Uint8Array, void>): void {
    const take = async (records: FoundRecord[]): Promise<void> => {
      if (records.length === 0) return
      const taking = new Promise<void>((taken) => this.#streamed.push({ at, records, taken }))
      this.#changes.notify()
      await taking
    }
    streamedRecords(chunks, this.#looked, take).catch((error: unknown) => {
      if (!this.#signal?.aborted) this.#tell(reasonOf(error instanceof SpanlogError ? error : unreadable(at, error)))
      this.#changes.notify()
    })
  }

  #skipped(at: string): void {
    const message = `${at} has a broken or overlong line that holds the ID and cannot be told to be of the trace or not`
    this.#gaps.push({ gap: true, code: 'LINES_SKIPPED', message, refilled: false })
  }

  #failed(file: ListedFile, error: unknown): void {
    // Gone again since it was listed: if it has another name it is met under that one.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    this.#done.add(file.identity)
    this.#tell(reasonOf(error instanceof SpanlogError ? error : unreadable(file.path, error)))
  }

  /** Once, however often it is met. */
  #tell({ code, message }: { code: string; message: string }): void {
    if (this.#told.has(message)) return
    this.#told.add(message)
    this.#gaps.push({ gap: true, code, message, refilled: false })
  }

  async #letGo(listed: ReadonlySet<string>): Promise<void> {
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
  }
}

/** Those of the paths that are folders now. */
function folders(paths: readonly string[]): string[] {
  return paths.filter((at) => fs.statSync(at, { throwIfNoEntry: false })?.isDirectory())
}
