import { refuseUnknownOptions, SpanlogError, unexpected } from '../../errors.js'
import { parseSelector } from './logql.js'

/** What `lokiLogs` takes. */
export interface LokiLogsOptions {
  /**
   * Where Loki is, with or without a path in front of `/loki/api/v1`, as behind Grafana or a reverse proxy. What Grafana Cloud shows
   * for pushing (`https://logs-prod-….grafana.net/loki/api/v1/push`) fits too.
   */
  url: string | URL
  /** Sent as `X-Scope-OrgID`. */
  tenant?: string
  /** Sent with each request. */
  headers?: Record<string, string>
  /** The streams to search, as a LogQL stream selector. A narrower one is faster. @defaultValue `{service_name=~".+"}` */
  selector?: string
  basicAuth?: { username: string; password: string }
  bearerToken?: string
  /** For one request, its body included, in milliseconds. @defaultValue 30_000 */
  timeoutMs?: number
  /** How often a request is sent again after a failure that may pass. @defaultValue 4 */
  retries?: number
  /** @defaultValue the global `fetch` */
  fetch?: typeof fetch
}

/** The options, checked and in the form in which they are used. */
export interface LokiSettings {
  /** Ends in `/loki/api/v1`. */
  base: string
  headers: Readonly<Record<string, string>>
  hasTenant: boolean
  selector: string
  timeoutMs: number
  retries: number
  fetch: typeof fetch
}

/** The widest selector that Loki takes: Loki 3 gives each stream a `service_name`. */
export const widestSelector = '{service_name=~".+"}'

const known = ['url', 'tenant', 'headers', 'selector', 'basicAuth', 'bearerToken', 'timeoutMs', 'retries', 'fetch']
// Longer timers fire at once.
const maxTimeoutMs = 2 ** 31 - 1

/** @throws SpanlogError INVALID_URL, INVALID_OPTION */
export function parseLokiOptions(options: LokiLogsOptions): LokiSettings {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('lokiLogs', options, known)
  const { tenant, timeoutMs = 30_000, retries = 4 } = options
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > maxTimeoutMs) {
    throw unexpected('timeoutMs', `a whole number of milliseconds from 1 to ${maxTimeoutMs}`, timeoutMs)
  }
  if (!Number.isInteger(retries) || retries < 0 || retries > 20) throw unexpected('retries', 'a whole number from 0 to 20', retries)
  if (options.fetch !== undefined && typeof options.fetch !== 'function') throw unexpected('fetch', 'a function', options.fetch)
  if (tenant !== undefined && (typeof tenant !== 'string' || tenant === '')) throw unexpected('tenant', 'a text that is not empty', tenant)
  return {
    base: parseBase(options.url),
    headers: parseHeaders(options),
    hasTenant: tenant !== undefined,
    selector: options.selector === undefined ? widestSelector : parseSelector(options.selector),
    timeoutMs,
    retries,
    // Looked up at each call: whoever instruments or mocks the global one later is heard too.
    fetch: options.fetch ?? ((...args) => fetch(...args)),
  }
}

function parseBase(given: unknown): string {
  const text = given instanceof URL ? given.href : given
  if (typeof text !== 'string' || !URL.canParse(text)) throw unexpected('url', 'an absolute http:// or https:// URL', given, 'INVALID_URL')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw unexpected('url', 'an absolute http:// or https:// URL', given, 'INVALID_URL')
  }
  // Not shown in the message: it holds a password.
  if (url.username !== '' || url.password !== '') {
    throw new SpanlogError('INVALID_URL', '`url` holds a user name or a password', { remedy: 'give them as basicAuth' })
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/loki\/api\/v1(?:\/(?:push|query_range|query))?$/, '')
  return `${url.origin}${path}/loki/api/v1`
}

function parseHeaders({ headers = {}, tenant, basicAuth, bearerToken }: LokiLogsOptions): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) throw unexpected('headers', 'an object of header names and values', headers)
  if (basicAuth !== undefined && bearerToken !== undefined) {
    throw new SpanlogError('INVALID_OPTION', 'both `basicAuth` and `bearerToken` are given', { remedy: 'give one of them' })
  }
  const all: Record<string, string> = {}
  const set = (option: string, name: string, value: unknown): void => {
    try {
      if (typeof value !== 'string') throw new TypeError('not a text')
      // Says what a header may hold, so that it fails here and not at each request.
      new Headers().set(name, value)
    } catch {
      // The value may be a secret.
      throw new SpanlogError('INVALID_OPTION', `Expected \`${option}\` to be a text that fits into a header`)
    }
    all[name.toLowerCase()] = value
  }
  for (const [name, value] of Object.entries(headers)) set(`headers.${name}`, name, value)
  if (tenant !== undefined) set('tenant', 'x-scope-orgid', tenant)
  if (basicAuth !== undefined) {
    const { username, password } = (basicAuth ?? {}) as { username?: unknown; password?: unknown }
    if (typeof username !== 'string' || typeof password !== 'string' || username.includes(':')) {
      throw new SpanlogError('INVALID_OPTION', 'Expected `basicAuth` to hold `username`, without a colon, and `password`')
    }
    set('basicAuth', 'authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
  }
  if (bearerToken !== undefined)
    set('bearerToken', 'authorization', typeof bearerToken === 'string' ? `Bearer ${bearerToken}` : bearerToken)
  return all
}
