import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'

/** What a double would answer. */
export interface Answer {
  status: number
  type: string
  body: string
  headers?: Record<string, string>
}

/** Sends something else than the honest answer. All of these are written by hand: no recording shows them. */
export type Fault = (response: ServerResponse, honest: Answer) => void

export function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(body)
}

export function refuse(status: number, body = '', headers: Record<string, string> = {}): Fault {
  return (response) => send(response, { status, type: 'text/plain; charset=utf-8', body, headers })
}

export const tooMany = refuse(429, 'too many outstanding requests', { 'retry-after': '0' })

/** The connection ends before an answer. */
export const reset: Fault = (response) => response.socket?.resetAndDestroy()

/** The connection ends in the middle of the body. */
export const resetMidway: Fault = (response, { status, type, body }) => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.write(body.slice(0, body.length / 2), () => setImmediate(() => response.socket?.resetAndDestroy()))
}

/** Never an answer. */
export const hang: Fault = () => {}

/** Headers and half a body, then nothing. */
export const hangMidway: Fault = (response, { status, type, body }) => {
  response.writeHead(status, { 'content-type': type })
  response.write(body.slice(0, body.length / 2))
}

/** A body that ends too early, well framed: a proxy cut it. */
export const cutJson: Fault = (response, honest) => send(response, { ...honest, body: honest.body.slice(0, honest.body.length / 2) })

export const html: Fault = (response) => send(response, { status: 200, type: 'text/html', body: '<!doctype html><title>Sign in</title>' })

/** Another JSON than the one that was due. */
export function json(value: unknown): Fault {
  return (response, honest) => send(response, { ...honest, status: 200, type: 'application/json', body: JSON.stringify(value) })
}

/** Spaces as long as somebody reads. Packed, they are a thousandth of that on the wire. */
export function endless(packing?: 'gzip'): Fault {
  const spaces = Buffer.alloc(2 ** 22, ' ')
  // Packed parts in a row are one packed whole.
  const part = packing === undefined ? spaces : gzipSync(spaces)
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...(packing !== undefined && { 'content-encoding': packing }) })
    pipeline(Readable.from(again(part)), response, () => undefined)
  }
}

function* again<T>(part: T): Generator<T> {
  for (;;) yield part
}
