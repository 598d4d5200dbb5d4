import { bytesText } from '../cost.js'
import { readEntry } from '../entry.js'
import type { LogRequest, VerdictDraft } from '../query.js'
import type { LogEntry } from '../types.js'
import { defaultLength, spansWindow, type Window, windowOf, windowOfId, windowsBefore } from '../window.js'
import type { LokiLine } from './answers.js'
import { queryForms } from './logql.js'
import { type LokiAccess, LokiSession } from './session.js'

/** How much more than was asked for may be read unasked, to find a trace that is older than the default window. */
const maxUnaskedBytes = 10e9
/** After so long no older window is begun unasked. */
const maxUnaskedMs = 20_000

/** All lines of a trace. */
export function readTrace(access: LokiAccess, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  return LokiSession.run(access, request, draft, async function* (session) {
    const { selector, traces, metadataNames } = access.settings
    const forms = queryForms(selector, request.forms, metadataNames)
    const queries = forms.map(({ query }) => query)
    const ofSpans = await spansWindow(traces, request, session.now)
    const ofId = ofSpans === undefined ? windowOfId(request, session.now, session.bound) : undefined
    let window = ofSpans ?? ofId ?? windowOf(request, defaultLength.trace, session.now, session.bound)
    let found = false

    async function* entriesOf(portions: AsyncIterable<LokiLine[]>): AsyncGenerator<LogEntry[], void> {
      for await (const lines of portions) {
        const entries: LogEntry[] = []
        for (const line of lines) {
          const reading = readEntry(line, request.forms)
          if (reading.kind !== 'other') found = true
          if ('entry' in reading) entries.push(reading.entry)
          else if (reading.kind === 'unreadable') draft.skipped++
        }
        yield entries
      }
    }

    async function* entriesIn(first: Window): AsyncGenerator<LogEntry[], void> {
      Object.assign(draft, { from: first.from, to: first.provenTo })
      await session.guard(first, queries.length)
      yield* entriesOf(session.lines(queries, first))
    }

    yield* entriesIn(window)
    let note = ofSpans === undefined ? '' : "; the window is that of the trace's spans, an hour wider at both ends"
    if (ofId !== undefined) note = '; the window begins an hour before the time that the ID seems to tell'
    if (!found && ofId !== undefined && ofId.provenTo < session.now) {
      // The digits mean something else.
      window = windowOf(request, defaultLength.trace, session.now, session.bound)
      yield* entriesIn(window)
    }
    if (!found && ofSpans === undefined && request.from === undefined) {
      note = '; Loki looks no further back'
      const begun = performance.now()
      for (const before of windowsBefore(window, session.bound)) {
        const tookMs = performance.now() - begun
        if (tookMs > maxUnaskedMs) {
          note = `; older lines were not asked for, since that had taken ${Math.round(tookMs / 1000)} s: give a start (from, --from 365d)`
          break
        }
        const bytes = await session.estimate(before, queries.length)
        if (bytes === undefined || bytes > (request.maxBytes ?? maxUnaskedBytes)) {
          const cost = bytes === undefined ? 'Loki does not say what it costs' : `Loki would read about ${bytesText(bytes)}`
          note = `; older lines were not asked for, since ${cost}: give a start (from, --from 30d)`
          break
        }
        window.from = before.from
        draft.from = before.from
        yield* entriesOf(session.linesWhereAny(queries, before))
        note = '; older lines were not asked for: give a start (from, --from)'
        if (found) break
      }
    } else if (!found) {
      note += '; lines outside of it were not asked for: give another start (from, --from)'
    }
    await session.conclude(window, forms.map(({ finds }) => finds).join(', and '), { found, note })
  })
}
