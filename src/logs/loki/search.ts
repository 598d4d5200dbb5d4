import { readLine } from '../entry.js'
import type { SearchRequest, VerdictDraft } from '../query.js'
import { matches, Newest } from '../search.js'
import { isoTime } from '../time.js'
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

    async function* entriesIn(part: Pick<Window, 'from' | 'to'>): AsyncGenerator<LogEntry[], void> {
      for await (const lines of session.linesWhereAny(queries, part)) {
        isFound = true
        yield lines.map((line) => readLine(line)).filter((entry) => entry !== undefined && matches(entry, request)) as LogEntry[]
      }
    }

    const newest = Newest.of(request)
    if (newest === undefined) yield* entriesIn(window)
    else {
      for (const part of newestFirst(window)) {
        await newest.take(oneByOne(entriesIn(part)))
        draft.from = part.from
        draft.stats.lookedBackTo = isoTime(part.from)
        const enough = newest.enough(part.from, window.from)
        if (enough === undefined) continue
        draft.reasons.push(enough)
        break
      }
      yield newest.entries
    }
    await session.conclude(window, sought, { found: isFound })
  })
}

async function* oneByOne(portions: AsyncIterable<readonly LogEntry[]>): AsyncGenerator<LogEntry, void> {
  for await (const portion of portions) yield* portion
}
