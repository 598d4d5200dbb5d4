import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { callbackify } from 'node:util'
import { unexpected } from '../../src/errors.js'
import { Pusher } from './pusher.js'
import { type LokiTransportOptions, lokiSettings, refuseOthers } from './settings.js'
import type { LokiStats } from './stats.js'

/** Sends each line that is written to it. */
export class LokiStream extends Writable {
  readonly #pusher: Pusher
  readonly #close = callbackify(() => this.#pusher.close())
  readonly #longest: number
  /** A character may come in two pieces. */
  readonly #decoder = new StringDecoder()
  /** The beginning of a line whose end has not come. */
  #rest = ''

  /** @throws SpanlogError INVALID_URL, INVALID_OPTION, SPOOL_UNUSABLE */
  constructor(options: LokiTransportOptions) {
    if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
    refuseOthers('spanlog/loki', options)
    super({ decodeStrings: false })
    const settings = lokiSettings(options)
    this.#longest = settings.maxBytes
    this.#pusher = new Pusher(settings)
    // pino tells each of its streams how it is set up.
    this.on('message', (message: unknown) => {
      const names = levelNamesIn(message)
      if (names !== undefined) this.#pusher.intake.nameLevels(names)
    })
  }

  /** What was done so far. */
  stats(): LokiStats {
    return this.#pusher.stats()
  }

  /** Sends what waits; calls back when all of it was sent, or a try has failed, after which it is tried again. */
  // No default for the callback: pino's worker counts the parameters, and waits for none of a flush that has none.
  flush(callback?: () => void): void {
    callbackify(() => this.#pusher.flush())(() => callback?.())
  }

  /** Lines are on disk when they were written. */
  flushSync(): void {}

  override _write(chunk: string | Buffer, _: unknown, callback: () => void): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(chunk)
    const end = text.lastIndexOf('\n')
    if (end !== -1) {
      const lines = (this.#rest + text.slice(0, end)).split('\n')
      this.#rest = ''
      this.#pusher.intake.write(lines.filter((line) => line !== ''))
    }
    this.#rest += text.slice(end + 1)
    // No line is longer than all that may wait: this one is dropped, and counted, in pieces.
    if (this.#rest.length > this.#longest) this.#writeRest()
    callback()
  }

  override _final(callback: () => void): void {
    this.#rest += this.#decoder.end()
    this.#writeRest()
    this.#close(callback)
  }

  /** Also where it is destroyed without an end: lines stay on disk for the next process, and so do those under way. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#close(() => callback(error))
  }

  #writeRest(): void {
    if (this.#rest !== '') this.#pusher.intake.write([this.#rest])
    this.#rest = ''
  }
}

/** What pino's `PINO_CONFIG` says of levels: their names, by number. */
function levelNamesIn(message: unknown): Readonly<Record<string, string>> | undefined {
  return (message as { config?: { levels?: { labels?: Record<string, string> } } } | null)?.config?.levels?.labels
}
