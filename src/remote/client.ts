import { setTimeout as sleep } from 'node:timers/promises'
import { SpanlogError } from '../errors.js'
import { type Answer, attempt } from './attempt.js'
import { createConnection } from './connection.js'
import { type Fault, faultOfError, faultOfStatus, loginRemedy, quoted } from './faults.js'
import type { RemoteSettings } from './options.js'
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
  /** How far the store's clock is ahead of this one, to a second or so, by its last answer; 0 where none has told. */
  clockAheadMs(): number
  /** For an answer that is JSON but not of this store. */
  badAnswer(path: string, problem: string): SpanlogError
}

const maxRetryAfterMs = 30_000
/** A proxy that knows no websockets may leave one without an answer. */
const maxOpeningMs = 10_000
const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }

type Outcome<T> = { value: T } | Fault

export function createRemote(kind: RemoteKind, settings: RemoteSettings): Remote {
  const name = names[kind]
  const { base, timeoutMs } = settings
  const connection = createConnection(settings.tls)
  let aheadMs = 0

  return {
    clockAheadMs: () => aheadMs,
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
        return faultOfError(error, path, new URL(base).origin, performance.now() - begun)
      }
      const { date = '', age } = answer.headers
      // One from a cache tells when it was put there.
      if (age === undefined && date !== '') aheadMs = Date.parse(date) + 500 - (Date.now() - (performance.now() - begun) / 2) || 0
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
    const isLogin = isPage && /log-?\s?in|sign-?\s?in|password/i.test(body)
    const got = isPage ? 'a web page' : `what is not JSON (${headers['content-type'] ?? 'no content type'})`
    const problem = body.trim() === '' ? `answered ${path} with nothing` : `answered ${path} with ${got}${quoted(body)}`
    return { code: 'BAD_ANSWER', problem, retry: !isPage, cause, ...(isLogin && { remedy: loginRemedy }) }
  }
}

const firstBackoffMs = 250
const maxBackoffMs = 5_000

/** How long to wait before another try: growing from `firstMs` to `mostMs`, and not in step with others. */
export function backoffMs(tries: number, firstMs = firstBackoffMs, mostMs = maxBackoffMs): number {
  return Math.min(mostMs, firstMs * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
}
