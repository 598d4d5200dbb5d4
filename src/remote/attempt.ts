import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Connection } from './connection.js'

/** What a server answered to one try. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
  /** How long the body was on the wire. */
  bytes: number
}

/** The try took longer than it may. */
export class AttemptTimeout extends Error {}

/** The answer is longer than a client can hold. */
export class AnswerTooLong extends Error {}

/** A page of Loki's is limited to some 5,000 lines of 256 KB at the very worst, a usual one to a few MB; a string holds 512 MB. */
const maxBodyBytes = 256 * 1024 * 1024

/**
 * One request. Redirects are not followed: credentials must not travel to another host, and a login page is no answer.
 *
 * @param body - sent as JSON by POST (packed, where a header says so); without it the request is a GET
 * @throws whatever node and undici throw, AttemptTimeout, AnswerTooLong, or the signal's reason
 */
export async function attempt(
  connection: Connection,
  url: URL,
  { headers, body }: { headers: Record<string, string>; body?: string | Buffer | undefined },
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new AttemptTimeout(`no whole answer within ${timeoutMs} ms`)), timeoutMs)
  const forward = (): void => controller.abort(signal?.reason)
  signal?.addEventListener('abort', forward, { once: true })
  try {
    const { undici, dispatcher } = await connection.forRequests()
    const response = await undici.request(url, {
      dispatcher,
      signal: controller.signal,
      headers: { 'accept-encoding': 'gzip', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { method: 'POST', body }),
    })
    return { status: response.statusCode, headers: response.headers, ...(await readBody(response.body, response.headers)) }
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', forward)
  }
}

async function readBody(body: Readable, headers: IncomingHttpHeaders): Promise<{ body: string; bytes: number }> {
  const chunks: Buffer[] = []
  let length = 0
  let bytes = 0
  if (headers['content-encoding'] === 'gzip') body.on('data', (chunk: Buffer) => (bytes += chunk.length))
  // Unlike `pipe`, a pipeline ends either side with the other: a connection that breaks, and a body that nobody wants any more.
  const decoded = headers['content-encoding'] === 'gzip' ? pipeline(body, createGunzip(), () => undefined) : body
  for await (const chunk of decoded as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) throw new AnswerTooLong(`more than ${maxBodyBytes / 1024 / 1024} MB`)
    chunks.push(chunk)
  }
  return { body: Buffer.concat(chunks).toString('utf8'), bytes: bytes || length }
}
