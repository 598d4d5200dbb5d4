import type { LogEntry, LogGap } from '../logs/index.js'

type Item = LogEntry | LogGap

/** Several sources that are followed, as one: what comes first comes first. Where one has failed, the others go on, and it throws at the end. */
export async function* mergeFollowed(sources: readonly AsyncIterable<Item>[]): AsyncGenerator<Item, void> {
  const readers = sources.map((source) => source[Symbol.asyncIterator]())
  const step = async (reader: AsyncIterator<Item>): Promise<Step> => {
    try {
      return { reader, result: await reader.next() }
    } catch (error) {
      return { reader, error }
    }
  }
  const waiting = new Map(readers.map((reader) => [reader, step(reader)]))
  let failed: { error: unknown } | undefined
  try {
    while (waiting.size > 0) {
      const done = await Promise.race(waiting.values())
      if ('result' in done && done.result.done !== true) {
        yield done.result.value
        // Behind the others: a source with much to say must not keep them waiting.
        waiting.delete(done.reader)
        waiting.set(done.reader, step(done.reader))
      } else {
        waiting.delete(done.reader)
        if ('error' in done) failed ??= { error: done.error }
      }
    }
  } finally {
    await Promise.all(readers.map(async (reader) => reader.return?.()))
  }
  if (failed !== undefined) throw failed.error
}

type Step = { reader: AsyncIterator<Item> } & ({ result: IteratorResult<Item, unknown> } | { error: unknown })
