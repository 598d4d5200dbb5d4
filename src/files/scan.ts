import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { cutIntoRanges, type Range, readAt } from './ranges.js'
import { type FoundRecord, RecordFinder, type RecordOptions } from './records.js'
import type { ScanAnswer, ScanTask, ScanWork } from './scan-worker.js'

/** Records, and how many bytes were read for them. */
export interface Scanned {
  records: FoundRecord[]
  bytes: number
}

/** A smaller file is read before threads have started: each takes the time of 100 MB. */
const defaultThreadedBytes = 1 << 27
const defaultRangeBytes = 1 << 25
const maxRanges = 64
/** Not there where somebody has bundled the package: then there are no threads. */
const threadFile = path.join(__dirname, 'scan-worker.js')
/** More of them wait for memory, not for the processor. */
const maxThreads = 4

/** Searches plain files: small ones here, large ones in threads, which live until `close`. */
export class Scanner {
  readonly options: RecordOptions
  readonly #needles: readonly string[]
  readonly #threadedBytes: number
  readonly #rangeBytes: number
  readonly #threads: Thread[] = []

  /**
   * @param needles - what `options.find` looks for: a thread makes its own; with none there are no threads
   * @param sizes - `threadedBytes`: of files that are searched in threads; `rangeBytes`: what a thread searches at a time
   */
  constructor(options: RecordOptions, needles: readonly string[], sizes: { threadedBytes?: number; rangeBytes?: number } = {}) {
    this.options = options
    this.#needles = needles
    this.#threadedBytes = sizes.threadedBytes ?? defaultThreadedBytes
    this.#rangeBytes = sizes.rangeBytes ?? defaultRangeBytes
  }

  /** The records of an open file in their order, from its start to where it ends when the reading gets there. */
  async *scan(fd: number, size: number): AsyncGenerator<Scanned, void> {
    const threads = this.#needles.length > 0 && size >= this.#threadedBytes ? this.#started() : []
    if (threads.length === 0) {
      yield* this.#here(fd)
      return
    }
    const ranges = await cutIntoRanges(fd, size, Math.max(this.#rangeBytes, Math.ceil(size / maxRanges)))
    const answers = ranges.map(() => new Answers())
    let next = 0
    const working = threads.map(async (thread) => {
      for (let i = next++; i < ranges.length; i = next++) await thread.search({ fd, ...(ranges[i] as Range) }, answers[i] as Answers)
    })
    try {
      for (const each of answers) yield* each
    } finally {
      next = ranges.length
      // The descriptor must not be closed under a thread that reads it.
      if (answers.some((each) => !each.ended)) await this.close()
      await Promise.allSettled(working)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.stop()))
  }

  async *#here(fd: number): AsyncGenerator<Scanned, void> {
    const finder = new RecordFinder(this.options)
    for (let position = 0; ; ) {
      const space = finder.space()
      const bytes = await readAt(fd, space, space.length, position)
      if (bytes === 0) break
      position += bytes
      yield { records: finder.advance(bytes), bytes }
    }
    yield { records: finder.end(), bytes: 0 }
  }

  #started(): readonly Thread[] {
    const { find: _, ...options } = this.options
    if (!fs.existsSync(threadFile)) return []
    while (this.#threads.length < Math.min(maxThreads, os.availableParallelism())) this.#threads.push(new Thread(options, this.#needles))
    return this.#threads
  }
}

/** What a thread has answered for a range and nobody has taken yet. */
class Answers implements AsyncIterable<Scanned> {
  readonly #waiting: { answer: ScanAnswer; taken: () => void }[] = []
  #wake: (() => void) | undefined
  #failure: unknown
  ended = false

  put(answer: ScanAnswer, taken: () => void): void {
    this.#waiting.push({ answer, taken })
    this.#wake?.()
  }

  fail(error: unknown): void {
    this.#failure = error
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Scanned, void> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next !== undefined) {
        next.taken()
        if (next.answer.done) this.ended = true
        if (next.answer.error !== undefined) throw next.answer.error
        yield next.answer
        if (next.answer.done) return
      } else if (this.#failure !== undefined) {
        this.ended = true
        throw this.#failure
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}

class Thread {
  readonly #untaken = new Int32Array(new SharedArrayBuffer(4))
  readonly #worker: Worker
  #answers: Answers | undefined
  #finished: (() => void) | undefined
  #stopped: Error | undefined

  constructor(options: Omit<RecordOptions, 'find'>, needles: readonly string[]) {
    const workerData: ScanWork = { ...options, needles, untaken: this.#untaken }
    this.#worker = new Worker(threadFile, { workerData, stdout: true, stderr: true })
    this.#worker.on('message', (answer: ScanAnswer) => {
      this.#answers?.put(answer, () => {
        Atomics.sub(this.#untaken, 0, 1)
        Atomics.notify(this.#untaken, 0)
      })
      if (answer.done) this.#finished?.()
    })
    this.#worker.on('error', (error: Error) => this.#end(error))
    this.#worker.on('exit', () => this.#end(new Error('a thread ended early')))
  }

  search(task: ScanTask, answers: Answers): Promise<void> {
    this.#answers = answers
    return new Promise((resolve) => {
      this.#finished = resolve
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's, not a window's
      if (this.#stopped === undefined) this.#worker.postMessage(task)
      else this.#end(this.#stopped)
    })
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #end(error: Error): void {
    this.#stopped = error
    this.#answers?.fail(error)
    this.#finished?.()
  }
}
