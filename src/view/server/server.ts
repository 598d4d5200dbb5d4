import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { reasonOf } from '../../errors.js'
import { type Limits, type Reason, type ReportData, type TraceDocument, versionOf } from '../document.js'
import type { Finding } from '../terminal/findings.js'
import { refusalOf } from './guard.js'
import { contentPolicy, documentJson, inChunks, pageHtml, reportJson } from './html.js'

/** What the page can ask for. */
export interface ViewContent {
  /** A trace with its lines; `null` for its spans and no lines where there are none. */
  document: (traceId: string, signal: AbortSignal) => Promise<TraceDocument>
  /** The newest traces. */
  list: (signal: AbortSignal) => Promise<{ traces: readonly Finding[]; reasons: readonly Reason[] }>
  /** What the report over all of them rests on. */
  report: (signal: AbortSignal) => Promise<ReportData>
  /** What traces are held to. */
  limits?: Limits
}

export interface ViewServer {
  /** Where the page is; the secret in its path lets nobody in who was not given it. */
  url: string
  close: () => Promise<void>
}

/**
 * Serves the page on 127.0.0.1, to this machine's own browser and to nobody else: the path holds a secret, the Host header must be ours
 * (a name that another site points here is not), and requests that another site has a browser make are refused. No cookie is set or read.
 *
 * @param port - 0 for any that is free
 */
export async function startViewServer(content: ViewContent, port: number): Promise<ViewServer> {
  const secret = randomBytes(16).toString('base64url')
  const server = createServer((request, response) => void answer(request, response))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const actual = (server.address() as AddressInfo).port

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const stop = new AbortController()
    response.on('close', () => stop.abort())
    try {
      const refusal = refusalOf(request, actual)
      const [, given, ...rest] = (request.url ?? '').split('?')[0]?.split('/') ?? []
      if (refusal !== undefined) await send(response, refusal.status, 'text/plain', [refusal.why])
      else if (given !== secret) await send(response, 404, 'text/plain', ['Not found'])
      else await route(response, rest, request.headers['if-none-match'], stop.signal)
    } catch (error) {
      // The browser has gone, or a source has failed: neither ends the server.
      if (!response.headersSent) await send(response, 500, 'application/json', [JSON.stringify(reasonOf(error))]).catch(() => {})
      else response.destroy()
    }
  }

  async function route(
    response: ServerResponse,
    [first, id, ...rest]: string[],
    known: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (first === 'trace' && id !== undefined && rest.length === 0 && /^[0-9a-f]{32}$/.test(id)) {
      const document = await content.document(id, signal)
      const version = versionOf(document.trace?.spans.length ?? 0, document.entries.length, document.verdict.complete)
      response.setHeader('etag', version)
      if (known === version) return send(response, 304, 'application/json', [])
      return send(response, 200, 'application/json', inChunks(documentJson(document)))
    }
    if (id !== undefined) return send(response, 404, 'text/plain', ['Not found'])
    if (first === '')
      return send(
        response,
        200,
        'text/html',
        pageHtml({ served: true, documents: [], ...(content.limits !== undefined && { limits: content.limits }) }),
      )
    if (first === 'list') return send(response, 200, 'application/json', [listJson(await content.list(signal))])
    if (first === 'report') return send(response, 200, 'application/json', inChunks(reportJson(await content.report(signal))))
    return send(response, 404, 'text/plain', ['Not found'])
  }

  return {
    url: `http://127.0.0.1:${actual}/${secret}/`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Times as decimal strings, as everywhere in JSON. */
function listJson(list: Awaited<ReturnType<ViewContent['list']>>): string {
  return JSON.stringify(list, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

async function send(response: ServerResponse, status: number, type: string, body: Iterable<string> | AsyncIterable<string>): Promise<void> {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': contentPolicy().header,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
  })
  await pipeline(Readable.from(body), response)
}
