import { once } from 'node:events'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageHtml } from '../../dist/src/view/server/html.js'
import { startViewServer, type ViewServer } from '../../dist/src/view/server/server.js'
import type { TraceDocument } from '../../src/view/document.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const hostile = '</script><script>alert(1)</script><!-- \u2028 ]]> \u0000 \u202e'
const document: TraceDocument = {
  traceId,
  trace: null,
  entries: [
    { line: hostile, message: hostile, traceId, fields: {}, metadata: {}, labels: {} },
    { line: '{"a":1}', traceId, fields: { a: 1 }, metadata: {}, labels: {} },
  ],
  verdict: { complete: true, reasons: [] },
}

let server: ViewServer
let url: URL
beforeAll(async () => {
  server = await startViewServer(
    {
      document: async (id) => {
        if (id !== traceId) throw new Error('the store is down')
        return document
      },
      list: async () => ({ traces: [{ traceId, startUnixNano: 7n, services: ['a'] }], reasons: [] }),
      report: async () => ({ traces: [{ traceId, spans: [] }], before: [], entries: document.entries, windowMs: 7, reasons: [] }),
    },
    0,
  )
  url = new URL(server.url)
})
afterAll(() => server.close())

interface Answer {
  status: number
  text: string
}

/** As it goes over the wire: `fetch` would not let a Host of ours pass. */
async function request(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const socket = connect(Number(url.port), '127.0.0.1')
  const given = Object.entries({ Host: url.host, Connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${path} HTTP/1.1\r\n${given.join('')}\r\n`)
  let text = ''
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
  await once(socket, 'close')
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text }
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

describe('the server of the page', () => {
  it('listens on 127.0.0.1 alone', async () => {
    expect(url.hostname).toBe('127.0.0.1')
    const socket = connect(Number(url.port), '::1')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(['ECONNREFUSED', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH']).toContain(error.code)
  })

  it.each<[what: string, path: (secret: string) => string, headers: Record<string, string>, method: string, status: number]>([
    ['gives the page to whom knows the secret', (secret) => secret, {}, 'GET', 200],
    ['gives it under the name localhost too', (secret) => secret, { Host: 'localhost:PORT' }, 'GET', 200],
    [
      'gives it to its own scripts',
      (secret) => `${secret}list`,
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://127.0.0.1:PORT' },
      'GET',
      200,
    ],
    ['knows nobody without the secret', () => '/', {}, 'GET', 404],
    ['knows nobody with a wrong secret', () => '/AAAAAAAAAAAAAAAAAAAAAA/', {}, 'GET', 404],
    ['refuses a name that another site points here', (secret) => secret, { Host: 'evil.example:PORT' }, 'GET', 403],
    ['refuses its own name on another port', (secret) => secret, { Host: '127.0.0.1:1' }, 'GET', 403],
    ['refuses what another site has a browser ask', (secret) => `${secret}list`, { 'Sec-Fetch-Site': 'cross-site' }, 'GET', 403],
    [
      'refuses what another port of this machine has a browser ask',
      (secret) => `${secret}list`,
      { 'Sec-Fetch-Site': 'same-site' },
      'GET',
      403,
    ],
    [
      'refuses another origin, where the browser tells nothing else',
      (secret) => `${secret}list`,
      { Origin: 'http://evil.example' },
      'GET',
      403,
    ],
    ['refuses the origin of a sandbox', (secret) => `${secret}list`, { Origin: 'null' }, 'GET', 403],
    ['takes nothing', (secret) => secret, {}, 'POST', 405],
    ['answers no preflight', (secret) => `${secret}list`, { Origin: 'http://evil.example' }, 'OPTIONS', 405],
    ['has no files', (secret) => `${secret}../../../../etc/passwd`, {}, 'GET', 404],
    ['asks its sources for trace IDs only', (secret) => `${secret}trace/..%2f..`, {}, 'GET', 404],
    ['says so where a source fails', (secret) => `${secret}trace/${'b'.repeat(32)}`, {}, 'GET', 500],
  ])('%s', async (_what, path, headers, method, status) => {
    const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', url.port)]))
    const answer = await request(path(url.pathname), own, method)
    expect(answer.status).toBe(status)
    expect(answer.text.toLowerCase()).not.toContain('access-control-')
    expect(answer.text.toLowerCase()).not.toContain('set-cookie')
  })

  it('sends a trace again only where more of it has come', async () => {
    const { text } = await request(`${url.pathname}trace/${traceId}`)
    const etag = /etag: (.*)\r\n/i.exec(text)?.[1] ?? ''
    expect(etag).toBe('"0-2-true"')
    const again = await request(`${url.pathname}trace/${traceId}`, { 'If-None-Match': etag })
    expect(again.status).toBe(304)
    expect(again.text).toMatch(/\r\n\r\n$/)
    expect((await request(`${url.pathname}trace/${traceId}`, { 'If-None-Match': '"0-1-true"' })).status).toBe(200)
  })

  it('gives traces, the list, and documents as JSON, which no browser takes for a page', async () => {
    const get = async (name: string): Promise<unknown> => {
      const answer = await fetch(new URL(name, url))
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      return answer.json()
    }
    expect(await get('list')).toEqual({ traces: [{ traceId, startUnixNano: '7', services: ['a'] }], reasons: [] })
    expect(await get('report')).toEqual({
      traces: [{ traceId, spans: [] }],
      before: [],
      entries: [document.entries[0], { ...document.entries[1], fields: undefined }],
      windowMs: 7,
      reasons: [],
    })
    const [first, { fields: _fields, ...second }] = document.entries as [object, { fields: object }]
    expect(await get(`trace/${traceId}`)).toEqual({ ...document, entries: [first, second] })
  })

  it('may run its own script and nothing else', async () => {
    const answer = await fetch(url)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    const html = await answer.text()
    expect(html.match(/<script\b[^>]*>/g)).toEqual(['<script type="application/gzip" id="spanlog-data">', '<script>'])
  })
})

describe('a saved page', () => {
  it('holds no character of a line in its markup, and the lines as they were', async () => {
    const html = await textOf(pageHtml({ served: false, documents: [document] }))
    expect(html).not.toContain('alert(1)')
    expect(html.match(/<\/script>/g)).toHaveLength(2)
    const [, packed = ''] = /id="spanlog-data">([^<]*)</.exec(html) ?? []
    const { documents } = JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as { documents: TraceDocument[] }
    expect(documents[0]?.entries[0]?.line).toBe(hostile)
  })

  it('escapes the name of the trace in its title', async () => {
    const name = '<img src=x onerror=alert(1)>'
    const span = { traceId, spanId: 'a'.repeat(16), name, service: 's', kind: 'server' as const, startUnixNano: '1', endUnixNano: '2' }
    const trace = { traceId, spans: [{ ...span, status: { code: 'ok' as const }, attributes: {}, resource: {}, events: [], links: [] }] }
    const html = await textOf(pageHtml({ served: false, documents: [{ ...document, trace }] }))
    expect(html).toContain('<title>&lt;img src=x onerror=alert(1)&gt; · spanlog</title>')
    expect(html).not.toContain('<img')
  })
})
