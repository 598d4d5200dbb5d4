import type { RemoteSocket } from '../../remote/socket.js'
import { type LokiLine, readTail } from './answers.js'
import type { LokiAccess } from './session.js'

/** What a tail tells. */
export type TailEvent =
  | { kind: 'lines'; lines: LokiLine[] }
  /** Loki did not keep up: it left out lines of these times. */
  | { kind: 'dropped'; from: bigint; to: bigint }
  /** Nobody read for so long that lines were left out here. */
  | { kind: 'overflow' }
  | { kind: 'closed'; why: string }

/** Of lines that wait for a slow reader. */
const maxWaiting = 20_000

/** The websockets of several queries, heard as one. Ends for good with the first of them. */
export class Tail {
  readonly #events: TailEvent[] = []
  readonly #sockets: RemoteSocket[] = []
  readonly #ending = new AbortController()
  #waiting = 0
  #wake: () => void = () => undefined

  /**
   * Opens them all.
   *
   * @returns whether all of them are open; else the tail is closed, and says why
   */
  async open({ loki }: LokiAccess, queries: readonly string[], signal: AbortSignal): Promise<boolean> {
    // Loki sends what it has since then, so that nothing is lost while it begins to listen.
    const start = `${Date.now() - 10_000}000000`
    signal.addEventListener('abort', () => this.close(), { once: true, signal: this.#ending.signal })
    const opened = await Promise.all(
      queries.map((query) =>
        loki.openSocket(
          {
            path: '/loki/api/v1/tail',
            params: { query, start },
            headers: { 'x-loki-response-encoding-flags': 'categorize-labels' },
            signal: this.#ending.signal,
          },
          { text: (text) => this.#hear(text), ended: (why) => this.#end(why) },
        ),
      ),
    )
    this.#sockets.push(...opened.filter((socket) => socket !== undefined))
    return this.#sockets.length === queries.length && !this.#ending.signal.aborted
  }

  /** The next event; `undefined` where there is none until `ms` have passed, or the signal is aborted. */
  async next(ms: number, signal: AbortSignal): Promise<TailEvent | undefined> {
    if (this.#events.length === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        const wake = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.#wake = wake
        signal.addEventListener('abort', wake, { once: true })
      })
    }
    const event = this.#events.shift()
    if (event?.kind === 'lines') this.#waiting -= event.lines.length
    return event
  }

  close(): void {
    this.#ending.abort()
    for (const socket of this.#sockets) socket.close()
  }

  #hear(text: string): void {
    try {
      const { lines, dropped } = readTail(JSON.parse(text))
      if (lines.length > 0) this.#add({ kind: 'lines', lines })
      if (dropped !== undefined) this.#add({ kind: 'dropped', ...dropped })
    } catch {
      this.#end('it sent what is no answer of Loki')
    }
  }

  #end(why: string): void {
    if (this.#ending.signal.aborted) return
    this.close()
    this.#add({ kind: 'closed', why })
  }

  #add(event: TailEvent): void {
    this.#waiting += event.kind === 'lines' ? event.lines.length : 0
    if (this.#waiting > maxWaiting) {
      this.#events.length = 0
      this.#waiting = 0
      this.#events.push({ kind: 'overflow' })
    } else this.#events.push(event)
    this.#wake()
  }
}
