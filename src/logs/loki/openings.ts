import { SpanlogError } from '../../errors.js'
import { partsOf, type Stretch, stepFor } from './plan.js'
import type { LokiReader, Page } from './reader.js'

/** How a window begins. */
export interface Opening {
  from: bigint
  to: bigint
  first: Page
  /** None where the page proves itself. */
  steps: Stretch[]
  /** Why there are no counts although they are needed. */
  failure?: SpanlogError
}

/** A longer window that takes Loki too long is asked for in halves. */
const leastSlowNano = 60_000_000_000n

/**
 * The windows that make up `[from, to)`, each with its first page, and its counts where that does not prove itself. One that takes Loki
 * longer than a request may last is halved, and so is all that is behind it.
 *
 * ```
 * |-------------------------------|   too slow
 * |---------------|                   too slow
 * |-------|-------|-------|-------|
 * ```
 */
export async function* openings(reader: LokiReader, query: string, from: bigint, to: bigint): AsyncGenerator<Opening> {
  let longest = to - from
  for (const part of partsOf(from, to, reader.limits)) {
    for (let start = part.from; start < part.to; ) {
      const end = start + longest < part.to ? start + longest : part.to
      const opening = await open(reader, query, start, end)
      if (opening === 'too slow') longest = (end - start + 1n) / 2n
      else {
        yield opening
        start = end
      }
    }
  }
}

async function open(reader: LokiReader, query: string, from: bigint, to: bigint): Promise<Opening | 'too slow'> {
  const isLong = to - from > leastSlowNano
  // Sent again it would be as slow.
  const patience = isLong ? { timeoutRetries: 0 } : {}
  let first: Page | undefined
  try {
    first = await reader.page(query, from, to, patience)
    return { from, to, first, steps: first.whole ? [] : await reader.counts(query, from, to, stepFor(from, to), patience) }
  } catch (error) {
    if (!(error instanceof SpanlogError)) throw error
    if (isLong && error.code === 'LOKI_TIMEOUT') return 'too slow'
    if (first === undefined) throw error
    return { from, to, first, steps: [], failure: error }
  }
}
