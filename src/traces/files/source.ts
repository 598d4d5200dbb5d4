import { refuseUnknownOptions, SpanlogError, unexpected } from '../../errors.js'
import { eachFile, type OpenFile } from '../../files/each.js'
import { findAny } from '../../files/find.js'
import { linesWith } from '../../files/lines.js'
import { AnswerDraft, parseTraceRequest } from '../answer.js'
import { readSpans } from '../otlp.js'
import type { TraceSource } from '../types.js'
import { parseOtlp, wholeDocument } from './parse.js'

/** What `fileTraces` takes. */
export interface FileTracesOptions {
  /**
   * Files, folders, and patterns of them with `*`, `?` and `**` (`traces/*.jsonl`), listed anew for each question. Of a folder, at any
   * depth, the files with the endings `.json`, `.ndjson`, `.jsonl`, `.log` and `.txt` are read, rotated ones (`traces.jsonl.1`,
   * `traces-2026-11-21.json`) too; a file that is named, or that a pattern names, is read whatever its ending. Gzip is told by the
   * content. `-` is standard input, which can be read once.
   */
  paths: string | readonly string[]
  /** A longer line (or document) that names the trace costs the answer its completeness. @defaultValue 67_108_864 */
  maxLineBytes?: number
}

/**
 * Traces from OTLP-JSON files: one `TracesData` a line in any order, as the OpenTelemetry Collector's file exporter and spanlog's own
 * write them, rotated and gzipped ones too. A file may also hold one document over many lines. Lines of other kinds, such as logs in
 * the same folder, are passed over.
 *
 * Files are searched for the bytes of the ID, and only what holds them is parsed: memory is bounded by the longest line and the trace
 * itself. Not found are IDs in mixed case.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const { trace, complete } = await fileTraces({ paths: 'traces/' }).trace('0af7651916cd43dd8448eb211c80319c')
 * ```
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export function fileTraces(options: FileTracesOptions): TraceSource {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object with `paths`', options)
  refuseUnknownOptions('fileTraces', options, ['paths', 'maxLineBytes'])
  const { maxLineBytes = 64 << 20 } = options
  const paths: readonly unknown[] = Array.isArray(options.paths) ? [...(options.paths as unknown[])] : [options.paths]
  if (paths.length === 0 || !paths.every(isPath)) throw unexpected('paths', 'a path or a list of paths, none empty', options.paths)
  if (!Number.isSafeInteger(maxLineBytes) || maxLineBytes <= 0) throw unexpected('maxLineBytes', 'a positive integer', maxLineBytes)
  return {
    async trace(given, queryOptions) {
      const { traceId, signal } = parseTraceRequest(given, queryOptions)
      const answer = new AnswerDraft(traceId)
      try {
        await eachFile(paths, { signal, fail: (error) => answer.incomplete(error) }, (file) =>
          readFile(file, traceId, maxLineBytes, answer),
        )
      } catch (error) {
        answer.incomplete(signal?.aborted ? new SpanlogError('ABORTED', 'the reading of files was cancelled', { cause: error }) : error)
      }
      return answer.result()
    },
  }
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

async function readFile(file: OpenFile, traceId: string, maxBytes: number, answer: AnswerDraft): Promise<void> {
  const needles = [traceId, traceId.toUpperCase(), Buffer.from(traceId, 'hex').toString('base64')]
  const overlap = Math.max(...needles.map((needle) => needle.length)) - 1
  let broken = 0
  let mayBePieces = false
  for await (const { text } of linesWith(file.chunks(), findAny(needles), { maxBytes, overlap })) {
    const parsed = text === undefined ? { kind: 'broken' as const } : parseOtlp(text)
    if (parsed.kind === 'traces') {
      answer.add(readSpans(parsed.data, traceId))
      // A log line may name the trace in any form. Only what has a span's key may be a piece of a span.
    } else if (text === undefined || text.includes('"traceId"')) {
      mayBePieces = true
      if (parsed.kind === 'broken') broken++
    }
  }
  // Not JSON by themselves: lines that were cut off, or those of one document.
  const document = mayBePieces && !file.once ? await wholeDocument(file.chunks(), maxBytes) : undefined
  if (document !== undefined) {
    answer.add(readSpans(document, traceId))
  } else if (broken > 0) {
    const count = broken === 1 ? 'a line that names the trace and is' : `${broken} lines that name the trace and are`
    throw new SpanlogError('FILE_MALFORMED', `${file.path} has ${count} broken, or longer than ${maxBytes} bytes (maxLineBytes)`)
  }
}
