import { type FoundRecord, RecordFinder, type RecordOptions, settledMs } from './records.js'

/**
 * Hands on the records of a stream that goes on; one that may still go on when nothing has followed for a while.
 *
 * @param chunks - each may be reused when the next one is asked for
 * @param take - resolves when it can take more
 */
export async function streamedRecords(
  chunks: AsyncIterable<Uint8Array>,
  options: RecordOptions,
  take: (records: FoundRecord[]) => Promise<void>,
): Promise<void> {
  const finder = new RecordFinder(options)
  let settling: NodeJS.Timeout | undefined
  try {
    for await (const chunk of chunks) {
      clearTimeout(settling)
      await take([...finder.push(chunk)])
      settling = setTimeout(() => void take([...finder.settle()]), settledMs)
    }
  } finally {
    clearTimeout(settling)
  }
  await take([...finder.end()])
}
