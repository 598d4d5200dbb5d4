import fs from 'node:fs'

/** Every so often files are looked at, whether or not the system tells of a change: over a network it does not. */
const pollMs = 500
/** A burst of changes is one. */
const settleMs = 20

/** Waits for changes in folders. */
export class Changes {
  readonly #watchers = new Map<string, fs.FSWatcher>()
  #changed = false
  #wake: (() => void) | undefined

  watch(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue
      try {
        const watcher = fs.watch(folder, { persistent: false }, () => this.notify())
        watcher.on('error', () => watcher.close())
        this.#watchers.set(folder, watcher)
      } catch {
        // Too many watches, or a file system without them: polling will do.
      }
    }
  }

  notify(): void {
    this.#changed = true
    this.#wake?.()
  }

  /** Until something has changed, it is time to look, or the signal is aborted. */
  async next(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#changed && !signal?.aborted) await this.#pause(pollMs, signal, true)
    if (this.#changed && !signal?.aborted) await this.#pause(settleMs, signal, false)
    this.#changed = false
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #pause(ms: number, signal: AbortSignal | undefined, wakes: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
      if (wakes) this.#wake = done
    })
  }
}
