import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Answer, attempt } from '../../src/remote/attempt.js'
import type { Connection } from '../../src/remote/connection.js'
import { excerpt, retryAfterMs } from '../../src/remote/faults.js'
import type { RemoteSettings } from '../../src/remote/options.js'

const pack = promisify(gzip)

/** What a push came to. */
export type Outcome =
  | { kind: 'taken' }
  /** It may be taken later; nobody knows whether some of it was. */
  | { kind: 'later'; why: string; waitMs?: number | undefined; isRate: boolean }
  /** Nothing will be taken until somebody changes something. */
  | { kind: 'held'; why: string }
  /** Some of it will never be taken; the rest was, or was not. */
  | { kind: 'refused'; why: string }
  /** This Loki takes no structured metadata. */
  | { kind: 'metadata'; why: string }

/** The body, packed where that pays. */
export async function packed(body: string, gzipped: boolean): Promise<Buffer> {
  const bytes = Buffer.from(body)
  return gzipped ? pack(bytes, { level: 1 }) : bytes
}

export async function push(
  connection: Connection,
  { base, headers, timeoutMs }: RemoteSettings,
  body: Buffer,
  gzipped: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const sent = { headers: { ...headers, ...(gzipped && { 'content-encoding': 'gzip' }) }, body }
  try {
    return outcomeOf(await attempt(connection, new URL(`${base}/loki/api/v1/push`), sent, timeoutMs, signal))
  } catch (error) {
    return { kind: 'later', why: describe(error), isRate: false }
  }
}

function outcomeOf({ status, headers, body }: Answer): Outcome {
  const text = body.trim()
  const said = /^(?:<|$)/.test(text) ? '' : `: ${excerpt(text)}`
  const why = `Loki answered ${status}${said}`
  if (status === 260) return { kind: 'refused', why: `${why} (ingestion is blocked)` }
  if (status >= 200 && status < 300) return { kind: 'taken' }
  // Between Loki's own parts: it will not become smaller by waiting.
  if (status === 413 || (status === 500 && text.includes('message larger than max'))) return { kind: 'refused', why }
  if (status === 429 || status === 408 || status >= 500) {
    return { kind: 'later', why, waitMs: retryAfterMs(headers['retry-after']), isRate: status === 429 }
  }
  // Loki says in plain text what it does not take; a web page or JSON is a proxy's, and says nothing of the lines.
  if (status !== 400 || said === '' || text.startsWith('{')) return { kind: 'held', why }
  return /structured metadata[^]*(?:disallowed|not allowed|allow_structured_metadata)/i.test(text)
    ? { kind: 'metadata', why }
    : { kind: 'refused', why }
}

function describe(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error ? first.message || first.name : String(first)
}
