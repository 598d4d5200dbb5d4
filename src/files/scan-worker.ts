import { parentPort, workerData } from 'node:worker_threads'
import { findAny } from './find.js'
import { type Range, recordsOfRange } from './ranges.js'
import type { FoundRecord, RecordOptions } from './records.js'

/** What a thread is given at its start. */
export interface ScanWork extends Omit<RecordOptions, 'find'> {
  needles: readonly string[]
  /** How many of its answers nobody has taken yet; at the bound the thread waits. */
  untaken: Int32Array
}

/** What it is told to do. */
export interface ScanTask extends Range {
  fd: number
}

/** What it answers: several times for a range, `done` the last time. */
export interface ScanAnswer {
  records: FoundRecord[]
  bytes: number
  done: boolean
  error?: unknown
}

/** An answer is sent when its records have so many characters, or so many bytes were searched. */
const answerLength = 1 << 20
const answerBytes = 1 << 24
const maxUntaken = 4

const { needles, untaken, ...options } = workerData as ScanWork
const find = findAny(needles)

parentPort?.on('message', ({ fd, ...range }: ScanTask) => {
  let records: FoundRecord[] = []
  let bytes = 0
  let length = 0
  try {
    for (const part of recordsOfRange(fd, range, { ...options, find })) {
      bytes += part.bytes
      for (const record of part.records) {
        records.push(record)
        length += record.text?.length ?? 0
      }
      if (length >= answerLength || bytes >= answerBytes) answer(false)
    }
    answer(true)
  } catch (error) {
    answer(true, error)
  }

  function answer(done: boolean, error?: unknown): void {
    for (let waiting = Atomics.load(untaken, 0); waiting >= maxUntaken; waiting = Atomics.load(untaken, 0))
      Atomics.wait(untaken, 0, waiting)
    Atomics.add(untaken, 0, 1)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's, not a window's
    parentPort?.postMessage({ records, bytes, done, ...(error !== undefined && { error }) } satisfies ScanAnswer)
    records = []
    bytes = 0
    length = 0
  }
})
