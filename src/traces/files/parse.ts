import { type SpanDocument, spanDocument } from '../documents.js'

/** What a text holds: spans, other JSON, or none. */
export type Parsed = { kind: 'spans'; document: SpanDocument } | { kind: 'other' } | { kind: 'broken' }

export function parseSpans(text: string): Parsed {
  let json: unknown
  try {
    json = JSON.parse(quoteLongNumbers(text))
  } catch {
    return { kind: 'broken' }
  }
  const document = spanDocument(json)
  return document === undefined ? { kind: 'other' } : { kind: 'spans', document }
}

/**
 * OTLP/JSON may have 64-bit numbers unquoted, and `JSON.parse` would round them. Only a key can end in this way: inside a string the
 * quotation mark is escaped.
 */
function quoteLongNumbers(text: string): string {
  return text.replaceAll(/((?:UnixNano|intValue)"\s*:\s*)(-?\d{16,20})(?=\s*[,}\]])/g, '$1"$2"')
}

/** The one document that a file of many lines may be; `undefined` where it is none, or has more than `maxBytes`. */
export async function wholeDocument(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpanDocument | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > maxBytes) return undefined
    // A copy: a chunk is valid until the next one is asked for.
    pieces.push(Buffer.from(chunk))
  }
  const parsed = parseSpans(Buffer.concat(pieces).toString('utf8'))
  return parsed.kind === 'spans' ? parsed.document : undefined
}
