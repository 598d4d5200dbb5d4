import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SpanlogError } from '../errors.js'
import { openPipe } from '../files/pipe.js'

/** Files that can be read as often as needed. */
export interface Spool {
  files: string[]
  /** Removes what was copied. */
  remove: () => Promise<void>
}

/**
 * Copies standard input (`-`) and each pipe among the files into a temporary folder, which only this user can read; other files stay
 * what they are. An abort ends the copy with what there is.
 *
 * @throws SpanlogError FILE_UNREADABLE where a pipe cannot be copied, such as on a full disk
 */
export async function spoolPipes(files: readonly string[], signal: AbortSignal): Promise<Spool> {
  const copies = new Map<string, string>()
  let folder: string | undefined
  const remove = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    for (const file of new Set(files)) {
      if (!(await isPipe(file))) continue
      folder ??= await mkdtemp(path.join(tmpdir(), 'spanlog-'))
      const copy = path.join(folder, file === '-' ? 'standard-input' : `pipe-${copies.size + 1}`)
      await copyTo(copy, file === '-' ? process.stdin : openPipe(file, signal), signal)
      copies.set(file, copy)
    }
  } catch (cause) {
    await remove()
    const problem = `a pipe could not be copied to a temporary file: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new SpanlogError('FILE_UNREADABLE', problem, { cause, remedy: 'save it to a file, and give that' })
  }
  return { files: files.map((file) => copies.get(file) ?? file), remove }
}

async function isPipe(file: string): Promise<boolean> {
  if (file === '-') return true
  // What cannot be looked at is for the readers to report.
  const stats = await stat(file).catch(() => undefined)
  return stats !== undefined && !stats.isFile() && !stats.isDirectory()
}

async function copyTo(copy: string, input: Readable, signal: AbortSignal): Promise<void> {
  const output = createWriteStream(copy, { mode: 0o600 })
  const closed = new Promise<void>((resolve) => output.once('close', () => resolve()))
  try {
    await pipeline(input, output, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    // An abort does not wait for the file to be opened: it would appear in a folder that is being removed.
    await closed
  }
}
