import type { Attributes } from '@opentelemetry/api'
import { createRedactor } from '../redaction/redactor.js'
import { given, present } from './attributes.js'

/** A request that this process sends, and its answer as far as there is one. */
export interface HttpClientCall {
  method: string
  url: string | URL
  /** Of the response. */
  status?: number | undefined
  /** How often it was sent before. */
  resends?: number | undefined
}

/** A request that this process serves. */
export interface HttpServerRequest {
  method: string | undefined
  /** As it came in: `/orders/7?expand=items`. */
  url: string | undefined
  scheme?: 'http' | 'https' | undefined
  /** `/orders/:id`. */
  route?: string | undefined
  status?: number | undefined
  userAgent?: string | undefined
  clientAddress?: string | undefined
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'])
const secrets = createRedactor({ keys: [], patterns: ['url-credentials', 'url-secrets'], replacement: 'REDACTED' })

/**
 * The attributes of a client span over HTTP; the URL without credentials and without the values of secret parameters.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 * @example
 * ```ts
 * span.setAttributes(httpClientAttributes({ method: 'GET', url, status: response.status }))
 * ```
 */
export function httpClientAttributes(call: HttpClientCall): Attributes {
  const { method, url, status, resends } = given(call)
  const text = typeof url === 'string' || url instanceof URL ? String(url) : undefined
  const target = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  const defaultPort = target?.protocol === 'https:' ? 443 : 80
  return present({
    ...methodAttributes(method),
    'url.full': text === undefined ? undefined : secrets.text(text),
    'server.address': target?.hostname.replace(/^\[|\]$/g, ''),
    'server.port': target && Number(target.port || defaultPort),
    ...statusAttributes(status, 400),
    'http.request.resend_count': resends === 0 ? undefined : resends,
  })
}

/**
 * The attributes of a server span over HTTP.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 * @example
 * ```ts
 * withSpan('GET /orders/:id', { kind: 'server', attributes: httpServerAttributes({ method: 'GET', url: req.url, route: '/orders/:id' }) }, handle)
 * ```
 */
export function httpServerAttributes(request: HttpServerRequest): Attributes {
  const { method, url, scheme, route, status, userAgent, clientAddress } = given(request)
  const [path = '', query] =
    secrets
      .text(typeof url === 'string' ? url : '')
      .split('#', 1)[0]
      ?.split(/\?(.*)/s) ?? []
  return present({
    ...methodAttributes(method),
    'url.path': typeof url === 'string' ? path || '/' : undefined,
    'url.query': query || undefined,
    'url.scheme': scheme,
    'http.route': route,
    ...statusAttributes(status, 500),
    'user_agent.original': userAgent,
    'client.address': clientAddress,
  })
}

/** A method may be anything; one that is not known must not make a name of its own. */
function methodAttributes(method: string | undefined): Record<string, string> {
  if (typeof method !== 'string' || method === '') return {}
  const upper = method.toUpperCase()
  return knownMethods.has(upper)
    ? { 'http.request.method': upper, ...(upper !== method && { 'http.request.method_original': method }) }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': method }
}

function statusAttributes(status: number | undefined, failsFrom: number): Record<string, string | number | undefined> {
  return {
    'http.response.status_code': status,
    'error.type': status !== undefined && status >= failsFrom ? String(status) : undefined,
  }
}
