import type { Find } from './find.js'
import { type FoundRecord, RecordFinder } from './records.js'

/**
 * The lines that hold what `find` looks for, in order, each for itself; only they become strings. The last line needs no line feed.
 *
 * @param chunks - each may be reused by its source as soon as the next one is asked for
 * @param maxBytes - of a line; of a longer one only the overlap is kept while the rest is searched
 * @param overlap - bytes that the longest needle needs to be seen across two chunks: its length less one
 */
export async function* linesWith(
  chunks: AsyncIterable<Uint8Array>,
  find: Find,
  { maxBytes = Number.MAX_SAFE_INTEGER, overlap = 0 }: { maxBytes?: number; overlap?: number } = {},
): AsyncGenerator<FoundRecord, void> {
  const finder = new RecordFinder({ find, overlap, maxBytes, joined: false })
  for await (const chunk of chunks) yield* finder.push(chunk)
  yield* finder.end()
}
