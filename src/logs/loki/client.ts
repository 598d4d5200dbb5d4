import { setTimeout as pause } from 'node:timers/promises'
import { SpanlogError, type SpanlogErrorCode } from '../../errors.js'
import type { LokiSettings } from './options.js'

/** What Loki said when it refused, below the SpanlogError that it became. */
export class LokiAnswer extends Error {
  readonly status: number

  constructor(status: number, text: string) {
    super(text)
    this.status = status
  }
}

/** An answer in which some limit on its size was hit: asking for fewer entries helps. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof SpanlogError && error.cause instanceof LokiAnswer && error.cause.status === 413
}

/** The same request may succeed later. */
interface Failure {
  code: SpanlogErrorCode
  problem: string
  cause: unknown
  retry: boolean
  /** Loki's own wish, in milliseconds. */
  afterMs?: number | undefined
  remedy?: string
}

const firstPauseMs = 250
const maxPauseMs = 30_000
/** Node cannot hold much more in one string; and it is no page of lines any more. */
const maxAnswerBytes = 256 * 2 ** 20

/** Asks Loki and reads JSON; sends again what may succeed later, with growing pauses. */
export class LokiClient {
  readonly #settings: LokiSettings

  constructor(settings: LokiSettings) {
    this.#settings = settings
  }

  /**
   * @param path - behind `/loki/api/v1/`
   * @throws SpanlogError LOKI_UNREACHABLE, LOKI_TIMEOUT, LOKI_RATE_LIMITED, LOKI_UNAUTHORIZED, LOKI_REFUSED, LOKI_BAD_ANSWER, ABORTED
   */
  async get(path: string, query: Record<string, string>, signal: AbortSignal, headers: Record<string, string> = {}): Promise<unknown> {
    const search = new URLSearchParams(query).toString()
    const url = `${this.#settings.base}/${path}${search === '' ? '' : `?${search}`}`
    for (let tries = 1; ; tries++) {
      const answer = await this.#ask(url, path, headers, signal)
      if ('json' in answer) return answer.json
      const { code, problem, cause, retry, afterMs, remedy } = answer
      if (!retry || tries > this.#settings.retries) {
        const after = tries > 1 ? ` after ${tries} tries` : ''
        throw new SpanlogError(code, `${problem}${after}`, { cause, ...(remedy !== undefined && { remedy }) })
      }
      // Full jitter: many clients that failed together must not come back together.
      const backOffMs = Math.random() * firstPauseMs * 2 ** tries
      await pause(Math.min(afterMs ?? backOffMs, maxPauseMs), undefined, { signal }).catch(() => {
        throw aborted()
      })
    }
  }

  async #ask(url: string, path: string, headers: Record<string, string>, signal: AbortSignal): Promise<{ json: unknown } | Failure> {
    const { timeoutMs } = this.#settings
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await this.#settings.fetch(url, {
        headers: { ...this.#settings.headers, ...headers, accept: 'application/json', 'cache-control': 'no-cache' },
        // Followed, it would carry the tenant and the headers to wherever it points.
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      })
      const text = await readText(response)
      if (text === undefined) return tooLarge(path, `an answer of more than ${maxAnswerBytes} bytes`)
      if (response.status !== 200) return refusal(path, response, text)
      try {
        return { json: JSON.parse(text) as unknown }
      } catch (cause) {
        const isHtml = /^\s*</.test(text)
        const problem = `Loki answered ${isHtml ? 'a page of HTML' : 'broken JSON'} to ${path}: ${excerpt(text)}`
        return { code: 'LOKI_BAD_ANSWER', problem, cause, retry: !isHtml }
      }
    } catch (cause) {
      if (signal.aborted) throw aborted()
      if (timeout.aborted) {
        return { code: 'LOKI_TIMEOUT', problem: `Loki did not answer ${path} within ${timeoutMs} ms`, cause, retry: true }
      }
      return { code: 'LOKI_UNREACHABLE', problem: `Cannot get ${path} from ${this.#settings.base}: ${whyOf(cause)}`, cause, retry: true }
    }
  }
}

function aborted(): SpanlogError {
  return new SpanlogError('ABORTED', 'the signal of the query was aborted')
}

async function readText(response: Response): Promise<string | undefined> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > maxAnswerBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function refusal(path: string, response: Response, text: string): Failure {
  const { status } = response
  const cause = new LokiAnswer(status, text)
  const problem = `Loki answered ${status} to ${path}${text.trim() === '' ? '' : `: ${excerpt(text)}`}`
  // gRPC's limit between Loki's own parts, which comes as a 500.
  if (status === 413 || (status === 500 && text.includes('larger than max'))) return tooLarge(path, excerpt(text))
  if (status === 429) return { code: 'LOKI_RATE_LIMITED', problem, cause, retry: true, afterMs: retryAfterMs(response) }
  if (status === 504 || status === 408) return { code: 'LOKI_TIMEOUT', problem, cause, retry: true }
  if (status >= 500) {
    const retry = status <= 503 && status !== 501
    return { code: 'LOKI_UNREACHABLE', problem, cause, retry, afterMs: retryAfterMs(response) }
  }
  if (status === 401 || status === 403) return { code: 'LOKI_UNAUTHORIZED', problem, cause, retry: false }
  if (status === 404)
    return { code: 'LOKI_REFUSED', problem, cause, retry: false, remedy: 'check the URL: it may need a path in front of /loki' }
  if (status >= 300 && status < 400) {
    const to = excerpt(response.headers.get('location') ?? 'nowhere')
    return {
      code: 'LOKI_REFUSED',
      problem: `Loki answered ${status} to ${path}, a redirect to ${to}`,
      cause,
      retry: false,
      remedy: 'give the URL that it points to',
    }
  }
  return { code: 'LOKI_REFUSED', problem, cause, retry: false }
}

function tooLarge(path: string, why: string): Failure {
  return { code: 'LOKI_REFUSED', problem: `The answer to ${path} is too large: ${why}`, cause: new LokiAnswer(413, why), retry: false }
}

function retryAfterMs(response: Response): number | undefined {
  const text = response.headers.get('retry-after')
  if (text === null) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** The reason below `fetch failed`. */
function whyOf(error: unknown): string {
  const below = error instanceof Error ? (error.cause ?? error) : error
  if (below instanceof AggregateError && below.errors.length > 0) return whyOf(below.errors[0])
  return excerpt(below instanceof Error ? below.message : String(below))
}

/** A stranger's text, short and on one line, without characters that steer a terminal. */
function excerpt(text: string): string {
  const short = text.length > 300 ? `${text.slice(0, 300)}…` : text
  return short.trim().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}
