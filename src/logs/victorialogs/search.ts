import { readLine } from '../entry.js'
import type { SearchRequest, VerdictDraft } from '../query.js'
import { matches, Newest } from '../search.js'
import { isoTime } from '../time.js'
import type { LogEntry } from '../types.js'
import { defaultLength, newestFirst, type Window, windowOf } from '../window.js'
import type { VictoriaLine } from './answers.js'
import { searchSieve } from './logsql.js'
import type { VictoriaReader } from './reader.js'
import { concludeWindow, guardWindow, session, type VictoriaAccess } from './session.js'

/** The lines of a window that a search is for. */
export function readSearch(access: VictoriaAccess, request: SearchRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  return session(access, request, draft, async function* (reader) {
    const { filter, sought } = searchSieve(request)
    const window = windowOf(request, defaultLength.search, BigInt(Date.now()) * 1_000_000n, 0n)
    Object.assign(draft, { from: window.from, to: window.provenTo })
    await guardWindow(access, reader, request, draft, window)
    let found = false

    function* matching(lines: Iterable<VictoriaLine>): Generator<LogEntry, void> {
      for (const line of lines) {
        found = true
        const entry = readLine(line)
        if (entry !== undefined && matches(entry, request)) yield entry
      }
    }

    const newest = Newest.of(request)
    if (newest === undefined) {
      for await (const line of reader.lines(filter, window.from, window.to)) yield* matching([line])
    } else {
      for await (const { from, lines } of newestPages(reader, filter, window)) {
        await newest.take(matching(lines))
        draft.stats.lookedBackTo = isoTime(from)
        const enough = newest.enough(from, window.from)
        if (enough === undefined) continue
        draft.reasons.push(enough)
        draft.from = from
        break
      }
      yield* newest.entries
    }
    await concludeWindow(access, reader, draft, window, { sought, found, to: request.to })
  })
}

/** The end of the window is counted first: what is wanted mostly stands there, and a wide window is dear to count. */
async function* newestPages(reader: VictoriaReader, filter: string, window: Window): ReturnType<VictoriaReader['newest']> {
  for (const { from, to } of newestFirst(window)) yield* reader.newest(filter, from, to)
}
