import fs from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SpanlogError } from '../errors.js'
import { chunkBuffers, fileChunks, streamChunks } from './chunks.js'
import { isPackedCopy } from './copies.js'
import { packingOf } from './packed.js'
import { identityOf, type ListedFile, listFiles, unreadable } from './paths.js'
import { readAt } from './ranges.js'
import { RecordFinder } from './records.js'
import type { Scanned, Scanner } from './scan.js'

/** A file while it is open. */
export interface OpenFile {
  path: string
  /** Its bytes from the start, unpacked. */
  chunks(): AsyncIterable<Uint8Array>
  /** A pipe or standard input gives its bytes once only. */
  once: boolean
  /** Of a regular file. */
  fd?: number
}

interface EachOptions {
  signal: AbortSignal | undefined
  /** Gets what could not be read. */
  fail: (error: SpanlogError) => void
  /** Gets a packed file whose content is in the plain file beside it: it is not visited. Else it is. */
  copy?: (path: string, plain: string) => void
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
  const buffers = chunkBuffers()
  const opened = new Set<string>()
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
      if (identity !== undefined) opened.add(identity)
    }
    for (const identity of opened) unopened.delete(identity)
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
      await guarded({ path, chunks: () => streamChunks(fs.createReadStream(path), path, signal), once: true })
      return file.identity
    }
    let handle: FileHandle
    try {
      handle = await open(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      fail(unreadable(path, error))
      return file.identity
    }
    try {
      const identity = identityOf(await handle.stat({ bigint: true }))
      if (opened.has(identity)) return identity
      const plain = copy && listed.find((other) => other.regular && isPackedName(path, other.path))
      if (plain !== undefined && (await isPackedCopy({ fd: handle.fd, path }, plain.path, signal))) copy?.(path, plain.path)
      else await guarded({ path, chunks: () => fileChunks(handle.fd, path, buffers, signal), once: false, fd: handle.fd })
      return identity
    } finally {
      await handle.close()
    }
  }

  async function guarded(file: OpenFile): Promise<void> {
    try {
      await visit(file)
    } catch (error) {
      signal?.throwIfAborted()
      fail(error instanceof SpanlogError ? error : unreadable(file.path, error))
    }
  }
}

function isPackedName(path: string, plain: string): boolean {
  return path === `${plain}.gz` || path === `${plain}.zst`
}

/**
 * The records of an open file that a scanner looks for: of a plain one by position, of others as they are unpacked.
 *
 * @throws SpanlogError FILE_MALFORMED where it cannot be unpacked or became shorter meanwhile, FILE_UNREADABLE
 */
export async function* recordsOf(file: OpenFile, scanner: Scanner, signal: AbortSignal | undefined): AsyncGenerator<Scanned, void> {
  const head = Buffer.alloc(10)
  if (file.fd !== undefined && packingOf(head.subarray(0, await readAt(file.fd, head, head.length, 0)), file.path) === 'none') {
    const { size } = fs.fstatSync(file.fd)
    let read = 0
    for await (const scanned of scanner.scan(file.fd, size)) {
      signal?.throwIfAborted()
      read += scanned.bytes
      yield scanned
    }
    if (read < size) throw new SpanlogError('FILE_MALFORMED', `${file.path} was cut from ${size} to ${read} bytes while it was read`)
    return
  }
  const finder = new RecordFinder(scanner.options)
  for await (const chunk of file.chunks()) {
    signal?.throwIfAborted()
    yield { records: finder.push(chunk), bytes: chunk.length }
  }
  yield { records: finder.end(), bytes: 0 }
}
