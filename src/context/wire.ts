import { type Context, createContextKey, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api'
import { activeContext } from './active.js'
import { type Carrier, readCarrier, writeCarrier } from './carrier.js'
import { withMark } from './debug-mark.js'
import { reportFault } from './fault.js'
import type { NamedTrace } from './headers/format.js'
import { headerFormats, headersInUse } from './headers/formats.js'
import { state } from './state.js'
import { formatTraceparent, RANDOM } from './traceparent.js'

// SDKs of the 2.x line make a child's flags from the sampling decision alone and lose the random flag, which belongs to the
// trace ID. The context remembers beside the span where its trace came from: from outside, or that it began here.
const originKey = createContextKey('spanlog origin of the trace')
const beganHere = Symbol.for('spanlog.began-here')

/**
 * The trace that a carrier names, or `undefined` where it names none or is malformed. Never throws. Of the formats that
 * `configure({ headers })` lists, the first that names one counts.
 *
 * @example
 * ```ts
 * const parent = extractTrace(message.headers)
 * withSpan('handle order', { kind: 'consumer', parent }, () => handle(message))
 * ```
 * @see https://www.w3.org/TR/trace-context-2/
 */
export function extractTrace(carrier: Carrier | null | undefined): SpanContext | undefined {
  if (typeof carrier !== 'object' || carrier === null) return undefined
  try {
    for (const format of headersInUse()) {
      const named = headerFormats[format].read((name) => readCarrier(carrier, name))
      if (named !== undefined) return withMark({ ...named, isRemote: true }, carrier)
    }
    return undefined
  } catch (error) {
    reportFault('a carrier could not be read', error)
    return undefined
  }
}

/**
 * Writes the active trace into a carrier as `traceparent` and `tracestate`, or in each format of `configure({ headers })`, in
 * place of what stood there. Outside a trace the carrier stays as it is. Never throws.
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
  try {
    const named = outgoing(context)
    if (named === undefined) return carrier
    for (const format of headersInUse()) {
      for (const [name, value] of Object.entries(headerFormats[format].write(named))) writeCarrier(carrier, name, value)
    }
  } catch (error) {
    reportFault('a carrier could not be written', error)
  }
  return carrier
}

/** The trace of a context as W3C's header, whichever formats are configured; `undefined` outside a trace. */
export function traceparentOf(context: Context): string | undefined {
  const named = outgoing(context)
  return named && formatTraceparent(named)
}

function outgoing(context: Context): NamedTrace | undefined {
  const spanContext = trace.getSpanContext(context)
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined
  return isRandom(context, spanContext) ? { ...spanContext, traceFlags: spanContext.traceFlags | RANDOM } : spanContext
}

/** The context in which a trace goes on that came from outside, or from another place in this process. */
export function continueIn(context: Context, parent: SpanContext): Context {
  const continued = trace.setSpanContext(context, parent)
  if (parent.isRemote === true) return continued.setValue(originKey, parent)
  // Of another trace of this process it is not known whether its ID is random, unless its flags say so.
  return parent.traceId === trace.getSpanContext(context)?.traceId ? continued : continued.setValue(originKey, parent)
}

/** The context in which a span without a parent begins a trace. */
export function beginIn(context: Context): Context {
  return context.setValue(originKey, beganHere)
}

function isRandom(context: Context, spanContext: SpanContext): boolean {
  if ((spanContext.traceFlags & RANDOM) !== 0) return true
  const origin = context.getValue(originKey) as SpanContext | typeof beganHere | undefined
  if (origin === beganHere) return state.randomTraceIds && spanContext.isRemote !== true
  return origin?.traceId === spanContext.traceId && (origin.traceFlags & RANDOM) !== 0
}
