import { reasonOf } from '../../errors.js'
import { type RawLine, readEntry, readLine } from '../entry.js'
import { conclude, type LogRequest, type SearchRequest, type VerdictDraft } from '../query.js'
import { limitReached, matches } from '../search.js'
import type { LogEntry } from '../types.js'
import { type FileReadOptions, type Gathered, gather, type Wanted } from './gather.js'
import { SortedLines } from './runs.js'
import { levelSift } from './sift.js'

/** Reads all files, then yields what they hold of the trace by time. */
export async function* readTrace(options: FileReadOptions, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  const described = `every line${windowOf(request)} with the ID ${request.forms.described}`
  yield* readSorted(options, traceWanted(request, draft), draft, described)
}

/** Reads all files, then yields the lines that a search is for by time. */
export async function* readSearch(options: FileReadOptions, request: SearchRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  const { text, limit, minSeverity } = request
  const wanted: Wanted = {
    ...request,
    needles: typeof text === 'string' && Buffer.byteLength(text) > 1 && !text.includes('\n') ? [text] : [],
    sift: minSeverity === undefined ? undefined : levelSift(minSeverity),
    read: (line, file) => readLine(rawLine(line, file)),
    keep: (entry) => matches(entry, request),
  }
  yield* readSorted(options, wanted, draft, `every line${windowOf(request)} that fits`, limit)
}

/** What a question for a trace looks for. */
export function traceWanted(request: LogRequest, draft: Pick<VerdictDraft, 'mentions'>): Wanted {
  const { forms, mentions } = request
  return {
    ...request,
    needles: forms.needles,
    read(line, file) {
      const reading = readEntry(rawLine(line, file), forms)
      return 'entry' in reading ? reading.entry : reading.kind === 'unreadable' ? 'unreadable' : undefined
    },
    keep(entry) {
      if (!entry.mention || mentions) return true
      draft.mentions++
      return false
    },
  }
}

async function* readSorted(
  options: FileReadOptions,
  wanted: Wanted,
  draft: VerdictDraft,
  described: string,
  limit?: number,
): AsyncGenerator<LogEntry, void> {
  const sorted = new SortedLines(options.memoryBytes, limit)
  try {
    const gathered = await gather(options, wanted, draft, (line) => sorted.add(line))
    draft.reasons.push(...gathered.failures.map(reasonOf))
    if (limit !== undefined && sorted.count > limit) draft.reasons.push(limitReached(limit))
    for await (const { file, text } of sorted.inOrder()) {
      wanted.signal?.throwIfAborted()
      const entry = wanted.read(text, gathered.files[file] ?? '')
      if (typeof entry === 'object') yield entry
    }
    conclude(draft, `${filesRead(gathered)}: ${described}`)
  } finally {
    await sorted.close()
  }
}

function rawLine(line: string, file: string): RawLine {
  return { line, labels: { file } }
}

function filesRead({ files, copies, documents }: Gathered): string {
  const count = files.length === 1 ? '1 file' : `${files.length} files`
  const read = files.length === 0 ? 'no log file' : `${count} (${few(files)}), each to the end it had when it was read`
  const unread = [
    ...(copies.length === 0 ? [] : [`; not read: ${few(copies)}, whose content is in another of them`]),
    ...(documents.length === 0 ? [] : [`; not read: ${few(documents)}, a trace that spanlog has written`]),
  ]
  return read + unread.join('')
}

function few(paths: readonly string[]): string {
  return paths.slice(0, 5).join(', ') + (paths.length > 5 ? ', …' : '')
}

function windowOf({ from, to }: { from: bigint | undefined; to: bigint | undefined }): string {
  return from === undefined && to === undefined ? '' : ` in [${from ?? 'the beginning'}, ${to ?? 'the end'})`
}
