import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { runIn } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import { backoffMs } from '../../src/remote/client.js'
import { type Connection, createConnection } from '../../src/remote/connection.js'
import { withoutTracing } from '../instrumented.js'
import { type Entry, pushBody } from './entry.js'
import { Intake } from './intake.js'
import { MemoryQueue } from './memory-queue.js'
import { showAliveMs } from './owner.js'
import { Pauses } from './pauses.js'
import { leaveProcessEnd, watchProcessEnd } from './process-end.js'
import { type Outcome, packed, push } from './push.js'
import type { Queue } from './queue.js'
import { kindOfRefusal, Refusals } from './refusals.js'
import type { LokiSettings } from './settings.js'
import { Spool } from './spool.js'
import { type LokiStats, noStats } from './stats.js'

const maxRetryAfterMs = 600_000

/**
 * Sends what waits in a queue, one batch after the other: the order of lines is kept, and what was not surely taken is sent again just as it was.
 *
 *   write -> queue (disk) -> peek -> push -> taken:   advance
 *                             ^        |---> later:   wait, the same batch again
 *                             |        |---> held:    report, wait longer, the same batch again
 *                             |        `---> refused: the half of it; an entry by itself is counted, and passed over
 *                             `------------------'
 */
export class Pusher {
  readonly #settings: LokiSettings
  /** Takes lines: they are on disk when its `write` returns. */
  readonly intake: Intake
  readonly #queue: Queue
  readonly #refusals = new Refusals()
  readonly #stats: LokiStats = noStats()
  readonly #cancel = new AbortController()
  readonly #running: Promise<void>
  readonly #alive: NodeJS.Timeout
  readonly #pauses = new Pauses()
  readonly #connection: Connection
  /** The process may go on after it, with what others do then; but not for ever, where each time somebody logs that it ends. */
  readonly #processEnd = {
    atEnd: (): void => {
      this.intake.end()
      if (this.#queue.waitingBytes > 0 && this.#ends++ < 2) void this.#sendAtEnd()
    },
    atExit: (): void => this.#queue.close(),
  }
  #ends = 0
  /** When the oldest line came that nobody has tried to send: by a clock that nobody sets. */
  #since = Number.NEGATIVE_INFINITY
  /** Waiting for all to be sent, or for a failure. */
  #flushes: (() => void)[] = []
  #closed: Promise<void> | undefined
  /** Bytes that waited when it was closed. */
  #left: number | undefined
  #failures = 0
  /** At most so many entries are sent at once, while Loki refuses some. */
  #most = Number.POSITIVE_INFINITY
  #withMetadata = true

  constructor(settings: LokiSettings) {
    this.#settings = settings
    // First, since it may throw, and a spool has files open.
    this.#connection = createConnection(settings.remote.tls)
    const { spool, maxBytes, fsync } = settings
    this.#queue = spool === false ? new MemoryQueue(maxBytes) : new Spool({ folder: spool, maxBytes, fsync })
    this.intake = new Intake(settings, this.#queue, this.#stats, (isFirst) => this.#came(isFirst))
    // Not in the context of whichever request logs first: it would be kept for ever, and requests to Loki would be spans of it.
    this.#running = runIn(ROOT_CONTEXT, () => withoutTracing(() => this.#run()))
    watchProcessEnd(this.#processEnd)
    this.#alive = setInterval(() => this.#adopt(), showAliveMs).unref()
  }

  stats(): LokiStats {
    return { ...this.#stats, waitingBytes: this.#left ?? this.#queue.waitingBytes, damaged: this.#queue.damaged }
  }

  /** Sends what waits; resolves when all of it was sent, or a try has failed. */
  flush(): Promise<void> {
    if (this.#cancel.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#flushes.push(resolve)
      this.#pauses.end()
    })
  }

  /** Sends what waits, for as long as the end may take, and leaves the rest to the next process. Never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { spool } = this.#settings
    leaveProcessEnd(this.#processEnd)
    this.intake.end()
    await this.#sendAll()
    clearInterval(this.#alive)
    this.#cancel.abort()
    this.#pauses.end()
    await this.#running
    const lost = spool === false ? this.#queue.peek(Number.MAX_SAFE_INTEGER).length : 0
    this.#left = spool === false ? 0 : this.#queue.waitingBytes
    if (spool === false) this.intake.close()
    this.#queue.close()
    if (lost === 0) return
    this.#stats.dropped += lost
    reportFault('spanlog/loki: lines were not sent before the end', new Error(`${lost} lines; ${this.#stats.problem ?? 'no time'}`))
  }

  async #sendAtEnd(): Promise<void> {
    await this.#sendAll()
    if (this.#queue.waitingBytes > 0) await this.close()
  }

  /** For as long as the end may take. */
  async #sendAll(): Promise<void> {
    const { closeTimeoutMs, minBackoffMs, spool } = this.#settings
    const timer = setTimeout(() => this.#cancel.abort(), closeTimeoutMs)
    while (this.#queue.waitingBytes > 0 && !this.#cancel.signal.aborted) {
      await this.flush()
      // What is on disk can wait for the next process; in memory each try that still fits counts.
      if (this.#failures > 0 && spool !== false) break
      if (this.#failures > 0) await setTimeoutPromise(Math.min(minBackoffMs, closeTimeoutMs))
    }
    clearTimeout(timer)
  }

  async #run(): Promise<void> {
    while (!this.#cancel.signal.aborted) {
      try {
        await this.#due()
        await this.#sendBatch()
      } catch (error) {
        // Of the file system, while reading what waits.
        reportFault('spanlog/loki: what waits could not be read', error)
        this.#failures++
        this.#flushed()
        await this.#pause('retry', this.#settings.maxBackoffMs)
      }
    }
    this.#flushed()
  }

  /** Resolves when a batch is full, or old enough, or wanted. */
  async #due(): Promise<void> {
    for (;;) {
      const { waitingBytes } = this.#queue
      if (waitingBytes === 0) this.#flushed()
      const leftMs = waitingBytes === 0 ? undefined : this.#since + this.#settings.batchAgeMs - performance.now()
      const isWanted = waitingBytes >= this.#settings.batchBytes || (leftMs !== undefined && (leftMs <= 0 || this.#flushes.length > 0))
      if (isWanted || this.#cancel.signal.aborted) return
      await this.#pause('lines', leftMs)
    }
  }

  async #pause(waitsFor: 'lines' | 'retry', ms?: number): Promise<void> {
    if (!this.#cancel.signal.aborted) await this.#pauses.pause(waitsFor, ms)
  }

  #flushed(): void {
    for (const resolve of this.#flushes.splice(0)) resolve()
  }

  async #sendBatch(): Promise<void> {
    const { damaged } = this.#queue
    let batch = this.#queue.peek(this.#settings.batchBytes)
    const found = this.#queue.damaged - damaged
    if (found > 0) this.intake.notice(`${found} records of the spool could not be read; lines may be missing before this one`)
    while (batch.length > 0 && !this.#cancel.signal.aborted) {
      batch = batch.slice(0, this.#most)
      const sent = batch.filter((entry) => !this.#refusals.covers(entry))
      const outcome = sent.length === 0 ? ({ kind: 'taken' } as const) : await this.#push(sent)
      if (outcome.kind === 'taken') return this.#taken(batch.length, sent.length)
      if (outcome.kind === 'refused') {
        const [only] = sent
        if (sent.length === 1 && only !== undefined) return this.#refused(batch.length, only, outcome.why)
        this.#most = Math.ceil(sent.length / 2)
      } else if (outcome.kind === 'metadata' && this.#withMetadata) {
        this.#withMetadata = false
        reportFault('spanlog/loki: this Loki takes no structured metadata (allow_structured_metadata); lines go without')
      } else await this.#later(outcome, sent.length)
    }
  }

  async #push(entries: readonly Entry[]): Promise<Outcome> {
    const { remote, gzip } = this.#settings
    this.#stats.requests++
    const body = await packed(pushBody(entries, this.#withMetadata), gzip)
    return push(this.#connection, remote, body, gzip, this.#cancel.signal)
  }

  #taken(count: number, sent: number): void {
    this.#queue.advance(count)
    this.#stats.sent += sent
    this.#stats.refused += count - sent
    this.#failures = 0
    delete this.#stats.problem
    this.#most = this.#most > 10_000 ? Number.POSITIVE_INFINITY : this.#most * 2
    this.#since = performance.now()
  }

  #refused(count: number, entry: Entry, why: string): void {
    this.#refusals.learn(entry, why)
    this.#queue.advance(count)
    this.#stats.refused += count
    this.#failures = 0
    reportFault(`spanlog/loki: Loki refuses lines that ${kindOfRefusal(why)}`, new Error(why))
  }

  async #later(outcome: Outcome & { kind: 'later' | 'held' | 'metadata' }, sent: number): Promise<void> {
    if (this.#cancel.signal.aborted) return
    const { minBackoffMs, maxBackoffMs } = this.#settings
    this.#failures++
    this.#stats.retries++
    this.#stats.problem = outcome.why
    this.#flushed()
    if (outcome.kind !== 'later') {
      reportFault('spanlog/loki: lines wait until the URL, the credentials or the tenant are corrected', new Error(outcome.why))
      return this.#pause('retry', maxBackoffMs)
    }
    if (this.#failures === 3) reportFault('spanlog/loki: lines wait for Loki', new Error(outcome.why))
    // A push that is larger than what Loki allows at once is never taken whole.
    if (outcome.isRate && this.#failures > 1) this.#most = Math.ceil(sent / 2)
    const growing = backoffMs(this.#failures, minBackoffMs, maxBackoffMs)
    await this.#pause('retry', Math.max(growing, Math.min(outcome.waitMs ?? 0, maxRetryAfterMs)))
  }

  #came(isFirst: boolean): void {
    if (isFirst) this.#since = performance.now()
    if (isFirst || this.#queue.waitingBytes >= this.#settings.batchBytes) this.#pauses.endForLines()
  }

  #adopt(): void {
    const before = this.#queue.waitingBytes
    this.#queue.adopt()
    if (this.#queue.waitingBytes === before) return
    this.#since = Number.NEGATIVE_INFINITY
    this.#pauses.endForLines()
  }
}
