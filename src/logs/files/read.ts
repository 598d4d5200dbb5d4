import { reasonOf, SpanlogError } from '../../errors.js'
import { eachFile, type OpenFile } from '../../files/each.js'
import { findAny } from '../../files/find.js'
import { linesWith } from '../../files/lines.js'
import { placeOf, readEntry } from '../entry.js'
import { conclude, type LogRequest, type VerdictDraft } from '../query.js'
import type { LogEntry } from '../types.js'
import { SortedLines } from './runs.js'

export interface FileReadOptions {
  paths: readonly string[]
  memoryBytes: number
  maxLineBytes: number
}

/** Reads all files, then yields what they hold of the trace by time. */
export async function* readFiles(options: FileReadOptions, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  const sorted = new SortedLines(options.memoryBytes)
  try {
    const { files, failures } = await searchFiles(options, request, draft, sorted)
    draft.reasons.push(...failures.map(reasonOf))
    for await (const { file, text } of sorted.inOrder()) {
      request.signal?.throwIfAborted()
      const reading = readEntry({ line: text, labels: { file: files[file] ?? '' } }, request.forms)
      if ('entry' in reading) yield reading.entry
    }
    conclude(draft, proof(files, request))
  } finally {
    await sorted.close()
  }
}

/**
 * Puts every line of the trace that the files hold into `sorted`.
 *
 * @returns the paths of the files that were read, whose numbers the lines have, and what could not be read
 */
async function searchFiles(
  { paths, maxLineBytes }: FileReadOptions,
  { forms, from, to, mentions, signal }: LogRequest,
  draft: VerdictDraft,
  sorted: SortedLines,
): Promise<{ files: string[]; failures: SpanlogError[] }> {
  const files: string[] = []
  const failures: SpanlogError[] = []
  const find = findAny(forms.needles)
  const overlap = Math.max(...forms.needles.map((needle) => needle.length)) - 1
  let place = 0

  async function search(opened: OpenFile): Promise<void> {
    const { path } = opened
    const file = files.push(path) - 1
    let overlong = 0
    // Of the line of the trace before, for lines without a time.
    let time = -1n
    try {
      for await (const { text } of linesWith(opened.chunks(), find, { maxBytes: maxLineBytes, overlap })) {
        signal?.throwIfAborted()
        if (text === undefined) {
          overlong++
          continue
        }
        const reading = placeOf({ line: text }, forms)
        if (reading.kind === 'unreadable') draft.skipped++
        if (reading.kind === 'unreadable' || reading.kind === 'other') continue
        time = reading.timeUnixNano ?? time
        if (time >= 0n && ((from !== undefined && time < from) || (to !== undefined && time >= to))) continue
        if (reading.kind === 'mention' && !mentions) draft.mentions++
        else await sorted.add({ time, file, place: place++, text })
      }
    } finally {
      if (overlong > 0) {
        draft.skipped += overlong
        const lines = overlong === 1 ? 'a line with the ID that is' : `${overlong} lines with the ID that are`
        failures.push(new SpanlogError('FILE_MALFORMED', `${path} has ${lines} longer than ${maxLineBytes} bytes (maxLineBytes)`))
      }
    }
  }

  await eachFile(paths, { signal, fail: (error) => failures.push(error) }, search)
  return { files, failures }
}

function proof(files: readonly string[], { forms, from, to }: LogRequest): string {
  const count = files.length === 1 ? '1 file' : `${files.length} files`
  const shown = files.slice(0, 5).join(', ') + (files.length > 5 ? ', …' : '')
  const window = from === undefined && to === undefined ? '' : ` in [${from ?? 'the beginning'}, ${to ?? 'the end'})`
  return `${count} (${shown}), each to the end it had when it was read: every line${window} with the ID ${forms.described}`
}
