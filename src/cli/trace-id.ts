import { parseTraceId } from '../context/ids.js'
import { SpanlogError } from '../errors.js'

const hex = '[0-9a-f]{32}'
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const xRay = '1-[0-9a-f]{8}-[0-9a-f]{24}'
const alone = (id: string): RegExp => new RegExp(`(?<![0-9a-z])(${id})(?![0-9a-z])`, 'gi')

// What says most clearly that it is a trace ID comes first; a UUID by itself may be anything.
const forms = [
  new RegExp(`(?<![0-9a-z])[0-9a-f]{2}-(${hex})-[0-9a-f]{16}-[0-9a-f]{2}(?![0-9a-z])`, 'gi'),
  new RegExp(`trace[_.-]?id\\W{1,6}(${hex}|${xRay}|${uuid})(?![0-9a-z])`, 'gi'),
  alone(xRay),
  alone(hex),
  alone(uuid),
]

/**
 * The trace ID in whatever a person pasted: a traceparent, a line or URL that names it, or an ID that stands alone, as 32 hex digits,
 * as X-Ray writes it (`1-5759e988-bd862e3fe1be46a994272793`) or with the dashes of a UUID.
 *
 * @throws SpanlogError INVALID_TRACE_ID where there is none, or where there are several
 */
export function findTraceId(pasted: string): string {
  const text = decoded(pasted.trim())
  const found = idsIn(text)
  if (found.length > 1) {
    throw new SpanlogError('INVALID_TRACE_ID', `Expected one trace ID, got ${found.length} (${found.slice(0, 3).join(', ')})`, {
      remedy: 'give the one that is meant',
    })
  }
  return parseTraceId(found[0] ?? text)
}

/** Whether the text has something of the form of a trace ID. */
export function holdsTraceId(pasted: string): boolean {
  return idsIn(decoded(pasted)).length > 0
}

function idsIn(text: string): string[] {
  for (const form of forms) {
    const found = new Set([...text.matchAll(form)].map(([, id = '']) => id.toLowerCase().replace(/^1-/, '').replaceAll('-', '')))
    if (found.size > 0) return [...found]
  }
  return []
}

/** In a URL the ID may follow an escaped quotation mark, `%22` or even `%2522`, whose digits would count as its own. */
function decoded(text: string): string {
  return text.replaceAll(/%(?:25)*([0-7][0-9a-f])/gi, (_code, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)))
}
