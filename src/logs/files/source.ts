import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { logQuery, parseFollow, parseRequest, parseSearch } from '../query.js'
import type { LogSource } from '../types.js'
import { followFiles } from './follow.js'
import { readSearch, readTrace } from './read.js'

/** What `fileLogs` takes. */
export interface FileLogsOptions {
  /**
   * Files, folders, and patterns of them with `*`, `?` and `**` (`logs/*.log`). Of a folder, at any depth, the files with the endings
   * `.log`, `.json`, `.ndjson`, `.jsonl`, `.logfmt` and `.txt` are read, rotated ones (`app.log.1`, `app.log-20261121`) and packed ones too; a file that
   * is named, or that a pattern names, is read whatever its ending. gzip and zstd are told by the content; xz, bzip2, lz4, zip
   * and UTF-16 are too, and are not read (FILE_UNREADABLE). `-` is standard input,
   * which can be read once.
   *
   * A file is read once, whatever names and links it has, and what rotation has copied (`app.log.1`, `app.log-20261121.gz`) is not read
   * where all it holds stands at the beginning of `app.log` beside it. Any other copy is another file: its lines come twice. A trace that
   * `spanlog trace --json` or `watch --collect` has written is no log and is passed over.
   */
  paths: string | readonly string[]
  /**
   * Bytes of memory, roughly, for found lines to be sorted by time; past them sorted parts go to a temporary file.
   * @defaultValue 8_388_608
   */
  memoryBytes?: number
  /** A longer line that holds the ID is counted as skipped, and the verdict is not complete. @defaultValue 16_777_216 */
  maxLineBytes?: number
}

/**
 * Log files as a source: NDJSON, logfmt, text that shows its trace as `[trace_id:span_id] LEVEL message` or `trace_id=…`, pino-pretty,
 * access logs, syslog, OTLP-JSON logs; also inside the wrappers of Docker, containerd and journald. A stack trace comes with the line
 * above it, as one entry whose `line` has several lines. Times with no offset are read as UTC. A line without a time counts as written
 * at the time of the trace's line before it in its file. Files are listed when the query is read, and one that cannot be read leaves
 * the others: the verdict says so (FILE_UNREADABLE, FILE_MALFORMED). A full temporary folder ends the reading with what was read until
 * then (TEMPORARY_UNWRITABLE); `follow` throws that.
 *
 * `follow` reads on while files grow, are rotated and appear; a file that was cut comes as a `LogGap` TRUNCATED, a line that could not
 * be read as LINES_SKIPPED, a file that cannot be read as FILE_UNREADABLE or FILE_MALFORMED, with a refilled one when it can be again,
 * the end of standard input as DISCONNECTED.
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
  const { memoryBytes = 8 << 20, maxLineBytes = 16 << 20 } = options
  const paths: readonly unknown[] = Array.isArray(options.paths) ? [...(options.paths as unknown[])] : [options.paths]
  if (paths.length === 0 || !paths.every(isPath)) throw unexpected('paths', 'a path or a list of paths, none empty', options.paths)
  for (const [name, value] of Object.entries({ memoryBytes, maxLineBytes })) {
    if (!Number.isSafeInteger(value) || value <= 0) throw unexpected(name, 'a positive integer', value)
  }
  const settings = { paths, memoryBytes, maxLineBytes }
  return {
    forTrace(traceId, query) {
      const request = parseRequest(traceId, query)
      return logQuery(request, (draft) => readTrace(settings, request, draft))
    },
    search(query) {
      const request = parseSearch(query)
      return logQuery(request, (draft) => readSearch(settings, request, draft))
    },
    follow(traceId, query) {
      return followFiles(settings, parseFollow(traceId, query))
    },
  }
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
