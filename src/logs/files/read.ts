import fs from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SpanlogError } from '../../errors.js'
import { readEntry } from '../entry.js'
import { HOLDS_FOR, type LogRequest, reasonOf, type VerdictDraft } from '../query.js'
import type { LogEntry } from '../types.js'
import { chunkBuffers, fileChunks, streamChunks } from './chunks.js'
import { findAny } from './find.js'
import { linesWith } from './lines.js'
import { identityOf, type ListedFile, listFiles, unreadable } from './paths.js'
import { SortedLines } from './runs.js'

export interface FileReadOptions {
  paths: readonly string[]
  memoryBytes: number
  maxLineBytes: number
}

const standardInput = '-'
/** How often the folder is listed again because files moved between the listing and the opening. */
const maxListings = 5

/** Reads all files, then yields what they hold of the trace by time. */
export async function* readFiles(options: FileReadOptions, request: LogRequest, draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
  const sorted = new SortedLines(options.memoryBytes)
  try {
    const search = new FileSearch(options, request, draft, sorted)
    const whole = await search.run()
    const labels = search.files.map((file) => ({ file }))
    for await (const { file, text } of sorted.inOrder()) {
      request.signal?.throwIfAborted()
      const reading = readEntry({ line: text, labels: { ...labels[file] } }, request.forms)
      if ('entry' in reading) yield reading.entry
    }
    if (draft.skipped > 0) {
      draft.reasons.push({
        code: 'LINES_SKIPPED',
        message: `${draft.skipped} broken or overlong lines hold the ID but do not show whose they are`,
      })
    }
    if (whole) draft.reasons.push({ code: HOLDS_FOR, message: proof(search.files, request) })
    draft.complete = whole
  } finally {
    await sorted.close()
  }
}

class FileSearch {
  /** Paths of the files that were read; a line names its file by the number here. */
  readonly files: string[] = []
  readonly #find
  readonly #overlap
  readonly #buffers = chunkBuffers()
  #place = 0

  constructor(
    private readonly options: FileReadOptions,
    private readonly request: LogRequest,
    private readonly draft: VerdictDraft,
    private readonly sorted: SortedLines,
  ) {
    this.#find = findAny(request.forms.needles)
    this.#overlap = Math.max(...request.forms.needles.map((needle) => needle.length)) - 1
  }

  /** @returns whether every file was read to its end */
  async run(): Promise<boolean> {
    const failures: SpanlogError[] = []
    const paths = this.options.paths.filter((path) => path !== standardInput)
    if (paths.length < this.options.paths.length) {
      await this.#search(standardInput, streamChunks(process.stdin, 'standard input', this.request.signal), failures)
    }
    await this.#readAll(paths, failures)
    this.draft.reasons.push(...failures.map(reasonOf))
    return failures.length === 0
  }

  /** A file is known by its inode: rotation gives it another name, and its name to another file, between listing and opening. */
  async #readAll(paths: readonly string[], failures: SpanlogError[]): Promise<void> {
    const opened = new Set<string>()
    const unopened = new Map<string, ListedFile>()
    for (let listing = 1; ; listing++) {
      const unlisted: SpanlogError[] = []
      let moved = false
      for (const file of await listFiles(paths, (error) => unlisted.push(error))) {
        this.request.signal?.throwIfAborted()
        if (opened.has(file.identity)) continue
        unopened.set(file.identity, file)
        const identity = await this.#read(file, opened, failures)
        moved ||= identity !== file.identity
        if (identity !== undefined) opened.add(identity)
      }
      for (const identity of opened) unopened.delete(identity)
      if (moved && listing < maxListings) continue
      failures.push(...unlisted)
      for (const { path } of unopened.values()) {
        failures.push(new SpanlogError('FILE_UNREADABLE', `${path} was listed, but gone under every name when it was to be opened`))
      }
      return
    }
  }

  /** @returns the identity of what was opened, whole or not; `undefined` where nothing has the name any more */
  async #read(file: ListedFile, opened: ReadonlySet<string>, failures: SpanlogError[]): Promise<string | undefined> {
    const { signal } = this.request
    if (!file.regular) {
      await this.#search(file.path, streamChunks(fs.createReadStream(file.path), file.path, signal), failures)
      return file.identity
    }
    let handle: FileHandle
    try {
      handle = await open(file.path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      failures.push(unreadable(file.path, error))
      return file.identity
    }
    try {
      const identity = identityOf(await handle.stat({ bigint: true }))
      if (!opened.has(identity)) {
        await this.#search(file.path, fileChunks(handle.fd, file.path, this.#buffers, signal), failures)
      }
      return identity
    } finally {
      await handle.close()
    }
  }

  async #search(path: string, chunks: AsyncIterable<Uint8Array>, failures: SpanlogError[]): Promise<void> {
    const { forms, from, to, mentions, signal } = this.request
    const file = this.files.push(path) - 1
    let overlong = 0
    // Of the line of the trace before, for lines without a time.
    let time = -1n
    try {
      for await (const { text } of linesWith(chunks, this.#find, { maxBytes: this.options.maxLineBytes, overlap: this.#overlap })) {
        signal?.throwIfAborted()
        if (text === undefined) {
          overlong++
          continue
        }
        const reading = readEntry({ line: text }, forms)
        if (reading.kind === 'unreadable') this.draft.skipped++
        if (!('entry' in reading)) continue
        time = reading.entry.timeUnixNano ?? time
        if (time >= 0n && ((from !== undefined && time < from) || (to !== undefined && time >= to))) continue
        if (reading.kind === 'mention' && !mentions) this.draft.mentions++
        else await this.sorted.add({ time, file, place: this.#place++, text })
      }
    } catch (error) {
      signal?.throwIfAborted()
      failures.push(error instanceof SpanlogError ? error : unreadable(path, error))
    }
    if (overlong > 0) {
      this.draft.skipped += overlong
      const size = `${this.options.maxLineBytes} bytes (maxLineBytes)`
      failures.push(new SpanlogError('FILE_MALFORMED', `${path} has ${overlong} lines with the ID that are longer than ${size}`))
    }
  }
}

function proof(files: readonly string[], { from, to }: LogRequest): string {
  const shown = files.slice(0, 5).join(', ') + (files.length > 5 ? ', …' : '')
  const window = from === undefined && to === undefined ? '' : ` in [${from ?? 'the beginning'}, ${to ?? 'the end'})`
  return `${files.length} files (${shown}), each to the end it had when it was read: every line${window} with the ID as 32 hex digits of one case, as 1-8-24, or as its low 64 bits in decimal`
}
