import { unexpected } from '../errors.js'
import type { Trace } from '../traces/types.js'

/** One trace, or many: in any collection that can be iterated. */
export type Traces = Trace | Iterable<Trace>

/** @throws SpanlogError INVALID_OPTION */
export function listOf(traces: Traces): Trace[] {
  const given: unknown = traces
  if (typeof given !== 'object' || given === null) throw unexpected('traces', 'a trace, or a collection of them', given)
  return Symbol.iterator in traces ? [...traces].map(traceGiven) : [traceGiven(traces)]
}

/** @throws SpanlogError INVALID_OPTION */
export function traceGiven(trace: Trace): Trace {
  const given = trace as Partial<Trace> | null | undefined
  if (typeof given !== 'object' || !Array.isArray(given?.spans)) throw unexpected('trace', 'a trace: { traceId, spans }', given)
  return trace
}
