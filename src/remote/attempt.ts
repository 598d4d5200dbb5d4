import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** What a server answered to one try. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** The try took longer than it may. */
export class AttemptTimeout extends Error {}

/** The answer is longer than a client can hold. */
export class AnswerTooLong extends Error {}

/** A page of Loki's is limited to some 5,000 lines of 256 KB at the very worst, a usual one to a few MB; a string holds 512 MB. */
const maxBodyBytes = 256 * 1024 * 1024

/**
 * One GET. Redirects are not followed: credentials must not travel to another host, and a login page is no answer.
 *
 * @throws whatever node throws, AttemptTimeout, AnswerTooLong, or the signal's reason
 */
export async function attempt(
  url: URL,
  headers: Record<string, string>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new AttemptTimeout(`no whole answer within ${timeoutMs} ms`)), timeoutMs)
  const forward = (): void => controller.abort(signal?.reason)
  signal?.addEventListener('abort', forward, { once: true })
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const { get } = url.protocol === 'https:' ? https : http
      get(url, { headers: { 'accept-encoding': 'gzip', ...headers }, signal: controller.signal }, resolve).on('error', reject)
    })
    return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response) }
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', forward)
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) throw new AnswerTooLong(`more than ${maxBodyBytes / 1024 / 1024} MB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function decoded(response: IncomingMessage): NodeJS.ReadableStream {
  if (response.headers['content-encoding'] !== 'gzip') return response
  // Unlike `pipe`, it ends either side with the other: a connection that breaks, and a body that nobody wants any more.
  return pipeline(response, createGunzip(), () => undefined)
}
