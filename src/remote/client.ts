import { setTimeout as sleep } from 'node:timers/promises'
import { SpanlogError } from '../errors.js'
import { type Answer, AnswerTooLong, AttemptTimeout, attempt } from './attempt.js'
import { createConnection } from './connection.js'
import type { RemoteSettings } from './options.js'
import { Refusal } from './refusal.js'
import { openSocket, type RemoteSocket, type SocketEvents } from './socket.js'

/** Which codes of the catalogue a store's faults get. */
export type RemoteKind = keyof typeof names

const names = { LOKI: 'Loki', VICTORIALOGS: 'VictoriaLogs', TEMPO: 'Tempo', JAEGER: 'Jaeger', ZIPKIN: 'Zipkin' } as const

/** One question. */
export interface RemoteRequest {
  /** Beginning with a slash, to be set behind the store's URL; parts from outside are escaped by the caller. */
  path: string
  params?: Record<string, string>
  headers?: Record<string, string>
  /** Sent as JSON by POST. */
  body?: unknown
  /** Sent as a form by POST, for what is too long for a URL. */
  form?: Record<string, string>
  signal?: AbortSignal | undefined
  /** Counts what the request costs. */
  stats?: RemoteStats | undefined
  /** How often to send it again after a time-out, if less often than after other failures. */
  timeoutRetries?: number
}

/** What requests cost. */
export interface RemoteStats {
  /** HTTP requests answered. */
  requests: number
  /** Requests that had to be sent again. */
  retries: number
  /** Bytes received. */
  bytes: number
}

/** Asks one store, with the retries and the errors that all stores share. */
export interface Remote {
  /**
   * The answer of a 2xx.
   *
   * @throws SpanlogError by the store's codes and ABORTED, nothing else; where the store refused, `refusalOf` tells how
   */
  getJson(request: RemoteRequest): Promise<{ status: number; json: unknown }>
  /** Likewise, of an answer that is one JSON text a line. */
  getJsonLines(request: RemoteRequest): Promise<unknown[]>
  /** Likewise. */
  getText(request: RemoteRequest): Promise<string>
  /** A websocket; `undefined` where none opens, after `ended` was told. */
  openSocket(
    request: { path: string; params: Record<string, string>; headers?: Record<string, string>; signal: AbortSignal },
    events: SocketEvents,
  ): Promise<RemoteSocket | undefined>
  /** For an answer that is JSON but not of this store. */
  badAnswer(path: string, problem: string): SpanlogError
}

const firstBackoffMs = 250
const maxBackoffMs = 5_000
const maxRetryAfterMs = 30_000
/** A server that worked for so long and then broke the connection has a limit of its own, as Loki has by `http_server_write_timeout`. */
const hardWorkMs = 15_000
/** A proxy that knows no websockets may leave one without an answer. */
const maxOpeningMs = 10_000
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

const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }

/** What a try came to, if not to an answer. */
interface Fault {
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

type Outcome<T> = { value: T } | Fault

export function createRemote(kind: RemoteKind, settings: RemoteSettings): Remote {
  const name = names[kind]
  const { base, timeoutMs } = settings
  const connection = createConnection(settings.tls)

  return {
    getJson: (request) => ask(request, parsed),
    getJsonLines: (request) => ask(request, parsedLines),
    getText: (request) => ask(request, ({ body }) => ({ value: body })),
    openSocket({ path, params, headers, signal }, events) {
      const url = urlOf(path, params)
      return openSocket(
        connection,
        url,
        { ...settings.headers, ...headers },
        { timeoutMs: Math.min(timeoutMs, maxOpeningMs), signal },
        events,
      )
    },
    badAnswer: (path, problem) => new SpanlogError(`${kind}_BAD_ANSWER`, `${name} answered ${path} with ${problem}`),
  }

  function urlOf(path: string, params: Record<string, string>): URL {
    const url = new URL(base + path)
    url.search = new URLSearchParams(params).toString()
    return url
  }

  async function ask<T>(request: RemoteRequest, read: (answer: Answer, path: string) => Outcome<T>): Promise<T> {
    const { path, params = {}, headers, body, form, signal, stats, timeoutRetries = settings.retries } = request
    const url = urlOf(path, params)
    const sent = {
      headers: { accept: 'application/json', ...(form !== undefined && formHeaders), ...settings.headers, ...headers },
      body: form === undefined ? (body === undefined ? undefined : JSON.stringify(body)) : new URLSearchParams(form).toString(),
    }
    for (let tries = 1; ; tries++) {
      if (signal?.aborted) throw aborted(path, signal)
      const outcome = await once()
      if ('value' in outcome) return outcome.value
      const { code, problem, retry, remedy, cause } = outcome
      const waitMs = outcome.waitMs ?? backoffMs(tries)
      const retries = code === 'TIMEOUT' ? Math.min(timeoutRetries, settings.retries) : settings.retries
      if (retry && tries <= retries && waitMs <= maxRetryAfterMs) {
        if (stats !== undefined) stats.retries++
        // oxlint-disable-next-line promise/prefer-await-to-then -- an abort ends the wait early, and is seen at the top of the loop
        await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
        continue
      }
      const longWait = outcome.waitMs !== undefined && waitMs > maxRetryAfterMs ? ` and asks to wait ${Math.ceil(waitMs / 1000)} s` : ''
      const count = tries === 1 ? '' : ` after ${tries} tries`
      throw new SpanlogError(`${kind}_${code}`, `${name} ${problem}${count}${longWait}`, { cause, ...(remedy !== undefined && { remedy }) })
    }

    async function once(): Promise<Outcome<T>> {
      let answer: Answer
      const begun = performance.now()
      try {
        answer = await attempt(connection, url, sent, timeoutMs, signal)
      } catch (error) {
        if (signal?.aborted) throw aborted(path, signal)
        return faultOfError(error, path, performance.now() - begun)
      }
      if (stats !== undefined) {
        stats.requests++
        stats.bytes += answer.bytes
      }
      return answer.status >= 200 && answer.status < 300 ? read(answer, path) : faultOfStatus(answer, path)
    }
  }

  function aborted(path: string, signal: AbortSignal): SpanlogError {
    return new SpanlogError('ABORTED', `the request ${path} to ${name} was cancelled`, { cause: signal.reason })
  }

  function faultOfError(cause: unknown, path: string, ms: number): Fault {
    if (cause instanceof AttemptTimeout) return { code: 'TIMEOUT', problem: `gave ${cause.message} to ${path}`, retry: true, cause }
    if (cause instanceof AnswerTooLong) return tooLarge(path, cause.message)
    const { code = '', message } = rootOf(cause)
    const isGarbled = /^(?:HPE|Z)_/.test(code) || (cause instanceof Error && cause.name === 'HTTPParserError')
    const did =
      code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
        ? `broke the connection on ${path}`
        : `cannot be reached at ${new URL(base).origin}`
    const problem = `${isGarbled ? `garbled its answer to ${path}` : did} (${message || code})`
    if (retriedErrors.has(code) && ms >= hardWorkMs) return { code: 'TIMEOUT', problem, retry: true, cause }
    const remedy = /CERT|^UNABLE_TO/.test(code) ? "check the server's certificate, or give its authority as tls.ca (--ca)" : undefined
    return { code: isGarbled ? 'BAD_ANSWER' : 'UNREACHABLE', problem, retry: retriedErrors.has(code), remedy, cause }
  }
}

function parsed(answer: Answer, path: string): Outcome<{ status: number; json: unknown }> {
  return parsedBy(answer, path, ({ status, body }) => ({ status, json: JSON.parse(body) as unknown }))
}

function parsedLines(answer: Answer, path: string): Outcome<unknown[]> {
  return parsedBy(answer, path, ({ body }) => {
    const lines = body.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as unknown)
  })
}

function parsedBy<T>(answer: Answer, path: string, parse: (answer: Answer) => T): Outcome<T> {
  try {
    return { value: parse(answer) }
  } catch (cause) {
    const { headers, body } = answer
    const isPage = /^\s*</.test(body)
    const got = isPage ? 'a web page' : `what is not JSON (${headers['content-type'] ?? 'no content type'})`
    return { code: 'BAD_ANSWER', problem: `answered ${path} with ${got}: ${excerpt(body)}`, retry: !isPage, cause }
  }
}

function faultOfStatus({ status, headers, body }: Answer, path: string): Fault {
  // gRPC's limit between the store's own parts: the same request would meet it again.
  if (status === 413 || (status === 500 && body.includes('larger than max'))) return tooLarge(path, body)
  const isRedirect = status >= 300 && status < 400
  const location = isRedirect ? ` and points to ${excerpt(headers.location ?? 'nowhere')}` : ''
  const wrongPath = status === 404 ? `check the URL: it may need a path in front of ${path}` : undefined
  return {
    // VictoriaLogs says so of its own limit, by 503.
    code: body.includes("couldn't be executed in") ? 'TIMEOUT' : codeOfStatus(status),
    problem: `answered ${status} to ${path}${location}${quoted(body)}`,
    retry: retriedStatuses.has(status),
    waitMs: retryAfterMs(headers['retry-after']),
    remedy: isRedirect ? 'give the URL that it points to' : wrongPath,
    cause: new Refusal(status, body),
  }
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

/** How long to wait before another try: growing, and not in step with others. */
export function backoffMs(tries: number): number {
  return Math.min(maxBackoffMs, firstBackoffMs * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
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

/** What a server says behind a status: a text, not a proxy's page. */
function quoted(body: string): string {
  return /^\s*(?:<|$)/.test(body) ? '' : `: ${excerpt(body)}`
}

/** A stranger's text, short and on one line, without characters that steer a terminal. */
export function excerpt(text: string): string {
  const line = text.slice(0, 400).replace(/\s+/g, ' ').trim()
  const short = line.length > 300 ? `${line.slice(0, 300)}…` : line
  return short.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}
