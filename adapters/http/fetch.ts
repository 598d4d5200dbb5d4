import { channel } from 'node:diagnostics_channel'
import { type Context, createContextKey, type Span, SpanStatusCode } from '@opentelemetry/api'
import { activeContext, runIn } from '../../src/context/active.js'
import { isStatusUnset, withSpan } from '../../src/context/span.js'
import { injectContext } from '../../src/context/wire.js'
import { unexpected } from '../../src/errors.js'
import { guarded } from './guarded.js'
import { methodAttributes, nameOfMethod } from './request.js'
import { safeUrl } from './url.js'

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
 * @returns a function of the same type
 * @throws SpanlogError INVALID_OPTION if it is no function
 * @example
 * ```ts
 * const fetch = traceFetch(globalThis.fetch)
 * const answer = await fetch('http://payments/charge', { method: 'POST', body })
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function traceFetch<F extends AnyFetch = typeof globalThis.fetch>(fetch: F = globalThis.fetch as unknown as F): F {
  if (typeof fetch !== 'function') throw unexpected('fetch', 'a function', fetch)
  const traced: AnyFetch = (input: unknown, init?: Init) => {
    // What cannot be read, or is no request over HTTP, is fetch's own affair: it answers, or rejects as it always did.
    const request = read(input, init)
    if (request === undefined) return fetch(input, init)
    const { method, url } = request
    const attributes = {
      ...methodAttributes(method),
      'url.full': safeUrl(url),
      'server.address': url.hostname.replace(/^\[|\]$/g, ''),
      'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    }
    return withSpan(nameOfMethod(method), { kind: 'client', attributes }, async (span) => {
      const headers = injectContext(activeContext(), request.headers)
      try {
        const answer = await runIn(requestContext(), () => fetch(input, { ...init, headers }))
        guarded('a client span could not be described', () => describe(span, answer.status))
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

const suppressKey = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')
const undiciRequests = channel('undici:request:create')

/**
 * The context for the request itself. OpenTelemetry's undici instrumentation listens on undici's channel: it opens no second
 * span, and adds no second `traceparent`, where tracing is suppressed; `@opentelemetry/core` names the key.
 */
function requestContext(): Context {
  return undiciRequests.hasSubscribers ? activeContext().setValue(suppressKey, true) : activeContext()
}

function describe(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status)
  if (status < 400) return
  span.setAttribute('error.type', String(status))
  if (isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR })
}

/** `ECONNREFUSED` says more than fetch's `TypeError`. */
function errorType(error: unknown): string {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: { code?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return typeof name === 'string' ? name : '_OTHER'
}
