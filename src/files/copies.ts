import { open } from 'node:fs/promises'
import { chunkBuffers, fileChunks, readAt } from './chunks.js'
import type { ListedFile } from './paths.js'

/** What rotation puts behind a name: a number or a date, and how the file is packed. */
const rotated = /^(?=.)(?:[.-]\d[\w.-]*?)?(?:\.gz|\.zst)?$/

/** Those of which rotation may have made the file, as their names say. */
export function originalsOf(path: string, listed: readonly ListedFile[]): ListedFile[] {
  return listed.filter((other) => other.regular && path.startsWith(other.path) && rotated.test(path.slice(other.path.length)))
}

/**
 * How long the content of a file is, unpacked, if all of it stands at the beginning of another one: it was copied from that one, which
 * is still there. It is compared byte by byte, which ends at the first that differs.
 *
 * @returns undefined where it is no copy, is empty, or either cannot be read
 */
export async function copiedBytes(
  copy: { fd: number; path: string },
  original: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const handle = await open(original).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    let position = 0
    let beside = Buffer.alloc(0)
    for await (const chunk of fileChunks(copy.fd, copy.path, chunkBuffers(1 << 18), signal)) {
      if (beside.length < chunk.length) beside = Buffer.allocUnsafeSlow(chunk.length)
      const length = await readAt(handle.fd, beside, chunk.length, position)
      if (length < chunk.length || beside.compare(chunk, 0, chunk.length, 0, length) !== 0) return undefined
      position += chunk.length
    }
    return position === 0 ? undefined : position
  } catch {
    signal?.throwIfAborted()
    return undefined
  } finally {
    await handle.close()
  }
}

/** Whether a file is a copy that rotation made of another one that is listed. */
export async function hasOriginal(file: ListedFile, listed: readonly ListedFile[], signal: AbortSignal | undefined): Promise<boolean> {
  const originals = file.regular ? originalsOf(file.path, listed) : []
  if (originals.length === 0) return false
  const handle = await open(file.path)
  try {
    for (const original of originals) {
      if ((await copiedBytes({ fd: handle.fd, path: file.path }, original.path, signal)) !== undefined) return true
    }
    return false
  } finally {
    await handle.close()
  }
}
