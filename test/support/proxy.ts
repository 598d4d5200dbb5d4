import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A forwarding proxy on loopback, and what it was asked for: `GET http://…` or `CONNECT host:port`. */
export interface Proxy {
  url: string
  asked: { what: string; authorization: string | undefined }[]
}

/** Lasts as long as the test. */
export async function startProxy(): Promise<Proxy> {
  const asked: Proxy['asked'] = []
  const note = ({ method, url, headers }: IncomingMessage) =>
    asked.push({ what: `${method} ${url?.replace(/\?.*/, '')}`, authorization: headers['proxy-authorization'] })
  const server = createServer((request, response) => {
    note(request)
    pass(request, response, new URL(request.url ?? ''))
  })
  server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    note(request)
    const [host, port] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.write(head)
      target.pipe(client).pipe(target)
    })
    for (const socket of [client, target]) {
      socket.on('error', () => undefined)
      socket.on('close', () => [client, target].map((other) => other.destroy()))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** Sends a request on, and its answer back. */
export function pass(request: IncomingMessage, response: ServerResponse, to: URL, headers: Record<string, string> = {}): void {
  const on = httpRequest(to, { method: request.method, headers: { ...request.headers, host: to.host, ...headers } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  on.on('error', () => response.destroy())
  request.pipe(on)
}
