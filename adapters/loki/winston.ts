import { Writable } from 'node:stream'
import { callbackify } from 'node:util'
import { reportFault } from '../../src/context/fault.js'
import { isSpanId, isTraceId } from '../../src/context/ids.js'
import { unexpected } from '../../src/errors.js'
import { fieldToUnixNano } from '../../src/logs/time.js'
import { Pusher } from './pusher.js'
import { type LokiTransportOptions, lokiSettings, refuseOthers } from './settings.js'
import type { LokiStats } from './stats.js'

/** A format of winston's, such as `winston.format.json()`. */
export interface WinstonFormat {
  options?: object
  // oxlint-disable-next-line typescript/no-explicit-any -- as logform has it
  transform(info: any, options?: any): any
}

/** What `LokiTransport` takes beside what both transports take: what each transport of winston's does. */
export interface LokiWinstonOptions extends LokiTransportOptions {
  /** Lines of this level and more severe ones. @defaultValue the logger's */
  level?: string
  /** For the text of the line. @defaultValue the logger's */
  format?: WinstonFormat
  /** @defaultValue false */
  silent?: boolean
  /** @defaultValue false */
  handleExceptions?: boolean
  /** @defaultValue false */
  handleRejections?: boolean
}

type Info = Record<string | symbol, unknown>

/** What is needed of the logger that the transport is added to. */
interface Source {
  level?: string
  levels?: Readonly<Record<string, number>>
}

const levelOf = Symbol.for('level')
const messageOf = Symbol.for('message')

/**
 * A transport of winston's that sends each line to Loki. What a line's format hides is not sent: the line is sent as written, and metadata is
 * read from it; of the record itself only the level, the time and the IDs of the trace are taken.
 *
 * Built on Node's streams as winston's own transports are, and not on a class of winston's, so that a service with pino alone can load the module.
 * It never pushes back: a line is on disk, or counted as dropped, when the log call returns. `logged` is emitted for each one that was taken.
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION, SPOOL_UNUSABLE
 * @example
 * ```ts
 * const loki = new LokiTransport({ url: 'http://localhost:3100', service: 'orders', spool: '/var/spool/orders' })
 * const log = winston.createLogger({ transports: [loki] })
 * log.end() // sends what waits; the logger's `finish` says when it is done
 * ```
 */
export class LokiTransport extends Writable {
  level?: string
  format?: WinstonFormat
  silent?: boolean
  handleExceptions?: boolean
  handleRejections?: boolean
  readonly #pusher: Pusher
  readonly #close = callbackify(() => this.#pusher.close())
  #source: Source | undefined

  constructor(options: LokiWinstonOptions) {
    if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
    refuseOthers('LokiTransport', options, ['level', 'format', 'silent', 'handleExceptions', 'handleRejections'])
    super({ objectMode: true })
    const { level, format, silent, handleExceptions, handleRejections } = options
    Object.assign(this, { level, format, silent, handleExceptions, handleRejections })
    this.#pusher = new Pusher(lokiSettings(options))
    this.on('pipe', (source: Source) => (this.#source = source))
    this.on('unpipe', () => void this.flush())
  }

  /** What was done so far. */
  stats(): LokiStats {
    return this.#pusher.stats()
  }

  /** Sends what waits; resolves when all of it was sent, or a try has failed, after which it is tried again. */
  flush(): Promise<void> {
    return this.#pusher.flush()
  }

  /** winston asks for it; lines come by `write`. */
  log(info: Info, callback: () => void): void {
    const line = info[messageOf] ?? info['message']
    const { trace_id: trace, span_id: span, timestamp } = info
    const level = info[levelOf] ?? info['level']
    const known = {
      // A text without an offset is local time, which the machine that reads it does not know; the line was written just now.
      timeUnixNano: (hasOffset(timestamp) ? fieldToUnixNano(timestamp) : undefined) ?? BigInt(Date.now()) * 1_000_000n,
      level: typeof level === 'string' ? level : undefined,
      traceId: typeof trace === 'string' && isTraceId(trace) ? trace : undefined,
      spanId: typeof span === 'string' && isSpanId(span) ? span : undefined,
    }
    this.#pusher.intake.write([typeof line === 'string' ? line : String(line)], known)
    callback()
    // Later, as winston's own transports do: what a listener throws is not for the log call.
    if (this.listenerCount('logged') > 0) setImmediate(() => this.emit('logged', info))
  }

  override _write(info: Info, _: unknown, callback: () => void): void {
    try {
      const written = this.#accepts(info) ? this.#formatted(info) : undefined
      if (written !== undefined) return this.log(written, callback)
    } catch (error) {
      reportFault('spanlog/loki: a line could not be formatted', error)
    }
    callback()
  }

  override _final(callback: () => void): void {
    this.#close(callback)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#close(() => callback(error))
  }

  /** As winston's own transports decide. */
  #accepts(info: Info): boolean {
    if (this.silent === true || (info['exception'] === true && this.handleExceptions !== true)) return false
    const level = this.level ?? this.#source?.level
    const levels = this.#source?.levels
    if (level === undefined || levels === undefined) return true
    return (levels[level] ?? -1) >= (levels[info[levelOf] as string] ?? Number.POSITIVE_INFINITY)
  }

  #formatted(info: Info): Info | undefined {
    if (this.format === undefined) return info
    const written: unknown = this.format.transform({ ...info }, this.format.options)
    return typeof written === 'object' && written !== null ? (written as Info) : undefined
  }
}

function hasOffset(timestamp: unknown): boolean {
  return typeof timestamp === 'number' || (typeof timestamp === 'string' && /^\d+$|(?:Z|[+-]\d\d:?\d\d)$/i.test(timestamp))
}
