import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { LokiTransportOptions } from './settings.js'
import { LokiStream } from './stream.js'

const tellEveryMs = 1_000

/**
 * A stream that sends each line written to it to Loki, and the pino transport target of `spanlog/loki`.
 *
 * As a target it works in pino's worker thread, alone or beside others, and as the end of a pipeline. Its counts come once a second, when they
 * change, as the event `stats` of the transport.
 *
 * A line that the logger handed over stands in the spool, on disk, before it is sent; what a process that ends or is killed leaves there, the next one
 * that uses the folder sends. See docs/shipping.md for what is lost when.
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION, SPOOL_UNUSABLE; of a transport as its event `error`
 * @example
 * ```ts
 * const transport = pino.transport({
 *   target: 'spanlog/loki',
 *   options: { url: 'http://localhost:3100', service: 'orders', spool: '/var/spool/orders' },
 * })
 * transport.on('stats', ({ waitingBytes }) => gauge.record(waitingBytes))
 * const log = pino(transport)
 * ```
 */
export function lokiStream(options: LokiTransportOptions): LokiStream {
  if (!isPinoWorker()) return new LokiStream(options)
  const stream = new StreamInWorker(withoutPinos(options))
  tell(stream)
  return stream
}

/** Beside the lines, pino's worker gets messages. */
class StreamInWorker extends LokiStream {
  #isFirst = true

  constructor(options: LokiTransportOptions) {
    super(options)
    const hear = (message: { code?: unknown } | undefined): void => {
      if (message?.code !== 'PINO_CONFIG') return
      parentPort?.off('message', hear)
      this.emit('message', message)
    }
    parentPort?.on('message', hear)
  }

  /** The names of the levels were sent before the first line, but another way: a turn of the loop brings them. */
  override _write(chunk: string | Buffer, encoding: unknown, callback: () => void): void {
    if (!this.#isFirst) return super._write(chunk, encoding, callback)
    this.#isFirst = false
    setImmediate(() => setImmediate(() => super._write(chunk, encoding, callback)))
  }

  override flush(callback?: () => void): void {
    // The first line may wait for its turn.
    if (this.writableLength > 0 && !this.writableEnded) this.write('', () => super.flush(callback))
    else super.flush(callback)
  }
}

/** pino's worker threads are those of thread-stream. */
function isPinoWorker(): boolean {
  const data = workerData as { workerData?: { $context?: { threadStreamVersion?: unknown } } } | undefined
  return !isMainThread && data?.workerData?.$context?.threadStreamVersion !== undefined
}

/** What `pino.transport` puts among a target's options. */
function withoutPinos(options: LokiTransportOptions): LokiTransportOptions {
  const pinos = new Set(['$context', 'pinoWillSendConfig', 'levels', 'dedupe'])
  return Object.fromEntries(Object.entries(options).filter(([name]) => !pinos.has(name))) as unknown as LokiTransportOptions
}

function tell(stream: LokiStream): void {
  let told = ''
  const post = (): void => {
    const stats = stream.stats()
    const now = JSON.stringify(stats)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- between threads there is none
    if (now !== told) parentPort?.postMessage({ code: 'EVENT', name: 'stats', args: stats })
    told = now
  }
  const timer = setInterval(post, tellEveryMs).unref()
  stream.once('finish', () => {
    clearInterval(timer)
    post()
  })
}
