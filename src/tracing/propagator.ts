import { type Context, type TextMapGetter, type TextMapPropagator, type TextMapSetter, trace } from '@opentelemetry/api'
import { debugHeader } from '../context/debug-mark.js'
import { reportFault } from '../context/fault.js'
import { beginIn, continueIn, extractTrace, injectContext } from '../context/wire.js'
import { peers } from './peers.js'

const fields = ['traceparent', 'tracestate'] as const

/**
 * W3C Trace Context, level 2, read strictly, for OpenTelemetry's propagation API. The SDK's own loses the random flag on child
 * spans and lets through some of what the specification refuses.
 *
 * @see https://www.w3.org/TR/trace-context-2/
 */
export class StrictW3CPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (peers.core().isTracingSuppressed(context)) return
    const headers: Record<string, string> = injectContext(context, {})
    for (const name of fields) {
      if (headers[name] !== undefined) setter.set(carrier, name, headers[name])
    }
  }

  /** A carrier without a valid traceparent leaves the context's span as it is. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    try {
      const [traceparent, tracestate] = fields.map((name) => getter.get(carrier, name))
      const mark = debugHeader()
      const marked = mark === undefined ? {} : { [mark]: getter.get(carrier, mark) }
      const remote = traceparent === undefined ? undefined : extractTrace({ traceparent, tracestate, ...marked })
      if (remote !== undefined) return continueIn(context, remote)
      // A server's span that is started in this context begins the trace.
      return trace.getSpan(context) === undefined ? beginIn(context) : context
    } catch (error) {
      reportFault('a carrier could not be read', error)
      return context
    }
  }

  fields(): string[] {
    return [...fields]
  }
}

/** The propagators that OTEL_PROPAGATORS names: `tracecontext` and `baggage` (the default), or `none`. */
export function propagatorFromEnv(): TextMapPropagator {
  const { CompositePropagator, getStringListFromEnv, W3CBaggagePropagator } = peers.core()
  const names = new Set(getStringListFromEnv('OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'])
  const propagators: TextMapPropagator[] = []
  for (const name of names) {
    if (name === 'tracecontext') propagators.push(new StrictW3CPropagator())
    else if (name === 'baggage') propagators.push(new W3CBaggagePropagator())
    else if (name !== 'none')
      reportFault(`OTEL_PROPAGATORS names ${name}, which is left out: only tracecontext, baggage and none are known`)
  }
  return new CompositePropagator({ propagators: names.has('none') ? [] : propagators })
}
