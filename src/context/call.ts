import type { Span } from '@opentelemetry/api'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import { isRecord } from './attributes.js'
import { withSpan } from './span.js'
import { type WithSpanOptions } from './span-options.js'

/** How `traceCall` runs: as `withSpan`, but for the kind, which is `client`. */
export type TraceCallOptions = Omit<WithSpanOptions, 'kind'>

/**
 * Runs a call to another service inside a client span, named `service/method`: for what has no adapter of its own, such as a vendor's SDK.
 * The span ends, and records what is thrown, as with `withSpan`. Inside of it `injectTrace` gives the headers that take the trace along.
 *
 * @param service - the name of what is called; the service map draws it where it has no spans of its own
 * @param method - of low cardinality: `charge`, not `charge/4711`
 * @returns what `fn` returns
 * @throws SpanlogError INVALID_OPTION for a wrong name, `fn` or option, as `withSpan`; else what `fn` throws
 * @example
 * ```ts
 * const receipt = await traceCall('payments', 'charge', () => payments.charge(order, { headers: injectTrace() }))
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/service/
 */
export function traceCall<T>(service: string, method: string, fn: (span: Span) => T, options: TraceCallOptions = {}): T {
  for (const [name, value] of Object.entries({ service, method })) {
    if (typeof value !== 'string' || value === '') throw unexpected(name, 'a non-empty string', value)
  }
  if (typeof fn !== 'function') throw unexpected('fn', 'a function', fn)
  refuseUnknownOptions('traceCall', options, ['attributes', 'links', 'parent', 'expectedErrors'])
  const call = `${service}/${method}`
  const { attributes: own = {} } = options
  const attributes = isRecord(own) ? { 'service.peer.name': service, 'rpc.method': call, ...own } : own
  return withSpan(call, { ...options, kind: 'client', attributes }, (span) => fn(span))
}
