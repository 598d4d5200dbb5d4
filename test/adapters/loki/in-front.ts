import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** What becomes of one push on its way to Loki. */
export type Fate =
  | 'pass'
  /** The connection breaks before Loki gets it. */
  | 'lost'
  /** Loki gets it, and the connection breaks before, or in the middle of, its answer. */
  | 'unanswered'
  | 'half answered'
  /** Loki gets it, and never answers. */
  | 'hangs'
  | { status: number; headers?: Record<string, string>; body?: string }

interface Came {
  at: number
  headers: IncomingHttpHeaders
  body: string
}

/** Stands in front of a Loki, real or not, and does to pushes what networks and proxies do. */
export interface InFront {
  url: string
  /** The pushes that came. */
  came: Came[]
  /** Of the next pushes, one after the other; after them all pass. */
  fates: Fate[]
  /** Decides where no fate is left. */
  decide: (body: string) => Fate
  /** Nobody listens any more. */
  goDown(): Promise<void>
  comeUp(): Promise<void>
}

export async function standInFront(loki: string, ending: (end: () => Promise<void>) => void): Promise<InFront> {
  const came: Came[] = []
  const inFront: InFront = { url: '', came, fates: [], decide: () => 'pass', goDown, comeUp }
  let server = createServer(serve)
  let port = 0

  async function comeUp(): Promise<void> {
    server = createServer(serve)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  async function goDown(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  function serve(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const sent = Buffer.concat(chunks)
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString()
      came.push({ at: performance.now(), headers: request.headers, body })
      const fate = inFront.fates.shift() ?? inFront.decide(body)
      if (typeof fate === 'object') {
        response.writeHead(fate.status, { 'content-type': 'text/plain', ...fate.headers }).end(fate.body)
        return
      }
      if (fate === 'lost') {
        response.socket?.resetAndDestroy()
        return
      }
      const on = httpRequest(
        `${loki}${request.url}`,
        { method: 'POST', headers: { ...request.headers, host: new URL(loki).host } },
        (answer) => {
          answer.resume()
          answer.once('end', () => {
            if (fate === 'hangs') return
            if (fate === 'unanswered') {
              response.socket?.resetAndDestroy()
              return
            }
            if (fate === 'half answered') {
              response.writeHead(answer.statusCode ?? 500, { 'content-length': 100 })
              response.write('half', () => setImmediate(() => response.socket?.resetAndDestroy()))
              return
            }
            response.writeHead(answer.statusCode ?? 500, { 'content-type': 'text/plain' }).end(answered)
          })
          let answered = ''
          answer.setEncoding('utf8').on('data', (text: string) => (answered += text))
        },
      )
      on.on('error', () => response.destroy())
      on.end(sent)
    })
  }

  await comeUp()
  inFront.url = `http://127.0.0.1:${port}`
  ending(goDown)
  return inFront
}
