import { type FileHandle, open } from 'node:fs/promises'
import { SpanlogError } from '../errors.js'
import { fileChunks, searchedBuffers, streamChunks } from './chunks.js'
import { copiedBytes, originalsOf } from './copies.js'
import { identityOf, type ListedFile, listFiles, unreadable } from './paths.js'
import { openPipe } from './pipe.js'
import { type FoundRecord, RecordFinder, type RecordOptions } from './records.js'

/** A file while it is open. */
export interface OpenFile {
  path: string
  /** Its bytes from the start, unpacked. */
  chunks(): AsyncIterable<Uint8Array>
  /** A pipe or standard input gives its bytes once only. */
  once: boolean
}

/** Records of a chunk, and how many bytes were read for them. */
interface Scanned {
  /** All are to be taken before the next chunk is asked for. */
  records: Iterable<FoundRecord>
  bytes: number
  /** How the file begins; with its first chunk. Valid until the next is asked for. */
  head?: Uint8Array
}

interface EachOptions {
  signal: AbortSignal | undefined
  /** Gets what could not be read. */
  fail: (error: SpanlogError) => void
  /** Gets a file that rotation has copied from another one that is visited: it is not visited itself. Else it is. */
  copy?: (path: string) => void
}

const standardInput = '-'
/** How often the folder is listed again because files moved between the listing and the opening. */
const maxListings = 5

/**
 * Visits each file under the paths, one after the other. A file is known by its inode: rotation gives it another name, and its name
 * to another file, between listing and opening. `-` is standard input.
 *
 * @param visit - one that throws ends the visit of this file only
 * @throws the signal's reason, nothing else
 */
export async function eachFile(
  paths: readonly string[],
  { signal, fail, copy }: EachOptions,
  visit: (file: OpenFile) => Promise<void>,
): Promise<void> {
  const buffers = searchedBuffers()
  /** With the bytes that were read of each. */
  const opened = new Map<string, number>()
  const unopened = new Map<string, ListedFile>()

  if (paths.includes(standardInput)) {
    await guarded({ path: 'standard input', chunks: () => streamChunks(process.stdin, 'standard input', signal), once: true })
  }
  const named = paths.filter((path) => path !== standardInput)
  for (let listing = 1; ; listing++) {
    const unlisted: SpanlogError[] = []
    let moved = false
    const listed = await listFiles(named, (error) => unlisted.push(error))
    for (const file of listed) {
      signal?.throwIfAborted()
      if (opened.has(file.identity)) continue
      unopened.set(file.identity, file)
      const identity = await openAndVisit(file, listed)
      moved ||= identity !== file.identity
    }
    for (const identity of opened.keys()) unopened.delete(identity)
    if (moved && listing < maxListings) continue
    for (const error of unlisted) fail(error)
    for (const { path } of unopened.values()) {
      fail(new SpanlogError('FILE_UNREADABLE', `${path} was listed, but gone under every name when it was to be opened`))
    }
    signal?.throwIfAborted()
    return
  }

  /** @returns the identity of what was opened; `undefined` where nothing has the name any more */
  async function openAndVisit(file: ListedFile, listed: readonly ListedFile[]): Promise<string | undefined> {
    const { path } = file
    if (!file.regular) {
      await guarded({ path, chunks: () => streamChunks(openPipe(path, signal), path, signal), once: true })
      opened.set(file.identity, 0)
      return file.identity
    }
    let handle: FileHandle
    try {
      handle = await open(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      fail(unreadable(path, error))
      opened.set(file.identity, 0)
      return file.identity
    }
    try {
      const identity = identityOf(await handle.stat({ bigint: true }))
      if (opened.has(identity)) return identity
      let bytes = copy && (await originalVisited({ fd: handle.fd, path }, listed))
      if (bytes === undefined) {
        let read = 0
        const chunks = async function* (): AsyncGenerator<Uint8Array, void> {
          read = 0
          for await (const chunk of fileChunks(handle.fd, path, buffers, signal)) {
            read += chunk.length
            yield chunk
          }
        }
        bytes = (await guarded({ path, chunks, once: false })) ? read : 0
      } else {
        copy?.(path)
      }
      opened.set(identity, bytes)
      return identity
    } finally {
      await handle.close()
    }
  }

  /**
   * Visits what a file was copied from in its stead, and at once: copytruncate empties it when the copy is complete.
   *
   * @returns how many bytes the file has; `undefined` where it is no copy, or its original held less by then
   */
  async function originalVisited(file: { fd: number; path: string }, listed: readonly ListedFile[]): Promise<number | undefined> {
    for (const original of originalsOf(file.path, listed)) {
      const bytes = await copiedBytes(file, original.path, signal)
      if (bytes === undefined) continue
      const identity = await openAndVisit(original, listed)
      if (identity !== undefined && (opened.get(identity) ?? 0) >= bytes) return bytes
    }
    return undefined
  }

  async function guarded(file: OpenFile): Promise<boolean> {
    try {
      await visit(file)
      return true
    } catch (error) {
      signal?.throwIfAborted()
      fail(error instanceof SpanlogError ? error : unreadable(file.path, error))
      return false
    }
  }
}

/** The records of an open file that are looked for. */
export async function* recordsOf(file: OpenFile, options: RecordOptions, signal: AbortSignal | undefined): AsyncGenerator<Scanned, void> {
  const finder = new RecordFinder(options)
  let begun = false
  for await (const chunk of file.chunks()) {
    signal?.throwIfAborted()
    yield { records: finder.push(chunk), bytes: chunk.length, ...(!begun && { head: chunk }) }
    begun = true
  }
  yield { records: finder.end(), bytes: 0 }
}
