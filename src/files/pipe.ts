import fs from 'node:fs'
import type { Readable } from 'node:stream'

/**
 * A pipe's bytes. One that nobody writes to holds a thread until somebody opens it for that, and with the thread the whole process: on
 * an abort that is us.
 */
export function openPipe(path: string, signal: AbortSignal | undefined): Readable {
  signal?.throwIfAborted()
  const stream = fs.createReadStream(path)
  const release = (): void => {
    try {
      if (stream.pending) fs.closeSync(fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK))
    } catch {
      // Who may not write to it waits on: a second Ctrl-C ends the process.
    }
  }
  signal?.addEventListener('abort', release, { once: true })
  stream.once('open', () => signal?.removeEventListener('abort', release))
  stream.once('error', () => signal?.removeEventListener('abort', release))
  return stream
}
