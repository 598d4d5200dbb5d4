import { setTimeout as sleep } from 'node:timers/promises'
import { SpanlogError, type SpanlogErrorCode } from '../../errors.js'
import { backoffMs } from '../../remote/client.js'
import { readEntry } from '../entry.js'
import { identityOf, type OrderedEntry } from '../order.js'
import { type LogRequest, verdictDraft } from '../query.js'
import type { LogEntry, LogGap } from '../types.js'
import { queryForms } from './logql.js'
import type { LokiAccess } from './session.js'
import { Tail, type TailEvent } from './tail.js'
import { readTrace } from './trace.js'

/** How often a query looks for what the websocket did not bring, and how often where there is no websocket. */
const sweepMs = { open: 30_000, closed: 2_000 } as const
/** How far a query goes back behind the end of the one before it: lines may arrive late. */
const overlapNano = 60_000_000_000n
/** How long Loki may fail before following it ends. */
const maxOutageMs = 600_000
/** How many of the latest lines are known again. */
const maxSeen = 200_000
/** These will not pass. */
const final = new Set<SpanlogErrorCode>(['LOKI_UNAUTHORIZED', 'LOKI_REFUSED'])
/** What a query may have missed, unlike what a proof does not hold for. */
const missing = new Set(['LOKI_LINES_MISSING', 'LOKI_WARNING'])

/** A stretch of time whose lines may not have come, and why. */
type Missed = Pick<LogGap, 'code' | 'message'> & { from: bigint; to: bigint }

/**
 * The lines of a trace as they are written. Queries are what it rests on; the websocket only makes it prompt. Whatever the websocket
 * did not bring, a query brings: after each break, after lines that Loki says it dropped, and every half minute.
 *
 * ```
 * websocket   open ~~~~~~~~~~x      ~~~~~~~~~
 * queries     |=backfill=|    |=refill=|   |=|
 * yields      lines, lines, gap, lines, lines
 * ```
 *
 * @throws SpanlogError what the queries throw, where it will not pass, has lasted too long, or came at the very beginning
 */
export async function* followTrace(access: LokiAccess, request: LogRequest): AsyncGenerator<LogEntry | LogGap, void> {
  const ending = new AbortController()
  const signal = request.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, request.signal])
  try {
    yield* new Follower(access, request, signal).run()
  } finally {
    ending.abort()
  }
}

class Follower {
  readonly #access: LokiAccess
  readonly #request: LogRequest
  readonly #signal: AbortSignal
  /** What was yielded of late, and its time. */
  readonly #seen = new Map<string, bigint>()
  /** Lines before it may have been forgotten again. */
  #forgotten = 0n
  /** Up to here a query has brought everything. */
  #reached: bigint | undefined
  #failingSince: number | undefined

  constructor(access: LokiAccess, request: LogRequest, signal: AbortSignal) {
    // The window of the spans ends with them; a trace that is followed goes on.
    this.#access = { ...access, settings: { ...access.settings, traces: undefined } }
    this.#request = { ...request, signal }
    this.#signal = signal
  }

  async *run(): AsyncGenerator<LogEntry | LogGap, void> {
    const { selector, metadataNames } = this.#access.settings
    const queries = queryForms(selector, this.#request.forms, metadataNames).map(({ query }) => query)
    let missed: Missed | undefined
    // Before anything is listened to: what is there is not to wait for a websocket, nor wrong credentials.
    yield* this.#sweep(missed)
    for (let tries = 1; !this.#signal.aborted; tries++) {
      const tail = new Tail()
      try {
        const isOpen = await tail.open(this.#access, queries, this.#signal)
        const isWhole = yield* this.#sweep(missed)
        if (isWhole) missed = undefined
        if (isOpen && isWhole) {
          missed = yield* this.#listen(tail)
          tries = 1
        }
      } finally {
        tail.close()
      }
      // Where no websocket opens, queries alone bring the lines, and nothing is missed.
      await pause(missed === undefined && this.#failingSince === undefined ? sweepMs.closed : backoffMs(Math.min(tries, 6)), this.#signal)
    }
  }

  /** Yields what the websocket brings, until it ends. @returns what may have been missed since */
  async *#listen(tail: Tail): AsyncGenerator<LogEntry | LogGap, Missed | undefined> {
    let sweepAt = Date.now() + sweepMs.open
    for (;;) {
      const event = await tail.next(Math.max(0, sweepAt - Date.now()), this.#signal)
      if (this.#signal.aborted) return undefined
      for (const line of event?.kind === 'lines' ? event.lines : []) {
        const reading = readEntry(line, this.#request.forms)
        if ('entry' in reading) yield* this.#once(reading.entry)
      }
      const missed = missedBy(event, this.#reached ?? 0n)
      if (event?.kind === 'closed') return missed
      if (missed === undefined && Date.now() < sweepAt) continue
      if (!(yield* this.#sweep(missed))) return missed
      sweepAt = Date.now() + sweepMs.open
    }
  }

  /**
   * Asks for all lines since the query before, and yields those that are new, behind the gap that they fill.
   *
   * @returns whether the query came to its end
   */
  async *#sweep(missed: Missed | undefined): AsyncGenerator<LogEntry | LogGap, boolean> {
    let from = this.#reached === undefined ? this.#request.from : this.#reached - overlapNano
    if (missed !== undefined && from !== undefined && missed.from < from) from = missed.from
    if (from !== undefined && from < this.#forgotten) from = this.#forgotten
    const request: LogRequest = { ...this.#request, from }
    const draft = verdictDraft(request)
    const refill: LogEntry[] = []
    try {
      for await (const entry of readTrace(this.#access, request, draft)) {
        if (missed === undefined) yield* this.#once(entry)
        else refill.push(entry)
      }
      this.#failingSince = undefined
    } catch (error) {
      if (this.#signal.aborted) return false
      this.#failingSince ??= Date.now()
      const isFinal = !(error instanceof SpanlogError) || final.has(error.code) || Date.now() - this.#failingSince > maxOutageMs
      if (isFinal || this.#reached === undefined) throw error
      return false
    }
    const to = draft.to ?? 0n
    const unsure = draft.reasons.find(({ code }) => missing.has(code))
    const gap = missed ?? (unsure && { ...unsure, from: from ?? draft.from ?? 0n, to })
    if (gap !== undefined) {
      const refilled = unsure === undefined && gap.from >= this.#forgotten
      const { code, message } = gap
      yield { gap: true, code, message, fromUnixNano: gap.from, toUnixNano: gap.to > to ? gap.to : to, refilled }
    }
    for (const entry of refill) yield* this.#once(entry)
    this.#reached = to
    return true
  }

  /** An entry that was not yielded before. */
  *#once(entry: LogEntry): Generator<LogEntry, void> {
    if (entry.mention && !this.#request.mentions) return
    const identity = identityOf(whole(entry))
    if (this.#seen.has(identity)) return
    this.#seen.set(identity, entry.timeUnixNano ?? 0n)
    if (this.#seen.size > maxSeen) this.#forget()
    yield entry
  }

  #forget(): void {
    for (const [identity, time] of this.#seen) {
      this.#seen.delete(identity)
      if (time >= this.#forgotten) this.#forgotten = time + 1n
      if (this.#seen.size <= maxSeen / 2) return
    }
  }
}

/** The websocket tells labels from structured metadata for each line, a query by their names: to know a line again, they are one. */
function whole(entry: LogEntry): OrderedEntry {
  return { ...entry, labels: { ...entry.labels, ...entry.metadata }, metadata: {} }
}

function missedBy(event: TailEvent | undefined, reached: bigint): Missed | undefined {
  const to = BigInt(Date.now()) * 1_000_000n
  switch (event?.kind) {
    case 'closed':
      return { code: 'DISCONNECTED', message: `the websocket ended: ${event.why}`, from: reached, to }
    case 'dropped':
      return { code: 'DROPPED', message: 'Loki dropped lines, since they were not read fast enough', from: event.from, to: event.to }
    case 'overflow':
      return { code: 'DROPPED', message: 'lines were dropped here, since they were not read fast enough', from: reached, to }
    default:
      return undefined
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // oxlint-disable-next-line promise/prefer-await-to-then -- an abort ends the pause early, and is seen by the loop
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
