import type { Remote } from '../../remote/client.js'
import { clockDoubts } from '../clock.js'
import { refuseCost } from '../cost.js'
import { conclude, type QueryFrame, type VerdictDraft } from '../query.js'
import { isoTime } from '../time.js'
import type { LogEntry } from '../types.js'
import type { Window } from '../window.js'
import type { VictoriaLogsSettings } from './options.js'
import { doubtsOf, VictoriaReader } from './reader.js'

/** A VictoriaLogs, and how to ask it. */
export interface VictoriaAccess {
  remote: Remote
  settings: VictoriaLogsSettings
}

/** @param read - one query of ours; whatever it has under way ends with it */
export async function* session(
  { remote, settings }: VictoriaAccess,
  request: QueryFrame,
  draft: VerdictDraft,
  read: (reader: VictoriaReader) => AsyncGenerator<LogEntry, void>,
): AsyncGenerator<LogEntry, void> {
  const ending = new AbortController()
  const signal = request.signal === undefined ? ending.signal : AbortSignal.any([ending.signal, request.signal])
  try {
    yield* read(new VictoriaReader(remote, settings.selector, { signal, stats: draft.stats }))
  } finally {
    // Pages ahead of a caller who does not read on.
    ending.abort()
  }
}

/**
 * Refuses a window that is dearer than the caller allows; only for that its estimate is asked for.
 *
 * @throws SpanlogError QUERY_TOO_EXPENSIVE
 */
export async function guardWindow(
  { settings }: VictoriaAccess,
  reader: VictoriaReader,
  { maxBytes }: QueryFrame,
  draft: VerdictDraft,
  window: Window,
): Promise<void> {
  if (maxBytes === undefined) return
  const bytes = await reader.estimate(window.from, window.to)
  if (bytes === undefined) return
  draft.stats.estimatedBytes = (draft.stats.estimatedBytes ?? 0) + bytes
  refuseCost('VictoriaLogs', draft.stats.estimatedBytes, maxBytes, settings.selector ?? 'all lines of the tenant', window)
}

/**
 * Says what was found to be missing or unsure, else what the proof holds for.
 *
 * @param to - the end that the caller gives
 * @param found - whether there was any line; where there was none there must be one at least that the selector finds
 */
export async function concludeWindow(
  { remote, settings }: VictoriaAccess,
  reader: VictoriaReader,
  draft: VerdictDraft,
  window: Window,
  { sought, found, to, note = '' }: { sought: string; found: boolean; to: bigint | undefined; note?: string },
): Promise<void> {
  const span = `from ${isoTime(window.from)} to ${isoTime(window.provenTo)}`
  const place = settings.selector ?? 'all lines of the tenant'
  if (!found && !(await reader.findsAny(window.from, window.to))) {
    const message = `VictoriaLogs holds nothing of ${place} ${span}; check the selector and the tenant, or widen the window (from, --from)`
    draft.reasons.push({ code: 'VICTORIALOGS_NO_LINES', message })
  }
  draft.reasons.push(...doubtsOf(reader.shortfalls), ...clockDoubts('VictoriaLogs', remote.clockAheadMs(), to))
  conclude(draft, `${place}, ${sought}, ${span}, as VictoriaLogs held it when asked${note}`)
}
