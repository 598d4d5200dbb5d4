import { type Answer, AnswerTooLong, AttemptTimeout } from './attempt.js'
import { Refusal } from './refusal.js'

/** What a try came to, if not to an answer. */
export interface Fault {
  code: 'UNREACHABLE' | 'TIMEOUT' | 'RATE_LIMITED' | 'UNAUTHORIZED' | 'REFUSED' | 'BAD_ANSWER'
  /** Behind the name of the store: `answered 503 to /path`. */
  problem: string
  /** The same request may succeed later. */
  retry: boolean
  /** The server's own wish. */
  waitMs?: number | undefined
  /** A better one than the catalogue's. */
  remedy?: string | undefined
  cause: unknown
}

/** A server that worked for so long and then broke the connection has a limit of its own, as Loki has by `http_server_write_timeout`. */
const hardWorkMs = 15_000
const retriedStatuses = new Set([408, 429, 500, 502, 503, 504])
const retriedErrors = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'Z_BUF_ERROR',
  'Z_DATA_ERROR',
])

/** @param origin - of the store; @param ms - how long the try took */
export function faultOfError(cause: unknown, path: string, origin: string, ms: number): Fault {
  if (cause instanceof AttemptTimeout) return { code: 'TIMEOUT', problem: `gave ${cause.message} to ${path}`, retry: true, cause }
  if (cause instanceof AnswerTooLong) return tooLarge(path, cause.message)
  const { code = '', message } = rootOf(cause)
  const isGarbled = /^(?:HPE|Z)_/.test(code) || (cause instanceof Error && cause.name === 'HTTPParserError')
  const did =
    code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
      ? `broke the connection on ${path}`
      : `cannot be reached at ${origin}`
  const problem = `${isGarbled ? `garbled its answer to ${path}` : did} (${isSpeechless(code) ? 'it does not speak TLS there' : message || code})`
  if (retriedErrors.has(code) && ms >= hardWorkMs) return { code: 'TIMEOUT', problem, retry: true, cause }
  return { code: isGarbled ? 'BAD_ANSWER' : 'UNREACHABLE', problem, retry: retriedErrors.has(code), remedy: remedyOf(code), cause }
}

/** OpenSSL's own words for it are its source's lines. */
function isSpeechless(code: string): boolean {
  return code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
}

function remedyOf(code: string): string | undefined {
  if (isSpeechless(code)) return 'try http:// in place of https://'
  if (/^ERR_OSSL_(?:X509|PEM)/.test(code))
    return "check the client's certificate and its key (tls.cert, tls.key): they must belong together"
  return /CERT|^UNABLE_TO/.test(code)
    ? "check the server's certificate, or give its authority: tls.ca, or in the environment <STORE>_CA_CERT_PATH or NODE_EXTRA_CA_CERTS"
    : undefined
}

export function faultOfStatus({ status, headers, body }: Answer, path: string): Fault {
  // gRPC's limit between the store's own parts: the same request would meet it again.
  if (status === 413 || (status === 500 && body.includes('larger than max'))) return tooLarge(path, body)
  const isRedirect = status >= 300 && status < 400
  const location = isRedirect ? ` and points to ${excerpt(headers.location ?? 'nowhere')}` : ''
  return {
    // VictoriaLogs says so of its own limit, by 503.
    code: body.includes("couldn't be executed in") ? 'TIMEOUT' : codeOfStatus(status),
    problem: `answered ${status} to ${path}${location}${quoted(body)}`,
    retry: retriedStatuses.has(status),
    waitMs: retryAfterMs(headers['retry-after']),
    remedy: remedyOfStatus(status, headers.location ?? '', body, path),
    cause: new Refusal(status, body),
  }
}

/** Of Grafana itself, or of a proxy that people log in at. */
export const loginRemedy =
  'it wants a login, where a store wants none: check the URL (through Grafana it is that of the data source, …/api/datasources/proxy/uid/<uid>) and the credentials'

function remedyOfStatus(status: number, location: string, body: string, path: string): string | undefined {
  if (status >= 300 && status < 400) {
    return /log-?in|sign-?in|auth/i.test(location) ? loginRemedy : 'give the URL that it points to'
  }
  if (status === 404) return `check the URL: it may need a path in front of ${path}`
  // Loki's `required_labels`.
  return status === 400 && body.includes('missing required matchers') ? 'give a selector with them (selector, --selector)' : undefined
}

function tooLarge(path: string, text: string): Fault {
  return {
    code: 'REFUSED',
    problem: `has an answer to ${path} that is too large${quoted(text)}`,
    retry: false,
    remedy: 'ask for less',
    cause: new Refusal(413, text),
  }
}

function codeOfStatus(status: number): Fault['code'] {
  if (status === 401 || status === 403) return 'UNAUTHORIZED'
  if (status === 429) return 'RATE_LIMITED'
  if (status === 408 || status === 504) return 'TIMEOUT'
  return status >= 500 ? 'UNREACHABLE' : 'REFUSED'
}

/** Seconds or a date, RFC 9110 section 10.2.3. */
export function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** Where a name has several addresses, node hands over an AggregateError without a message. */
export function rootOf(error: unknown): { code?: string; message: string } {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  return first instanceof Error ? first : { message: String(first) }
}

/** What a server says behind a status: a text, or the title of a proxy's page. */
export function quoted(body: string): string {
  const said = /^\s*</.test(body) ? (/<title>([^<]*)<\/title>/i.exec(body.slice(0, 4096))?.[1] ?? '') : body
  return said.trim() === '' ? '' : `: ${excerpt(said)}`
}

/** A stranger's text, short and on one line, without characters that steer a terminal. */
export function excerpt(text: string): string {
  const line = text.slice(0, 400).replace(/\s+/g, ' ').trim()
  const short = line.length > 300 ? `${line.slice(0, 300)}…` : line
  return short.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}
