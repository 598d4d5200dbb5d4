import { type Context, createContextKey, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api'
import { activeContext } from './active.js'
import { type Carrier, readCarrier, writeCarrier } from './carrier.js'
import { reportFault } from './fault.js'
import { state } from './state.js'
import { formatTraceparent, parseTraceparent, RANDOM } from './traceparent.js'
import { parseTracestate } from './tracestate.js'

// SDKs of the 2.x line make a child's flags from the sampling decision alone and lose the random flag, which belongs to the
// trace ID. The context remembers it beside the span.
const incomingKey = createContextKey('spanlog incoming trace')

/**
 * The trace that a carrier names, or `undefined` where it names none or is malformed. Never throws.
 *
 * @example
 * ```ts
 * const parent = extractTrace(message.headers)
 * withSpan('handle order', { kind: 'consumer', parent }, () => …)
 * ```
 * @see https://www.w3.org/TR/trace-context-2/
 */
export function extractTrace(carrier: Carrier | null | undefined): SpanContext | undefined {
  if (typeof carrier !== 'object' || carrier === null) return undefined
  try {
    const [traceparent, ...more] = readCarrier(carrier, 'traceparent')
    if (traceparent === undefined || more.length > 0) return undefined
    const parsed = parseTraceparent(traceparent)
    if (parsed === undefined) return undefined
    const traceState = parseTracestate(readCarrier(carrier, 'tracestate'))
    return { ...parsed, isRemote: true, ...(traceState && { traceState }) }
  } catch (error) {
    reportFault('a carrier could not be read', error)
    return undefined
  }
}

/**
 * Writes the active trace into a carrier as `traceparent` and `tracestate`, in place of what stood there. Outside a trace
 * the carrier stays as it is. Never throws.
 *
 * @returns the same carrier
 * @example
 * ```ts
 * await fetch(url, { headers: injectTrace({ accept: 'application/json' }) })
 * ```
 */
export function injectTrace<C extends Carrier>(carrier: C): C
export function injectTrace(): Record<string, string>
export function injectTrace(carrier: Carrier = {}): Carrier {
  return injectContext(activeContext(), carrier)
}

/** `injectTrace` for a context of one's own. */
export function injectContext<C extends Carrier>(context: Context, carrier: C): C {
  const spanContext = trace.getSpanContext(context)
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return carrier
  try {
    const traceFlags = isRandom(context, spanContext) ? spanContext.traceFlags | RANDOM : spanContext.traceFlags
    writeCarrier(carrier, 'traceparent', formatTraceparent({ ...spanContext, traceFlags }))
    writeCarrier(carrier, 'tracestate', spanContext.traceState?.serialize() || undefined)
  } catch (error) {
    reportFault('a carrier could not be written', error)
  }
  return carrier
}

/** The context in which a trace that came from outside goes on. */
export function continueIn(context: Context, remote: SpanContext): Context {
  return trace.setSpanContext(context, remote).setValue(incomingKey, remote)
}

function isRandom(context: Context, spanContext: SpanContext): boolean {
  const incoming = context.getValue(incomingKey) as SpanContext | undefined
  if (incoming?.traceId === spanContext.traceId) return (incoming.traceFlags & RANDOM) !== 0
  return (spanContext.traceFlags & RANDOM) !== 0 || (state.randomTraceIds && spanContext.isRemote !== true)
}
