import { SpanlogError } from '../../errors.js'
import { readEntry } from '../entry.js'
import type { LogRequest, VerdictDraft } from '../query.js'
import type { LogEntry } from '../types.js'
import { defaultLength, spansWindow, type Window, windowOf, windowsBefore } from '../window.js'
import { traceSieve } from './logsql.js'
import { concludeWindow, guardWindow, session, type VictoriaAccess } from './session.js'

/** All lines of a trace. */
export function readTrace(access: VictoriaAccess, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  return session(access, request, draft, async function* (reader) {
    const now = BigInt(Date.now()) * 1_000_000n
    const { filter, sought } = traceSieve(request.forms, access.settings.text)
    const ofSpans = await spansWindow(access.settings.traces, request, now)
    const window = ofSpans ?? windowOf(request, defaultLength.trace, now, 0n)
    Object.assign(draft, { from: window.from, to: window.provenTo })
    let found = false

    async function* entriesIn({ from, to }: Pick<Window, 'from' | 'to'>): AsyncGenerator<LogEntry, void> {
      for await (const line of reader.lines(filter, from, to)) {
        const reading = readEntry(line, request.forms)
        if (reading.kind !== 'other') found = true
        if ('entry' in reading) yield reading.entry
        else if (reading.kind === 'unreadable') draft.skipped++
      }
    }

    await guardWindow(access, reader, request, draft, window)
    yield* entriesIn(window)
    let note = ofSpans === undefined ? '' : "; the window is that of the trace's spans, an hour wider at both ends"
    if (!found && ofSpans === undefined && request.from === undefined) {
      note = '; older lines were not asked for: give a start (from, --from)'
      for (const before of windowsBefore(window, 0n)) {
        try {
          await guardWindow(access, reader, request, draft, { ...before, provenTo: before.to })
          yield* entriesIn(before)
        } catch (error) {
          // Nobody asked for so wide a window: that it is too much says nothing against the one before it.
          if (found || !(error instanceof SpanlogError) || error.code === 'ABORTED') throw error
          note = `; older lines could not be asked for (${error.code}): give a start (from, --from)`
          break
        }
        window.from = before.from
        draft.from = before.from
        if (found) break
      }
    } else if (!found) {
      note += '; lines outside of it were not asked for: give another start (from, --from)'
    }
    await concludeWindow(access, reader, draft, window, { sought, found, note, to: request.to })
  })
}
