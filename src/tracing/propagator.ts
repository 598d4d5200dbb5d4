import { type Context, SpanKind, type TextMapGetter, type TextMapPropagator, type TextMapSetter, trace } from '@opentelemetry/api'
import { debugHeader } from '../context/debug-mark.js'
import { reportFault } from '../context/fault.js'
import { formatOfPropagator, headerFormats, headersInUse } from '../context/headers/formats.js'
import { state } from '../context/state.js'
import { beginIn, continueIn, extractTrace, injectContext } from '../context/wire.js'
import { peers } from './peers.js'

/**
 * W3C Trace Context, level 2, read strictly, for OpenTelemetry's propagation API, or the formats that `configure({ headers })` lists in
 * its place. The SDK's own loses the random flag on child spans and lets through some of what the specification refuses.
 *
 * @see https://www.w3.org/TR/trace-context-2/
 */
export class StrictPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (peers.core().isTracingSuppressed(context)) return
    const headers: Record<string, string> = injectContext(context, {})
    for (const [name, value] of Object.entries(headers)) setter.set(carrier, name, value)
  }

  /** A carrier that names no trace leaves the context's span as it is. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    try {
      const mark = debugHeader()
      const names = mark === undefined ? this.fields() : [...this.fields(), mark]
      const remote = extractTrace(Object.fromEntries(names.map((name) => [name, getter.get(carrier, name)])))
      if (remote !== undefined) return continueIn(context, remote)
      // A server's span that is started in this context begins the trace.
      return trace.getSpan(context) === undefined ? beginIn(context) : context
    } catch (error) {
      reportFault('a carrier could not be read', error)
      return context
    }
  }

  fields(): string[] {
    return [...new Set(headersInUse().flatMap((format) => headerFormats[format].fields))]
  }
}

/** Keeps a request's headers from hosts that `configure({ propagateTo })` leaves out, baggage and all. */
class GuardedPropagator implements TextMapPropagator {
  constructor(private readonly inner: TextMapPropagator) {}

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (mayGoOut(context)) this.inner.inject(context, carrier, setter)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return this.inner.extract(context, carrier, getter)
  }

  fields(): string[] {
    return this.inner.fields()
  }
}

/** An instrumentation says where its request goes on the span alone, and only where that is recorded. */
function mayGoOut(context: Context): boolean {
  const rule = state.settings.propagateTo
  if (rule === undefined) return true
  const { kind, attributes = {} } = (trace.getSpan(context) ?? {}) as { kind?: SpanKind; attributes?: Record<string, unknown> }
  if (kind !== SpanKind.CLIENT) return true
  const address = attributes['server.address'] ?? attributes['net.peer.name']
  const port = attributes['server.port'] ?? attributes['net.peer.port']
  const isHttp = 'http.request.method' in attributes || 'http.method' in attributes
  return !isHttp || (typeof address === 'string' && rule(address, port as string | number | undefined))
}

/** The propagators that OTEL_PROPAGATORS names: trace formats, `baggage`, or `none`; `tracecontext` and `baggage` where it names none. */
export function propagatorFromEnv(): TextMapPropagator {
  const { CompositePropagator, getStringListFromEnv, W3CBaggagePropagator } = peers.core()
  const names = new Set(getStringListFromEnv('OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'])
  const propagators: TextMapPropagator[] = []
  // One for all formats, since it is the first of them that counts.
  if ([...names].some((name) => formatOfPropagator(name) !== undefined)) propagators.push(new StrictPropagator())
  for (const name of names) {
    if (name === 'baggage') propagators.push(new W3CBaggagePropagator())
    else if (name !== 'none' && formatOfPropagator(name) === undefined)
      reportFault(
        `OTEL_PROPAGATORS names ${name}, which is left out: only tracecontext, b3, b3multi, xray, datadog, baggage and none are known`,
      )
  }
  return new GuardedPropagator(new CompositePropagator({ propagators: names.has('none') ? [] : propagators }))
}
