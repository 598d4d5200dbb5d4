import { channel } from 'node:diagnostics_channel'
import { activeContext } from '../../src/context/active.js'
import { withSpan } from '../../src/context/span.js'
import { injectContext } from '../../src/context/wire.js'
import { unexpected } from '../../src/errors.js'
import { errorType } from '../failure.js'
import { withoutTracing } from '../instrumented.js'
import { clientAttributes, describeAnswer, portOf } from './client-span.js'
import { guarded } from './guarded.js'
import { propagationRule, type TraceClientOptions } from './propagate-to.js'
import { nameOfMethod } from './request.js'

/** What is read of a fetch's second argument, or of a `Request`. */
interface Init {
  method?: string
  headers?: HeadersInit
}
// oxlint-disable-next-line typescript/no-explicit-any -- the fetch of another package has types of its own
type AnyFetch = (input: any, init?: any) => Promise<{ status: number }>
type HeadersInit = ConstructorParameters<typeof Headers>[0]

/**
 * Wraps `fetch`: each request gets a client span, named by its method, and takes the trace along in `traceparent` and
 * `tracestate`. The span ends when the response's head is there; its body is still to come. It is an error from status 400
 * on, or where the request fails; the failure is recorded and thrown on. Credentials and secret query values do not show in
 * `url.full`. The caller's `init` and `Request` are never changed.
 *
 * Where OpenTelemetry's undici instrumentation is active, this span takes the place of its own.
 *
 * @param fetch - of node, of undici, or what is called like them
 * @defaultValue the global `fetch`
 * @param options - `propagateTo`: the hosts that get the trace
 * @returns a function of the same type
 * @throws SpanlogError INVALID_OPTION if it is no function
 * @example
 * ```ts
 * const fetch = traceFetch(globalThis.fetch)
 * const answer = await fetch('http://payments/charge', { method: 'POST', body })
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function traceFetch<F extends AnyFetch = typeof globalThis.fetch>(
  fetch: F = globalThis.fetch as unknown as F,
  options: TraceClientOptions = {},
): F {
  if (typeof fetch !== 'function') throw unexpected('fetch', 'a function', fetch)
  const mayGoTo = propagationRule('traceFetch', options)
  const traced: AnyFetch = (input: unknown, init?: Init) => {
    // What cannot be read, or is no request over HTTP, is fetch's own affair: it answers, or rejects as it always did.
    const request = read(input, init)
    if (request === undefined) return fetch(input, init)
    const { method, url } = request
    return withSpan(nameOfMethod(method), { kind: 'client', attributes: clientAttributes(method, url) }, async (span) => {
      const { headers } = request
      if (mayGoTo(url.hostname, portOf(url))) injectContext(activeContext(), headers)
      try {
        const answer = await asking(() => fetch(input, { ...init, headers }))
        guarded('a client span could not be described', () => describeAnswer(span, answer.status))
        return answer
      } catch (error) {
        guarded('a client span could not be described', () => span.setAttribute('error.type', errorType(error)))
        throw error
      }
    })
  }
  return traced as F
}

interface Outgoing {
  method: string
  url: URL
  /** A copy, to write into. */
  headers: Headers
}

function read(input: unknown, init: Init | undefined): Outgoing | undefined {
  try {
    const request = typeof input === 'object' && input !== null && 'url' in input ? (input as { url: string } & Init) : undefined
    const url = new URL(String(request?.url ?? input))
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
    const method = methodOf(init?.method ?? request?.method ?? 'GET')
    return { method, url, headers: new Headers(init?.headers ?? request?.headers) }
  } catch {
    return undefined
  }
}

const normalized = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])

/** As fetch has it: `get` goes out as `GET`, `patch` as it is. */
function methodOf(method: string): string {
  const upper = method.toUpperCase()
  return normalized.has(upper) ? upper : method
}

const undiciRequests = channel('undici:request:create')

/**
 * OpenTelemetry's undici instrumentation listens on undici's channel: it opens no second span, and adds no second `traceparent`, where
 * tracing is suppressed.
 */
function asking<T>(fn: () => T): T {
  return undiciRequests.hasSubscribers ? withoutTracing(fn) : fn()
}
