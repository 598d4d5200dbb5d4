import type { Stats } from 'node:fs'
import { mkdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** A process that died holding the lock must not stop all others. */
const staleMs = 10_000

/**
 * Moves a file out of the way, if it is full: `spans.jsonl` becomes `spans.jsonl.1`, that `.2`, and the one past `maxFiles` is gone. Of
 * several processes one does it; who has the file open still appends to it where it has gone, and nothing is lost.
 *
 * @param maxFiles - rotated ones to keep
 */
export async function rotate(filePath: string, maxFiles: number, isFull: (file: Stats) => boolean): Promise<void> {
  const lock = `${filePath}.lock`
  for (let tries = 0; !(await taken(lock)); tries++) {
    // Nothing but a rename stands between two batches of spans and the disk: better a file too long than spans lost.
    if (tries >= 100) return
    await wait(20)
  }
  try {
    const current = await stat(filePath).catch(() => undefined)
    if (current === undefined || !isFull(current)) return
    await rm(`${filePath}.${maxFiles}`, { force: true })
    for (let n = maxFiles - 1; n >= 1; n--) await renameIfThere(`${filePath}.${n}`, `${filePath}.${n + 1}`)
    await rename(filePath, `${filePath}.1`)
  } finally {
    await rmdir(lock).catch(() => undefined)
  }
}

/** A folder is made by one process only, on every file system. */
async function taken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > staleMs) await rmdir(lock).catch(() => undefined)
    return false
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
  }
}
