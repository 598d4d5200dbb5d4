import type { Trace, TraceResult } from './types.js'

/**
 * The reason against a trace in which spans name parents that it does not have. One missing parent above all else is no such reason: the
 * caller of the first service is often not traced, or into another store. It is one where the trace has a root, where several parents
 * are missing, or where the missing one must be of the same process, as that of a span that is neither server nor consumer.
 *
 * ```
 * (gateway)      api      (gone)         (gone)
 *   api            work     query          work
 *     query          (?)                     query
 *   complete     complete  SPANS_MISSING   SPANS_MISSING: `work` is internal
 * ```
 */
export function missingSpans({ spans }: Trace): TraceResult['reasons'][number] | undefined {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const orphans = spans.filter(({ parentSpanId }) => parentSpanId !== undefined && !known.has(parentSpanId))
  const missing = new Set(orphans.map(({ parentSpanId }) => parentSpanId))
  if (missing.size === 0) return undefined
  const hasRoot = spans.some(({ parentSpanId }) => parentSpanId === undefined)
  const isAbove = missing.size === 1 && !hasRoot && orphans.every(({ kind }) => kind === 'server' || kind === 'consumer')
  if (isAbove) return undefined
  const [first] = orphans
  const parents = missing.size === 1 ? 'a parent' : `${missing.size} parents`
  const named = `the first: ${first?.parentSpanId} of ${first?.service} "${first?.name}"`
  const count = orphans.length === 1 ? 'a span names' : `${orphans.length} spans name`
  return {
    code: 'SPANS_MISSING',
    message: `${count} ${parents} that the trace does not have (${named}); it may still be running, or lost them`,
  }
}
