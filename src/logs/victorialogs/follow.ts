import { setTimeout as sleep } from 'node:timers/promises'
import { SpanlogError, type SpanlogErrorCode } from '../../errors.js'
import { identityOf } from '../order.js'
import { type LogRequest, verdictDraft } from '../query.js'
import type { LogEntry, LogGap } from '../types.js'
import type { VictoriaAccess } from './session.js'
import { readTrace } from './trace.js'

const pauseMs = 2_000
/** How far a query goes back behind the end of the one before it: lines may arrive late. */
const overlapNano = 60_000_000_000n
/** How long VictoriaLogs may fail before following it ends. */
const maxOutageMs = 600_000
/** These will not pass. */
const final = new Set<SpanlogErrorCode>(['VICTORIALOGS_UNAUTHORIZED', 'VICTORIALOGS_REFUSED'])

/**
 * The lines of a trace as they are written, by one query after the other: what `tail` does on the server, it does by queries too, and
 * lines that arrive late it leaves out.
 *
 * @throws SpanlogError what the queries throw, where it will not pass, has lasted too long, or came at the very beginning
 */
export async function* followTrace(access: VictoriaAccess, request: LogRequest): AsyncGenerator<LogEntry | LogGap, void> {
  // The window of the spans ends with them; a trace that is followed goes on.
  const endless: VictoriaAccess = { ...access, settings: { ...access.settings, traces: undefined } }
  const { signal } = request
  /** What was yielded of the time that is asked for again. */
  const seen = new Map<string, bigint>()
  let reached: bigint | undefined
  let failingSince: number | undefined
  for (;;) {
    if (signal?.aborted) return
    const from = reached === undefined ? request.from : reached - overlapNano
    const draft = verdictDraft({ from, to: undefined })
    try {
      for await (const entry of fresh(readTrace(endless, { ...request, from }, draft), seen)) {
        if (signal?.aborted) return
        if (!entry.mention || request.mentions) yield entry
      }
      failingSince = undefined
    } catch (error) {
      if (signal?.aborted) return
      failingSince ??= Date.now()
      const isFinal = !(error instanceof SpanlogError) || final.has(error.code) || Date.now() - failingSince > maxOutageMs
      if (isFinal || reached === undefined) throw error
    }
    if (failingSince === undefined) {
      const missing = draft.reasons.find(({ code }) => code === 'VICTORIALOGS_LINES_MISSING')
      if (missing !== undefined)
        yield { gap: true, ...missing, fromUnixNano: draft.from ?? 0n, toUnixNano: draft.to ?? 0n, refilled: false }
      reached = draft.to ?? 0n
      for (const [identity, time] of seen) if (time < reached - overlapNano) seen.delete(identity)
    }
    // oxlint-disable-next-line promise/prefer-await-to-then -- an abort ends the pause early, and is seen by the loop
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}

/** Entries that were not seen before; equal ones are told apart by their number. */
async function* fresh(entries: AsyncIterable<LogEntry>, seen: Map<string, bigint>): AsyncGenerator<LogEntry, void> {
  const equals = new Map<string, number>()
  for await (const entry of entries) {
    const identity = identityOf(entry)
    const number = equals.get(identity) ?? 0
    equals.set(identity, number + 1)
    const key = `${identity} ${number}`
    if (seen.has(key)) continue
    seen.set(key, entry.timeUnixNano ?? 0n)
    yield entry
  }
}
