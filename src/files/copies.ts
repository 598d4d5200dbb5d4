import fs from 'node:fs'
import { open } from 'node:fs/promises'
import { chunkBuffers, fileChunks } from './chunks.js'
import { readAt } from './ranges.js'

/**
 * Whether all that a packed file holds stands at the beginning of a plain one: it was packed from that one, which is still there. It is
 * compared byte by byte, which ends at the first that differs; `false` where either cannot be read.
 */
export async function isPackedCopy(packed: { fd: number; path: string }, plain: string, signal: AbortSignal | undefined): Promise<boolean> {
  const handle = await open(plain).catch(() => undefined)
  if (handle === undefined) return false
  try {
    if (fs.fstatSync(packed.fd).size === 0) return false
    let position = 0
    let beside = Buffer.alloc(0)
    for await (const chunk of fileChunks(packed.fd, packed.path, chunkBuffers(1 << 18), signal)) {
      if (beside.length < chunk.length) beside = Buffer.allocUnsafeSlow(chunk.length)
      const length = await readAt(handle.fd, beside, chunk.length, position)
      if (length < chunk.length || beside.compare(chunk, 0, chunk.length, 0, length) !== 0) return false
      position += chunk.length
    }
    return true
  } catch {
    signal?.throwIfAborted()
    return false
  } finally {
    await handle.close()
  }
}
