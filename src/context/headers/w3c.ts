import { formatTraceparent, parseTraceparent } from '../traceparent.js'
import { parseTracestate } from '../tracestate.js'
import { type HeaderFormat, single } from './format.js'

/** @see https://www.w3.org/TR/trace-context-2/ */
export const w3c: HeaderFormat = {
  fields: ['traceparent', 'tracestate'],
  read(valuesOf) {
    const traceparent = single(valuesOf('traceparent'))
    const parsed = traceparent ? parseTraceparent(traceparent) : undefined
    if (parsed === undefined) return undefined
    const traceState = parseTracestate(valuesOf('tracestate'))
    return { ...parsed, ...(traceState && { traceState }) }
  },
  write: (trace) => ({ traceparent: formatTraceparent(trace), tracestate: trace.traceState?.serialize() || undefined }),
}
