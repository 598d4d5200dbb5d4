import { Writable } from 'node:stream'
import { callbackify } from 'node:util'
import { unexpected } from '../../src/errors.js'
import { Pusher } from './pusher.js'
import { type LokiTransportOptions, lokiSettings, refuseOthers } from './settings.js'
import type { LokiStats } from './stats.js'

/** Sends each line that is written to it. */
export class LokiStream extends Writable {
  readonly #pusher: Pusher
  readonly #close = callbackify(() => this.#pusher.close())
  /** The beginning of a line whose end has not come. */
  #rest = ''

  /** @throws SpanlogError INVALID_URL, INVALID_OPTION, SPOOL_UNUSABLE */
  constructor(options: LokiTransportOptions) {
    if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
    refuseOthers('spanlog/loki', options)
    super({ decodeStrings: false })
    this.#pusher = new Pusher(lokiSettings(options))
  }

  /** What was done so far. */
  stats(): LokiStats {
    return this.#pusher.stats()
  }

  /** Sends what waits; calls back when all of it was sent, or a try has failed, after which it is tried again. */
  flush(callback: () => void = () => undefined): void {
    callbackify(() => this.#pusher.flush())(callback)
  }

  /** Lines are on disk when they were written. */
  flushSync(): void {}

  override _write(chunk: string | Buffer, _: unknown, callback: () => void): void {
    const lines = (this.#rest + chunk.toString()).split('\n')
    this.#rest = lines.pop() ?? ''
    this.#pusher.write(lines.filter((line) => line !== ''))
    callback()
  }

  override _final(callback: () => void): void {
    if (this.#rest !== '') this.#pusher.write([this.#rest])
    this.#close(callback)
  }

  /** Also where it is destroyed without an end: lines stay on disk for the next process, and so do those under way. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#close(() => callback(error))
  }
}
