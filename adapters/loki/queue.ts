import type { Entry } from './entry.js'

/** What waits to be sent, in the order in which it was written. */
export interface Queue {
  readonly waitingBytes: number
  /** How many bytes more may wait. */
  readonly room: number
  /** How many records were found damaged so far. */
  readonly damaged: number
  /**
   * Adds what still fits.
   *
   * @param force - beyond the cap, for the few lines that tell of missing ones
   * @returns how many of the entries were kept: the first so many
   * @throws what the file system throws; then none was kept
   */
  append(entries: readonly Entry[], force?: boolean): number
  /** The entries that are next, about so many bytes of them and at least one, if there is one. */
  peek(bytes: number): readonly Entry[]
  /** The first so many of the latest `peek` need not be kept any longer. */
  advance(count: number): void
  /** Takes up what processes have left that are no more. */
  adopt(): void
  /** What still waits on disk is left to the next process. */
  close(): void
}
