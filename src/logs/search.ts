import type { SearchRequest } from './query.js'
import type { LogEntry } from './types.js'

/** Whether an entry is what a search is for. Every store asks this of each line at last, whatever it has sifted out before. */
export function matches({ line, service, severity, traceId }: LogEntry, search: SearchRequest): boolean {
  if (search.minSeverity !== undefined && (severity?.number ?? 0) < search.minSeverity) return false
  if (search.service !== undefined && service !== search.service) return false
  if (search.traced && traceId === undefined) return false
  return search.text === undefined || (typeof search.text === 'string' ? line.includes(search.text) : search.text.test(line))
}

/** What a source adds to the verdict where there are more lines than the limit. */
export function limitReached(limit: number): { code: string; message: string } {
  return { code: 'LIMIT_REACHED', message: `these are the newest ${limit}; raise the limit, or narrow the window` }
}
