import { setImmediate } from 'node:timers/promises'
import { SpanlogError } from '../../errors.js'
import { eachFile, type OpenFile, recordsOf } from '../../files/each.js'
import { everyLine, findAny } from '../../files/find.js'
import type { RecordOptions } from '../../files/records.js'
import { otlpLines } from '../otlp-lines.js'
import type { VerdictDraft } from '../query.js'
import type { LogEntry } from '../types.js'
import type { PlacedLine } from './packed-lines.js'
import { isSpanDocument, isTraceDocument } from './trace-document.js'

/** Lines are read for so long without a turn of the event loop: where every line is, a chunk of them takes ten times as long. */
const turnMs = 5

export interface FileReadOptions {
  paths: readonly string[]
  memoryBytes: number
  maxLineBytes: number
}

/** What is looked for. */
export interface Wanted {
  /** Texts of which a line must hold one; none: every line is looked at. */
  needles: readonly string[]
  /** Whether a line may be kept at all; one that may not is read only where its time is needed. */
  sift?: ((line: string) => boolean) | undefined
  read(line: string, file: string): LogEntry | 'unreadable' | undefined
  /** Asked of what was read and is in the window. */
  keep(entry: LogEntry): boolean
  /** Inclusive, nanoseconds since the epoch. */
  from: bigint | undefined
  /** Exclusive. */
  to: bigint | undefined
  signal: AbortSignal | undefined
}

export interface Gathered {
  /** The paths of the files that were read, by their number. */
  files: string[]
  /** Those whose content is in another that was read. */
  copies: string[]
  /** Those that are traces, with the lines that somebody found. */
  documents: string[]
  failures: SpanlogError[]
}

/**
 * Looks through every file and hands each wanted line to `take`, until that rejects: its error is then one of the failures.
 *
 * @throws the signal's reason
 */
export async function gather(
  { paths, maxLineBytes }: FileReadOptions,
  wanted: Wanted,
  draft: VerdictDraft,
  take: (line: PlacedLine) => Promise<void> | undefined,
): Promise<Gathered> {
  const gathered: Gathered = { files: [], copies: [], documents: [], failures: [] }
  const { files, documents, failures } = gathered
  const { from, to } = wanted
  /** Aborted where no more lines can be taken: what was read until then is worth having. */
  const full = new AbortController()
  const signal = wanted.signal === undefined ? full.signal : AbortSignal.any([wanted.signal, full.signal])
  const looked = recordsWith(wanted.needles, maxLineBytes)
  let place = 0

  async function search(opened: OpenFile): Promise<void> {
    const file = files.push(opened.path) - 1
    let overlong = 0
    // Of the line before that was looked at, for lines without a time; behind it lines were passed over.
    let time = -1n
    let passed: string[] = []
    try {
      for await (const { records, bytes, head } of recordsOf(opened, looked, signal)) {
        draft.stats.bytes += bytes
        if (head !== undefined && isTraceDocument(head)) {
          files.pop()
          documents.push(opened.path)
          return
        }
        let turn = performance.now()
        for (const { text, head: beginning = '' } of records) {
          if (text === undefined) overlong += isSpanDocument(beginning) ? 0 : 1
          else for (const line of otlpLines(text) ?? [text]) await judge(line)
          if (performance.now() - turn < turnMs) continue
          await setImmediate()
          signal?.throwIfAborted()
          turn = performance.now()
        }
        lookBack()
      }
    } finally {
      if (overlong > 0) {
        draft.skipped += overlong
        failures.push(tooLong(opened.path, overlong, maxLineBytes))
      }
    }

    function lookBack(): void {
      for (const line of passed.toReversed()) {
        const reading = wanted.read(line, opened.path)
        if (typeof reading !== 'object' || reading.timeUnixNano === undefined) continue
        time = reading.timeUnixNano
        break
      }
      passed = []
    }

    function judge(line: string): Promise<void> | undefined {
      if (wanted.sift?.(line) === false) {
        passed.push(line)
        return undefined
      }
      const reading = wanted.read(line, opened.path)
      if (reading === 'unreadable') draft.skipped++
      if (reading === undefined || reading === 'unreadable') return undefined
      if (reading.timeUnixNano === undefined) lookBack()
      passed = []
      time = reading.timeUnixNano ?? time
      if (time >= 0n && ((from !== undefined && time < from) || (to !== undefined && time >= to))) return undefined
      return wanted.keep(reading) ? take({ time, file, place: place++, text: line })?.catch(endAll) : undefined
    }
  }

  function endAll(error: unknown): never {
    full.abort(error)
    throw error
  }

  const options = { signal, fail: (error: SpanlogError) => failures.push(error), copy: (path: string) => gathered.copies.push(path) }
  try {
    await eachFile(paths, options, search)
  } catch (error) {
    wanted.signal?.throwIfAborted()
    if (!(error instanceof SpanlogError)) throw error
    failures.push(error)
  }
  return gathered
}

/** How records with one of the texts are found; all records where there are none. */
export function recordsWith(needles: readonly string[], maxBytes: number): RecordOptions {
  const overlap = Math.max(1, ...needles.map((needle) => Buffer.byteLength(needle))) - 1
  return { find: needles.length > 0 ? findAny(needles) : everyLine, overlap, maxBytes, joined: true }
}

function tooLong(path: string, count: number, maxLineBytes: number): SpanlogError {
  const lines = count === 1 ? 'a line with the ID that is' : `${count} lines with the ID that are`
  return new SpanlogError('FILE_MALFORMED', `${path} has ${lines} longer than ${maxLineBytes} bytes (maxLineBytes)`)
}
