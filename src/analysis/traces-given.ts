import type { Trace } from '../traces/types.js'

/** One trace, or many: in any collection that can be iterated. */
export type Traces = Trace | Iterable<Trace>

export function listOf(traces: Traces): Trace[] {
  return Symbol.iterator in traces ? [...traces] : [traces]
}
