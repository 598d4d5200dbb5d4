import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { logQuery, parseRequest } from '../query.js'
import type { LogSource } from '../types.js'
import { readFiles } from './read.js'

/** What `fileLogs` takes. */
export interface FileLogsOptions {
  /**
   * Files, folders, and patterns of them with `*`, `?` and `**` (`logs/*.log`). Of a folder, at any depth, the files with the endings
   * `.log`, `.json`, `.ndjson`, `.jsonl`, `.logfmt` and `.txt` are read, rotated ones (`app.log.1`, `app.log-20261121`) too; a file that
   * is named, or that a pattern names, is read whatever its ending. Gzip is told by the content. `-` is standard input, which can be
   * read once.
   *
   * A file is read once, whatever names and links it has. A copy of it is another file: where `app.log.1` was packed and kept beside
   * `app.log.1.gz`, each of its lines comes twice.
   */
  paths: string | readonly string[]
  /**
   * Bytes of found lines that are held in memory to be sorted by time; past them sorted parts go to a temporary file.
   * @defaultValue 33_554_432
   */
  memoryBytes?: number
  /** A longer line that holds the ID is counted as skipped, and the verdict is not complete. @defaultValue 16_777_216 */
  maxLineBytes?: number
}

/**
 * Log files as a source: NDJSON, logfmt, and text that shows its trace as `[trace_id:span_id] LEVEL message` or `trace_id=…`; also inside
 * the wrappers of Docker and containerd. Times with no offset are read as UTC. A line without a time counts as written at the time of
 * the trace's line before it in its file. Files are listed when the query is read, and one that cannot be read leaves the others: the
 * verdict says so (FILE_UNREADABLE, FILE_MALFORMED).
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const { entries, verdict } = await fileLogs({ paths: ['/var/log/shop', 'worker.log.1.gz'] }).forTrace(traceId).collect()
 * ```
 */
export function fileLogs(options: FileLogsOptions): LogSource {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object with `paths`', options)
  refuseUnknownOptions('fileLogs', options, ['paths', 'memoryBytes', 'maxLineBytes'])
  const { memoryBytes = 32 << 20, maxLineBytes = 16 << 20 } = options
  const paths: readonly unknown[] = Array.isArray(options.paths) ? [...(options.paths as unknown[])] : [options.paths]
  if (paths.length === 0 || !paths.every(isPath)) throw unexpected('paths', 'a path or a list of paths, none empty', options.paths)
  for (const [name, value] of Object.entries({ memoryBytes, maxLineBytes })) {
    if (!Number.isSafeInteger(value) || value <= 0) throw unexpected(name, 'a positive integer', value)
  }
  return {
    forTrace(traceId, query) {
      const request = parseRequest(traceId, query)
      return logQuery(request, (draft) => readFiles({ paths, memoryBytes, maxLineBytes }, request, draft))
    },
  }
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
