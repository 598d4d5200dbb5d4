import { bytesText } from '../cost.js'
import { readEntry } from '../entry.js'
import type { LogRequest, VerdictDraft } from '../query.js'
import type { LogEntry } from '../types.js'
import { defaultLength, spansWindow, type Window, windowOf, windowsBefore } from '../window.js'
import { queryForms } from './logql.js'
import { type LokiAccess, LokiSession } from './session.js'

/** How much more than was asked for may be read unasked, to find a trace that is older than the default window. */
const maxUnaskedBytes = 10e9

/** All lines of a trace. */
export function readTrace(access: LokiAccess, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  return LokiSession.run(access, request, draft, async function* (session) {
    const { selector, traces, metadataNames } = access.settings
    const forms = queryForms(selector, request.forms, metadataNames)
    const queries = forms.map(({ query }) => query)
    const ofSpans = await spansWindow(traces, request, session.now)
    const window = ofSpans ?? windowOf(request, defaultLength.trace, session.now, session.bound)
    Object.assign(draft, { from: window.from, to: window.provenTo })
    let found = false

    async function* entriesIn(part: Pick<Window, 'from' | 'to'>): AsyncGenerator<LogEntry, void> {
      for await (const line of session.lines(queries, part)) {
        const reading = readEntry(line, request.forms)
        if (reading.kind !== 'other') found = true
        if ('entry' in reading) yield reading.entry
        else if (reading.kind === 'unreadable') draft.skipped++
      }
    }

    await session.guard(window, queries.length)
    yield* entriesIn(window)
    let note = ofSpans === undefined ? '' : "; the window is that of the trace's spans, an hour wider at both ends"
    if (!found && ofSpans === undefined && request.from === undefined) {
      note = '; Loki looks no further back'
      for (const before of windowsBefore(window, session.bound)) {
        const bytes = await session.estimate(before, queries.length)
        if (bytes === undefined || bytes > (request.maxBytes ?? maxUnaskedBytes)) {
          const cost = bytes === undefined ? 'Loki does not say what it costs' : `Loki would read about ${bytesText(bytes)}`
          note = `; older lines were not asked for, since ${cost}: give a start (from, --from 30d)`
          break
        }
        window.from = before.from
        draft.from = before.from
        yield* entriesIn(before)
        note = '; older lines were not asked for: give a start (from, --from)'
        if (found) break
      }
    } else if (!found) {
      note += '; lines outside of it were not asked for: give another start (from, --from)'
    }
    await session.conclude(window, forms.map(({ finds }) => finds).join(', and '), { found, note })
  })
}
