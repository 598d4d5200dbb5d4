import { parseTraceId } from '../context/ids.js'
import { SpanlogError } from '../errors.js'

const traceparent = /(?<![0-9a-z])[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?![0-9a-z])/gi
const named = /trace[_.-]?id\W{1,6}([0-9a-f]{32})(?![0-9a-z])/gi
const alone = /(?<![0-9a-z])[0-9a-f]{32}(?![0-9a-z])/gi

/**
 * The trace ID in whatever a person pasted: a traceparent, a line or URL that names it, or 32 hex digits that stand alone.
 *
 * @throws SpanlogError INVALID_TRACE_ID where there is none, or where there are several
 */
export function findTraceId(pasted: string): string {
  const text = decoded(pasted.trim())
  for (const form of [traceparent, named, alone]) {
    const found = new Set([...text.matchAll(form)].map(([whole, id = whole]) => id.toLowerCase()))
    if (found.size > 1) {
      throw new SpanlogError('INVALID_TRACE_ID', `Expected one trace ID, got ${found.size} (${[...found].slice(0, 3).join(', ')})`, {
        remedy: 'give the one that is meant',
      })
    }
    for (const id of found) return parseTraceId(id)
  }
  return parseTraceId(text)
}

/** In a URL the ID may follow an escaped quotation mark, `%22` or even `%2522`, whose digits would count as its own. */
function decoded(text: string): string {
  return text.replaceAll(/%(?:25)*([0-7][0-9a-f])/gi, (_code, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
