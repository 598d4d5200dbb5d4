import { SpanlogError } from '../../errors.js'
import type { OpenFile } from '../../files/each.js'
import { findAny } from '../../files/find.js'
import { linesWith } from '../../files/lines.js'
import type { SpanDocument } from '../documents.js'
import { parseSpans, wholeDocument } from './parse.js'

/**
 * The documents of one file that hold one of some texts.
 *
 * @param needles - ASCII texts; lines without any of them are passed over unread
 * @throws SpanlogError FILE_MALFORMED where a line that holds one is broken, or too long
 */
export async function readDocuments(
  file: OpenFile,
  needles: readonly string[],
  maxBytes: number,
  take: (document: SpanDocument) => void,
): Promise<void> {
  const overlap = Math.max(...needles.map((needle) => needle.length)) - 1
  let broken = 0
  let mayBePieces = false
  for await (const { text } of linesWith(file.chunks(), findAny(needles), { maxBytes, overlap })) {
    const parsed = text === undefined ? { kind: 'broken' as const } : parseSpans(text)
    if (parsed.kind === 'spans') {
      take(parsed.document)
      // A log line may name a trace in any form. Only what has a span's key may be a piece of a span.
    } else if (text === undefined || /"trace(?:Id|ID)"/.test(text)) {
      mayBePieces = true
      if (parsed.kind === 'broken') broken++
    }
  }
  // Not JSON by themselves: lines that were cut off, or those of one document.
  const document = mayBePieces && !file.once ? await wholeDocument(file.chunks(), maxBytes) : undefined
  if (document !== undefined) {
    take(document)
  } else if (broken > 0) {
    const count = broken === 1 ? 'a line that names the trace and is' : `${broken} lines that name the trace and are`
    throw new SpanlogError('FILE_MALFORMED', `${file.path} has ${count} broken, or longer than ${maxBytes} bytes (maxLineBytes)`)
  }
}

/**
 * The texts in which a file may have a trace's ID: hex in either case, and base64 as Tempo's answers have it. An ID of 64 bits, with
 * zeros before it, stands in Jaeger's and Zipkin's files without them.
 */
export function needlesOf(traceId: string): string[] {
  const hex = traceId.replace(/^0+(?=.{8})/, '')
  const base64 = Buffer.from(traceId, 'hex').toString('base64')
  return [...new Set([hex, hex.toUpperCase(), base64])]
}
