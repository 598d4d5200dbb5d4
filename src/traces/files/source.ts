import { reasonOf, refuseUnknownOptions, SpanlogError, unexpected } from '../../errors.js'
import { eachFile, type OpenFile } from '../../files/each.js'
import { answerTo } from '../answer.js'
import { assemble } from '../assemble.js'
import { type Found, fits, gather, handOut, isWithin, parseTraceSearch, type TraceSearchRequest } from '../search.js'
import { Summaries } from '../summaries.js'
import type { TraceSource, TraceSpan } from '../types.js'
import { needlesOf, readDocuments } from './read.js'

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
 * Traces from files: OTLP/JSON with one `TracesData` a line in any order, as the OpenTelemetry Collector's file exporter and spanlog's
 * own write them, rotated and gzipped ones too; and what people save from a store: an answer of Tempo's or Jaeger's of any version, a
 * list of Zipkin's, on one line or over many. Lines of other kinds, such as logs in the same folder, are passed over.
 *
 * Files are searched for the bytes of the ID, and only what holds them is parsed: memory is bounded by the longest line and the trace
 * itself. Not found are IDs in mixed case. A search reads all, and holds the newest traces of up to half a million spans in outline.
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
  const visit = async (
    signal: AbortSignal | undefined,
    fail: (error: unknown) => void,
    read: (file: OpenFile) => Promise<void>,
  ): Promise<void> => {
    try {
      await eachFile(paths, { signal, fail }, read)
    } catch (error) {
      throw signal?.aborted ? new SpanlogError('ABORTED', 'the reading of files was cancelled', { cause: error }) : error
    }
  }
  return {
    trace: (given, queryOptions) =>
      answerTo(given, queryOptions, async ({ traceId, signal }, answer) => {
        const needles = needlesOf(traceId)
        const fail = (error: unknown): void => answer.incomplete(error)
        await visit(signal, fail, (file) =>
          readDocuments(file, needles, maxLineBytes, (document) => {
            answer.add(document.read(traceId))
            if (document.partial !== undefined) answer.incomplete(document.partial)
          }),
        )
      }),
    search(query) {
      const request = parseTraceSearch(query, { name: 'files', links: true })
      return handOut(request.limit, () => find(request))
    },
    async read(query) {
      const request = parseTraceSearch(query, { name: 'files', links: true })
      const spans = new Map<string, TraceSpan[]>()
      const { summaries, reasons } = await gather(handOut(request.limit, () => find(request, spans)))
      const traces = summaries.flatMap(({ traceId }) => assemble(traceId, spans.get(traceId) ?? []) ?? [])
      return { traces, complete: reasons.length === 0, reasons: [...reasons] }
    },
  }

  /** @param whole - gets the spans of each trace that is still held */
  async function find(request: TraceSearchRequest, whole?: Map<string, TraceSpan[]>): Promise<Found> {
    const summaries = new Summaries(maxSpans)
    const problems = new Map<string, Found['reasons'][number]>()
    const fail = (error: unknown): void => {
      const reason = reasonOf(error)
      problems.set(reason.code, problems.get(reason.code) ?? reason)
    }
    let kept = 0
    const keep = (span: TraceSpan): void => {
      if (whole === undefined || !summaries.has(span.traceId)) return
      const spans = whole.get(span.traceId)
      if (spans === undefined) whole.set(span.traceId, [span])
      else spans.push(span)
      // What the summaries have let go is let go here as well; a span that comes twice counts here twice, hence the margin.
      if (++kept < 2 * maxSpans) return
      for (const traceId of whole.keys()) if (!summaries.has(traceId)) whole.delete(traceId)
      kept = [...whole.values()].reduce((sum, { length }) => sum + length, 0)
    }
    try {
      await visit(request.signal, fail, (file) =>
        readDocuments(file, ['"traceId"', '"traceID"'], maxLineBytes, (document) => {
          const { spans, problem } = document.read()
          if (problem !== undefined) fail(problem)
          for (const span of spans) {
            summaries.add(span, fits(span, request.conditions))
            keep(span)
          }
        }),
      )
    } catch (error) {
      fail(error)
    }
    return {
      summaries: summaries.found().filter((summary) => isWithin(summary, request)),
      reasons: [...problems.values(), ...(summaries.overflowed ? [tooMany()] : [])],
    }
  }
}

const maxSpans = 500_000

function tooMany(): { code: string; message: string } {
  const message = `the files hold more than ${maxSpans} spans, so only the newest traces were looked at; narrow the paths`
  return { code: 'STORE_LIMIT', message }
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
