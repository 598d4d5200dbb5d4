/** What a text holds: OTLP spans, other JSON, or none. */
export type Parsed = { kind: 'traces'; data: object } | { kind: 'other' } | { kind: 'broken' }

export function parseOtlp(text: string): Parsed {
  let json: unknown
  try {
    json = JSON.parse(quoteLongNumbers(text))
  } catch {
    return { kind: 'broken' }
  }
  const data = tracesData(json)
  return data === undefined ? { kind: 'other' } : { kind: 'traces', data }
}

/**
 * OTLP/JSON may have 64-bit numbers unquoted, and `JSON.parse` would round them. Only a key can end in this way: inside a string the
 * quotation mark is escaped.
 */
function quoteLongNumbers(text: string): string {
  return text.replaceAll(/((?:UnixNano|intValue)"\s*:\s*)(-?\d{16,20})(?=\s*[,}\]])/g, '$1"$2"')
}

function tracesData(json: unknown): object | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  if ('resourceSpans' in json || 'batches' in json) return json
  // As Tempo's second API has it, saved to a file.
  return 'trace' in json ? tracesData(json.trace) : undefined
}

/** The one document that a file of many lines may be; `undefined` where it is none, or has more than `maxBytes`. */
export async function wholeDocument(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<object | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > maxBytes) return undefined
    // A copy: a chunk is valid until the next one is asked for.
    pieces.push(Buffer.from(chunk))
  }
  const parsed = parseOtlp(Buffer.concat(pieces).toString('utf8'))
  return parsed.kind === 'traces' ? parsed.data : undefined
}
