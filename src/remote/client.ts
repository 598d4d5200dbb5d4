import { setTimeout as sleep } from 'node:timers/promises'
import { SpanlogError } from '../errors.js'
import { type Answer, AnswerTooLong, AttemptTimeout, attempt } from './attempt.js'
import type { RemoteSettings } from './options.js'

/** Which codes of the catalogue a store's faults get. */
export type RemoteKind = 'LOKI' | 'TEMPO'

/** One question. */
export interface RemoteRequest {
  /** Beginning with a slash, to be set behind the store's URL; parts from outside are escaped by the caller. */
  path: string
  params?: Record<string, string>
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
  /** Statuses that mean something to the caller: they are handed back with the answer's text instead of being thrown. */
  handle?: readonly number[]
}

/** `json`, or the text, on a 2xx; else the text of a status that the caller handles. */
export type JsonAnswer = { ok: true; status: number; json: unknown } | { ok: false; status: number; text: string }
export interface TextAnswer {
  ok: boolean
  status: number
  text: string
}

/** Asks one store, with the retries and the errors that all stores share. */
export interface Remote {
  /** @throws SpanlogError by the store's codes and ABORTED, nothing else */
  getJson(request: RemoteRequest): Promise<JsonAnswer>
  /** Likewise. */
  getText(request: RemoteRequest): Promise<TextAnswer>
  /** For an answer that is JSON but not of this store. */
  badAnswer(path: string, problem: string): SpanlogError
}

const firstBackoffMs = 250
const maxBackoffMs = 5_000
const maxRetryAfterMs = 30_000
const retriedStatuses = new Set([408, 429, 500, 502, 503, 504])
const retriedErrors = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'Z_BUF_ERROR',
  'Z_DATA_ERROR',
])

/** What a try came to, if not to an answer. */
interface Fault {
  code: 'UNREACHABLE' | 'TIMEOUT' | 'RATE_LIMITED' | 'UNAUTHORIZED' | 'REFUSED' | 'BAD_ANSWER'
  /** Behind the name of the store: `answered 503 to /path`. */
  problem: string
  /** Tries in all that such a fault is worth. */
  tries: number
  /** The server's own wish. */
  waitMs?: number | undefined
  cause?: unknown
}

export function createRemote(kind: RemoteKind, settings: RemoteSettings): Remote {
  const name = kind === 'LOKI' ? 'Loki' : 'Tempo'
  const { base, timeoutMs } = settings
  const maxTries = settings.retries + 1

  return {
    getJson: (request) => ask<JsonAnswer>(request, parsed),
    getText: (request) => ask<TextAnswer>(request, ({ status, body }) => ({ ok: true, status, text: body })),
    badAnswer: (path, problem) => new SpanlogError(`${kind}_BAD_ANSWER`, `${name} answered ${path} with ${problem}`),
  }

  async function ask<T extends object>(
    request: RemoteRequest,
    read: (answer: Answer, path: string) => T | Fault,
  ): Promise<T | (TextAnswer & { ok: false })> {
    const { path, params = {}, headers, signal, handle = [] } = request
    const url = new URL(base + path)
    url.search = new URLSearchParams(params).toString()
    const sent = { accept: 'application/json', ...settings.headers, ...headers }
    for (let tries = 1; ; tries++) {
      if (signal?.aborted) throw aborted(path, signal)
      const result = await once()
      if (!('code' in result)) return result
      const { code, problem, cause } = result
      const waitMs = result.waitMs ?? backoff(tries)
      if (tries < Math.min(maxTries, result.tries) && waitMs <= maxRetryAfterMs) {
        // oxlint-disable-next-line promise/prefer-await-to-then -- an abort ends the wait early, and is seen at the top of the loop
        await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
        continue
      }
      const longWait = result.waitMs !== undefined && waitMs > maxRetryAfterMs ? ` and asks to wait ${Math.ceil(waitMs / 1000)} s` : ''
      const count = tries === 1 ? '' : ` after ${tries} tries`
      throw new SpanlogError(`${kind}_${code}`, `${name} ${problem}${count}${longWait}`, cause === undefined ? {} : { cause })
    }

    async function once(): Promise<T | (TextAnswer & { ok: false }) | Fault> {
      let answer: Answer
      try {
        answer = await attempt(url, sent, timeoutMs, signal)
      } catch (error) {
        if (signal?.aborted) throw aborted(path, signal)
        return faultOfError(error, path)
      }
      const { status, body } = answer
      if (handle.includes(status)) return { ok: false, status, text: body }
      return status >= 200 && status < 300 ? read(answer, path) : faultOfStatus(answer, path)
    }
  }

  function aborted(path: string, signal: AbortSignal): SpanlogError {
    return new SpanlogError('ABORTED', `the request ${path} to ${name} was cancelled`, { cause: signal.reason })
  }

  function faultOfError(cause: unknown, path: string): Fault {
    // Two tries only: a query that is too slow once is mostly too slow always.
    if (cause instanceof AttemptTimeout) return { code: 'TIMEOUT', problem: `gave ${cause.message} to ${path}`, tries: 2, cause }
    if (cause instanceof AnswerTooLong) return { code: 'BAD_ANSWER', problem: `gave ${cause.message} to ${path}`, tries: 1, cause }
    const { code = '', message } = rootOf(cause)
    const isGarbled = code.startsWith('HPE_') || code.startsWith('Z_')
    const did =
      code === 'ECONNRESET' || code === 'EPIPE' ? `broke the connection on ${path}` : `cannot be reached at ${new URL(base).origin}`
    const problem = `${isGarbled ? `garbled its answer to ${path}` : did} (${message || code})`
    return { code: isGarbled ? 'BAD_ANSWER' : 'UNREACHABLE', problem, tries: retriedErrors.has(code) ? maxTries : 1, cause }
  }

  function parsed({ status, headers, body }: Answer, path: string): JsonAnswer | Fault {
    try {
      return { ok: true, status, json: JSON.parse(body) as unknown }
    } catch (cause) {
      const isPage = /^\s*</.test(body)
      const got = isPage ? 'a web page' : `what is not JSON (${headers['content-type'] ?? 'no content type'})`
      return { code: 'BAD_ANSWER', problem: `answered ${path} with ${got}: ${excerpt(body)}`, tries: isPage ? 1 : maxTries, cause }
    }
  }

  function faultOfStatus({ status, headers, body }: Answer, path: string): Fault {
    const location = status >= 300 && status < 400 ? ` and points to ${excerpt(headers.location ?? 'nowhere')}` : ''
    const text = /^\s*(?:<|$)/.test(body) ? '' : `: ${excerpt(body)}`
    return {
      code: codeOfStatus(status),
      problem: `answered ${status} to ${path}${location}${text}`,
      tries: !retriedStatuses.has(status) ? 1 : status === 504 ? 2 : maxTries,
      waitMs: retryAfterMs(headers['retry-after']),
    }
  }
}

function backoff(tries: number): number {
  return Math.min(maxBackoffMs, firstBackoffMs * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
}

function codeOfStatus(status: number): Fault['code'] {
  if (status === 401 || status === 403) return 'UNAUTHORIZED'
  if (status === 429) return 'RATE_LIMITED'
  if (status === 408 || status === 504) return 'TIMEOUT'
  return status >= 500 ? 'UNREACHABLE' : 'REFUSED'
}

/** Seconds or a date, RFC 9110 section 10.2.3. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** Where a name has several addresses, node hands over an AggregateError without a message. */
function rootOf(error: unknown): { code?: string; message: string } {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  return first instanceof Error ? first : { message: String(first) }
}

/** One line, of a length that fits an error. What a server says may hold anything. */
function excerpt(text: string): string {
  const line = text
    .slice(0, 400)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
