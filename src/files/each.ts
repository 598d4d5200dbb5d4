import fs from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SpanlogError } from '../errors.js'
import { chunkBuffers, fileChunks, streamChunks } from './chunks.js'
import { identityOf, type ListedFile, listFiles, unreadable } from './paths.js'

/** A file while it is open. */
export interface OpenFile {
  path: string
  /** Its bytes from the start, decompressed. */
  chunks(): AsyncIterable<Uint8Array>
  /** A pipe or standard input gives its bytes once only. */
  once: boolean
}

const standardInput = '-'
/** How often the folder is listed again because files moved between the listing and the opening. */
const maxListings = 5

/**
 * Visits each file under the paths, one after the other. A file is known by its inode: rotation gives it another name, and its name
 * to another file, between listing and opening. `-` is standard input.
 *
 * @param fail - gets what could not be read; a visit that throws ends the visit of this file only
 * @throws the signal's reason, nothing else
 */
export async function eachFile(
  paths: readonly string[],
  { signal, fail }: { signal: AbortSignal | undefined; fail: (error: SpanlogError) => void },
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
    for (const file of await listFiles(named, (error) => unlisted.push(error))) {
      signal?.throwIfAborted()
      if (opened.has(file.identity)) continue
      unopened.set(file.identity, file)
      const identity = await openAndVisit(file)
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
  async function openAndVisit(file: ListedFile): Promise<string | undefined> {
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
      if (!opened.has(identity)) await guarded({ path, chunks: () => fileChunks(handle.fd, path, buffers, signal), once: false })
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
