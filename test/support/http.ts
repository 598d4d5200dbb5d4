import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect } from 'node:net'

export interface Answer extends IncomingMessage {
  text: string
}

/** Sends one request to a server on loopback, and reads the answer to its end. */
export async function send(port: number, options: RequestOptions & { body?: string | string[] } = {}): Promise<Answer> {
  const req = httpRequest({ host: '127.0.0.1', port, ...options })
  for (const chunk of [options.body ?? []].flat()) req.write(chunk)
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  return Object.assign(res, { text: (await res.toArray()).join('') })
}

/** Sends a request and goes away at the first byte of the answer. */
export async function sendAndLeave(port: number, path: string): Promise<void> {
  const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`))
  await once(socket, 'data')
  socket.destroy()
}

/** What `read` returns once it is there: a server is done with a request only after the client has its answer. */
export async function eventually<T>(read: () => T | undefined | false): Promise<T> {
  for (let i = 0; i < 2_000; i++) {
    const value = read()
    if (value !== undefined && value !== false) return value
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`still waiting for ${String(read)}`)
}
