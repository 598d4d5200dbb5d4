import type { FoundRecord } from '../../files/records.js'
import { otlpLines } from '../otlp-lines.js'
import type { LogEntry } from '../types.js'
import type { Wanted } from './gather.js'
import { SortedLines } from './runs.js'
import { isSpanDocument } from './trace-document.js'

/** The wanted lines of files that are being followed, since they were last asked for. */
export class NewLines {
  readonly #wanted: Wanted
  readonly #memoryBytes: number
  /** Gets the path of a file with a line of which nobody can tell whether it is wanted. */
  readonly #skipped: (at: string) => void
  /** The files by number, each with the time of its last line, for lines without one. */
  readonly #files: { path: string; time: bigint }[] = []
  #sorted: SortedLines
  #place = 0

  constructor(wanted: Wanted, memoryBytes: number, skipped: (at: string) => void) {
    this.#wanted = wanted
    this.#memoryBytes = memoryBytes
    this.#skipped = skipped
    this.#sorted = new SortedLines(memoryBytes)
  }

  async add(at: string, records: Iterable<FoundRecord>): Promise<void> {
    for (const { text, head = '' } of records) {
      if (text === undefined) {
        if (!isSpanDocument(head)) this.#skipped(at)
      } else for (const line of otlpLines(text) ?? [text]) await this.#judge(at, line)
    }
  }

  /** By time; then there are none any more. */
  async *taken(): AsyncGenerator<LogEntry, void> {
    for await (const { file, text } of this.#sorted.inOrder()) {
      const entry = this.#wanted.read(text, this.#files[file]?.path ?? '')
      if (typeof entry === 'object') yield entry
    }
    await this.#sorted.close()
    this.#sorted = new SortedLines(this.#memoryBytes)
  }

  async close(): Promise<void> {
    await this.#sorted.close()
  }

  #judge(at: string, line: string): Promise<void> | undefined {
    const reading = this.#wanted.read(line, at)
    if (reading === 'unreadable') this.#skipped(at)
    if (typeof reading !== 'object') return undefined
    let file = this.#files.findIndex((known) => known.path === at)
    if (file < 0) file = this.#files.push({ path: at, time: -1n }) - 1
    const known = this.#files[file] as { time: bigint }
    const time = reading.timeUnixNano ?? known.time
    known.time = time
    const early = time >= 0n && this.#wanted.from !== undefined && time < this.#wanted.from
    if (early || !this.#wanted.keep(reading)) return undefined
    return this.#sorted.add({ time, file, place: this.#place++, text: line })
  }
}
