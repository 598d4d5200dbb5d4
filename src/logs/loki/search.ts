import { readLine } from '../entry.js'
import type { SearchRequest, VerdictDraft } from '../query.js'
import { limitReached, matches } from '../search.js'
import type { LogEntry } from '../types.js'
import { defaultLength, newestFirst, type Window, windowOf } from '../window.js'
import { type LokiAccess, LokiSession } from './session.js'
import { siftingForms } from './sift.js'

/** The lines of a window that a search is for. */
export function readSearch(access: LokiAccess, request: SearchRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  return LokiSession.run(access, request, draft, async function* (session) {
    const { queries, sought } = siftingForms(access.settings.selector, request)
    const window = windowOf(request, defaultLength.search, session.now, session.bound)
    Object.assign(draft, { from: window.from, to: window.provenTo })
    await session.guard(window, queries.length)
    let isFound = false

    async function* entriesIn(part: Pick<Window, 'from' | 'to'>): AsyncGenerator<LogEntry, void> {
      for await (const line of session.lines(queries, part)) {
        isFound = true
        const entry = readLine(line)
        if (entry !== undefined && matches(entry, request)) yield entry
      }
    }

    const { limit } = request
    if (limit === undefined) yield* entriesIn(window)
    else {
      const newest: LogEntry[] = []
      let reached = window.to
      for (const part of newestFirst(window)) {
        const found: LogEntry[] = []
        for await (const entry of entriesIn(part)) {
          found.push(entry)
          // Of a part that holds far more than are wanted only the newest stay.
          if (found.length > 2 * limit) found.splice(0, found.length - limit - 1)
        }
        newest.unshift(...found)
        reached = part.from
        if (newest.length > limit) break
      }
      if (newest.length > limit) draft.reasons.push(limitReached(limit))
      draft.from = reached
      yield* newest.slice(-limit)
    }
    await session.conclude(window, sought, { found: isFound })
  })
}
