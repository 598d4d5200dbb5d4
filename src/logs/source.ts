import { type LogRequest, logQuery, parseFollow, parseRequest, parseSearch, type SearchRequest, type VerdictDraft } from './query.js'
import type { LogEntry, LogGap, LogSource } from './types.js'

/** How a store answers questions that were checked. */
interface Readers {
  trace(request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void>
  search(request: SearchRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void>
  follow(request: LogRequest): AsyncGenerator<LogEntry | LogGap, void>
}

export function sourceOf(read: Readers): LogSource {
  return {
    forTrace(traceId, options) {
      const request = parseRequest(traceId, options)
      return logQuery(request, (draft) => read.trace(request, draft))
    },
    search(query) {
      const request = parseSearch(query)
      return logQuery(request, (draft) => read.search(request, draft))
    },
    follow: (traceId, options) => read.follow(parseFollow(traceId, options)),
  }
}
