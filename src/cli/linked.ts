import { reasonOf, SpanlogError } from '../errors.js'
import type { LogQueryOptions } from '../logs/index.js'
import type { Trace, TraceSource } from '../traces/index.js'
import { type Found, gatherTrace, type Sources } from './gather.js'

/** A trace that hangs together with another by a link. */
export interface Linked extends Found {
  /** `cause`: a span of the other links to it, and so it came first. `effect`: a span of it links to the other. */
  as: 'cause' | 'effect'
  of: string
}

export interface AllLinked {
  linked: Linked[]
  /** Why there may be more. */
  reasons: { code: string; message: string }[]
}

export const MAX_LINKED = 20
const dayNano = 86_400_000_000_000n

/**
 * What triggered a trace, and what triggered that; and all that it caused, and what that caused: the nearest first. The stores are asked
 * for what links to a trace, from its start on, for a day or for the window that was given.
 */
export async function gatherLinked(first: Found, sources: Sources, options: LogQueryOptions): Promise<AllLinked> {
  const linked: Linked[] = []
  const reasons = new Map<string, AllLinked['reasons'][number]>()
  const known = new Set([first.traceId])
  const queue: { found: Found; as?: Linked['as'] }[] = [{ found: first }]
  const tell = (reason: AllLinked['reasons'][number]): unknown => reasons.set(reason.code + reason.message, reason)

  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { found, as } = next
    const trace = found.spans?.trace
    if (trace === undefined) continue
    // The other causes of an effect are no effects, and the other effects of a cause were not caused by this trace.
    const ids = [
      ...(as === 'effect' ? [] : causesOf(trace).map((id) => ({ id, as: 'cause' as const }))),
      ...(as === 'cause' ? [] : (await effectsOf(trace, sources.traces, options, tell)).map((id) => ({ id, as: 'effect' as const }))),
    ]
    for (const { id, as: role } of ids) {
      if (known.has(id)) continue
      if (linked.length === MAX_LINKED) {
        tell({ code: 'LIMIT_REACHED', message: `more than ${MAX_LINKED} traces are linked; ask for one of these` })
        return { linked, reasons: [...reasons.values()] }
      }
      known.add(id)
      const other = await gatherTrace(id, sources, options).catch((error: unknown) => malformedLink(id, error))
      linked.push({ ...other, as: role, of: found.traceId })
      queue.push({ found: other, as: role })
    }
  }
  return { linked, reasons: [...reasons.values()] }
}

function causesOf(trace: Trace): string[] {
  return trace.spans.flatMap(({ links }) => links.map(({ traceId }) => traceId)).filter((id) => !/^0+$/.test(id))
}

async function effectsOf(
  { traceId, spans }: Trace,
  sources: readonly TraceSource[],
  { from, to, signal }: LogQueryOptions,
  tell: (reason: AllLinked['reasons'][number]) => void,
): Promise<string[]> {
  const start = spans.reduce((first, span) => (span.startUnixNano < first ? span.startUnixNano : first), spans[0]?.startUnixNano ?? 0n)
  const window = { from: from ?? start, to: to ?? start + dayNano }
  const found: string[] = []
  for (const source of sources) {
    try {
      const search = source.search({ linkedTo: traceId, ...window, limit: MAX_LINKED, ...(signal && { signal }) })
      for await (const item of search) {
        if ('cut' in item) tell({ code: item.code, message: item.message })
        else found.push(item.traceId)
      }
    } catch (error) {
      // A store that cannot search by links refuses to.
      if (!(error instanceof SpanlogError)) throw error
      tell(reasonOf(error))
    }
  }
  return found
}

/** A link is what somebody wrote: it may hold no ID at all. */
function malformedLink(traceId: string, error: unknown): Found {
  if (!(error instanceof SpanlogError && error.code === 'INVALID_TRACE_ID')) throw error
  return { traceId, entries: [], spans: { complete: false, reasons: [{ code: error.code, message: 'a link names no trace' }] } }
}
