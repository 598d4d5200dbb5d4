import { validateHeaderName, validateHeaderValue } from 'node:http'
import { refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { type RemoteTls, tlsSettings } from './tls.js'

/**
 * How to reach a store over HTTP. Proxies are those of the environment: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in lower
 * case, which go first.
 */
export interface RemoteOptions {
  /** `http://` or `https://`, with a path where the store stands behind a proxy. */
  url: string | URL
  /** Sent as `X-Scope-OrgID`; where the server allows it several, such as `a|b`. */
  tenant?: string
  /** Sent with each request. */
  headers?: Record<string, string>
  basicAuth?: { username: string; password: string }
  bearerToken?: string
  /** For `https://`. @defaultValue what Node trusts, and no certificate of the client's own */
  tls?: RemoteTls
  /** For one try, from the connection to the last byte. @defaultValue 30_000 */
  timeoutMs?: number
  /**
   * How often a request is sent again after a failure that may pass: 429, 5xx, a time-out, a broken connection or answer. The
   * pauses grow from 250 ms to 5 s; a `Retry-After` of up to 30 s is honoured instead. @defaultValue 4
   */
  retries?: number
}

/** The same, checked, in the form that a request needs. */
export interface RemoteSettings {
  /** Without a slash at the end, without credentials. */
  base: string
  headers: Record<string, string>
  tls: RemoteTls
  timeoutMs: number
  retries: number
}

/** Names for `refuseUnknownOptions`, beside those that a store adds. */
export const remoteOptionNames = ['url', 'tenant', 'headers', 'basicAuth', 'bearerToken', 'tls', 'timeoutMs', 'retries'] as const

/** @throws SpanlogError INVALID_URL, INVALID_OPTION */
export function remoteSettings(options: RemoteOptions): RemoteSettings {
  const { timeoutMs = 30_000, retries = 4 } = options
  if (!(isWhole(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31))
    throw unexpected('timeoutMs', 'a positive integer below 2^31', timeoutMs)
  if (!(isWhole(retries) && retries <= 20)) throw unexpected('retries', 'a whole number from 0 to 20', retries)
  const base = parseBase(options.url)
  const headers = options.headers === undefined ? {} : checkedHeaders(options.headers)
  if (options.tenant === '') throw unexpected('tenant', 'a string that is not empty', '')
  if (options.tenant !== undefined) setHeader(headers, 'tenant', 'x-scope-orgid', options.tenant)
  const authorization = authorizationOf(options)
  if (authorization !== undefined) setHeader(headers, 'bearerToken', 'authorization', authorization)
  return { base, headers, tls: tlsSettings(options.tls), timeoutMs, retries }
}

function parseBase(given: unknown): string {
  const text = given instanceof URL ? given.href : given
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw unexpected(
      'url',
      'an absolute http:// or https:// URL',
      typeof text === 'string' ? text.replace(/\/\/.*@/, '//…@') : text,
      'INVALID_URL',
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new SpanlogError('INVALID_URL', '`url` holds a user name or a password', { remedy: 'give them as basicAuth' })
  }
  // A query or a fragment is left over from an address that was copied from a browser.
  return url.origin + url.pathname.replace(/\/+$/, '')
}

function authorizationOf({ basicAuth, bearerToken }: RemoteOptions): string | undefined {
  if (bearerToken !== undefined) {
    if (basicAuth !== undefined) {
      throw new SpanlogError('INVALID_OPTION', 'Expected `basicAuth` or `bearerToken`, got both', { remedy: 'give one of them' })
    }
    if (typeof bearerToken !== 'string' || bearerToken === '')
      throw new SpanlogError('INVALID_OPTION', 'Expected `bearerToken` to be a string that is not empty')
    return `Bearer ${bearerToken}`
  }
  if (basicAuth === undefined) return undefined
  if (typeof basicAuth !== 'object' || basicAuth === null)
    throw new SpanlogError('INVALID_OPTION', 'Expected `basicAuth` to be an object with username and password')
  refuseUnknownOptions('basicAuth', basicAuth, ['username', 'password'])
  const { username, password } = basicAuth as { username: unknown; password: unknown }
  if (typeof username !== 'string' || username.includes(':')) throw unexpected('basicAuth.username', 'a string without a colon', username)
  if (typeof password !== 'string') throw new SpanlogError('INVALID_OPTION', 'Expected `basicAuth.password` to be a string')
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function checkedHeaders(given: unknown): Record<string, string> {
  if (typeof given !== 'object' || given === null) throw unexpected('headers', 'an object of strings', given)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) setHeader(headers, `headers.${name}`, name.toLowerCase(), value)
  return headers
}

/** The value is not shown: it may be a secret. */
function setHeader(headers: Record<string, string>, option: string, name: string, value: unknown): void {
  if (typeof value !== 'string') throw new SpanlogError('INVALID_OPTION', `Expected \`${option}\` to be a string`)
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw new SpanlogError('INVALID_OPTION', `Expected \`${option}\` to be fit for an HTTP header`)
  }
  headers[name] = value
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
