import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import fc from 'fast-check'
import { correlationId, currentTrace, SpanlogError, withSpan } from 'spanlog'
import { traceFetch } from 'spanlog/http'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { safeUrl } from '../../adapters/http/url.js'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

/** Answers with the status of its path, and shows what it was sent. */
const received: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = []
const server = createServer((req, res) => void serve(req, res))
async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  received.push({ method: req.method, headers: req.headers, body: (await req.toArray()).join('') })
  if (req.url?.startsWith('/cut')) res.destroy()
  else if (req.url !== '/hang') res.writeHead(Number(/\d{3}/.exec(req.url ?? '')?.[0] ?? 200), { location: '/200' }).end('answer')
}
let port: number
let origin: string
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
  origin = `http://127.0.0.1:${port}`
})
afterEach(() => void received.splice(0))
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const tracedFetch = traceFetch()

describe('traceFetch', () => {
  it('opens a client span under the active one, and takes the trace along', async () => {
    const answer = await withSpan('order', () => tracedFetch(`${origin}/200?page=2#part`, { method: 'post', body: 'hello' }))
    expect(await answer.text()).toBe('answer')
    const [span, parent] = telemetry.spans()
    expect(span).toMatchObject({ name: 'POST', kind: 'client', parentSpanId: parent?.spanId, status: { code: 'unset' } })
    expect(span?.attributes).toEqual({
      'http.request.method': 'POST',
      'url.full': `${origin}/200?page=2`,
      'server.address': '127.0.0.1',
      'server.port': port,
      'http.response.status_code': 200,
    })
    expect(received).toEqual([{ method: 'POST', body: 'hello', headers: expect.anything() }])
    expect(received[0]?.headers.traceparent).toMatch(new RegExp(`^00-${span?.traceId}-${span?.spanId}-0[13]$`))
  })

  it.each([400, 404, 500, 503])('is an error at status %i, and hands the answer on', async (status) => {
    expect((await tracedFetch(`${origin}/${status}`)).status).toBe(status)
    expect(telemetry.spans()).toEqual([
      expect.objectContaining({
        status: { code: 'error' },
        events: [],
        attributes: expect.objectContaining({ 'http.response.status_code': status, 'error.type': String(status) }),
      }),
    ])
  })

  it('follows a redirect within one span', async () => {
    expect((await tracedFetch(`${origin}/302`)).status).toBe(200)
    expect(telemetry.spans()).toHaveLength(1)
    expect(new Set(received.map(({ headers }) => headers.traceparent)).size).toBe(1)
  })

  it.each([
    ['a cut connection', '/cut', () => ({}), 'TypeError', 'UND_ERR_SOCKET'],
    ['an aborted request', '/hang', () => ({ signal: AbortSignal.timeout(30) }), 'TimeoutError', 'TimeoutError'],
  ])('records %s, and rejects as fetch does', async (_, path, init, name, errorType) => {
    await expect(tracedFetch(origin + path, init())).rejects.toMatchObject({ name })
    expect(telemetry.spans()).toEqual([
      expect.objectContaining({
        status: expect.objectContaining({ code: 'error' }),
        events: [expect.objectContaining({ name: 'exception' })],
        attributes: expect.objectContaining({ 'error.type': errorType }),
      }),
    ])
  })

  it('names a refused connection by its code', async () => {
    const closed = createServer()
    await once(closed.listen(0, '127.0.0.1'), 'listening')
    const free = (closed.address() as AddressInfo).port
    await new Promise((resolve) => closed.close(resolve))
    await expect(tracedFetch(`http://127.0.0.1:${free}/`)).rejects.toThrow('fetch failed')
    expect(telemetry.spans()[0]?.attributes).toMatchObject({ 'error.type': 'ECONNREFUSED', 'server.port': free })
  })

  it.each([
    ['an object', () => ({ 'x-own': '1', traceparent: 'mine' })],
    ['Headers', () => new Headers({ 'x-own': '1', traceparent: 'mine' })],
    ['pairs', () => [['x-own', '1'] as [string, string], ['traceparent', 'mine'] as [string, string]]],
  ])('keeps headers given as %s, and leaves init as it is', async (_, make) => {
    const init: RequestInit = { headers: make() }
    Object.freeze(init.headers)
    Object.freeze(init)
    await tracedFetch(origin, init)
    expect([...new Headers(init.headers)]).toEqual([...new Headers(make())])
    expect(received[0]?.headers).toMatchObject({ 'x-own': '1', traceparent: expect.stringMatching(/^00-/) })
  })

  it('takes a Request with its method, headers and body, and leaves its headers as they are', async () => {
    const request = new Request(origin, { method: 'PUT', headers: { 'x-own': '1' }, body: 'hello' })
    await tracedFetch(request)
    expect(received[0]).toMatchObject({ method: 'PUT', body: 'hello', headers: { 'x-own': '1', traceparent: expect.any(String) } })
    expect(request.headers.has('traceparent')).toBe(false)
    expect(telemetry.spans()[0]?.name).toBe('PUT')
  })

  it('lets init stand before the Request, as fetch does', async () => {
    await tracedFetch(new Request(origin, { headers: { 'x-own': '1' } }), { method: 'DELETE', headers: { 'x-other': '2' } })
    expect(received[0]).toMatchObject({ method: 'DELETE', headers: { 'x-other': '2' } })
    expect(received[0]?.headers['x-own']).toBeUndefined()
  })

  it('takes a URL, and streams a body', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('one '))
        controller.enqueue(new TextEncoder().encode('two'))
        controller.close()
      },
    })
    await tracedFetch(new URL(origin), { method: 'POST', body, duplex: 'half' })
    expect(received[0]?.body).toBe('one two')
  })

  it.each([
    ['a relative address', '/orders', undefined],
    ['a header with a line break', 'http://127.0.0.1:1/', { headers: { a: 'b\nc' } }],
    ['headers that are none', 'http://127.0.0.1:1/', { headers: 7 as never }],
    ['no address', undefined as never, undefined],
  ])('leaves %s to fetch, which rejects as ever', async (_, input, init) => {
    const own = await fetch(input, init).catch((error: unknown) => error)
    await expect(tracedFetch(input, init)).rejects.toThrow((own as Error).message)
  })

  it('passes what is not HTTP through without a span', async () => {
    expect(await (await tracedFetch('data:text/plain,hello')).text()).toBe('hello')
    expect(telemetry.spans()).toEqual([])
  })

  it('keeps concurrent requests apart', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        withSpan(`order ${i}`, () => tracedFetch(origin, { headers: { 'x-trace': correlationId() ?? '' } })),
      ),
    )
    expect(received).toHaveLength(20)
    for (const { headers } of received) expect(headers.traceparent?.slice(3, 35)).toBe(headers['x-trace'])
    expect(new Set(received.map(({ headers }) => headers.traceparent)).size).toBe(20)
  })

  it('wraps another fetch, which runs in the span', async () => {
    const answer = { status: 200, spanId: undefined as string | undefined }
    const mine = async (_input: string, init?: { headers?: Headers; mine?: number }) => ({
      ...answer,
      spanId: currentTrace()?.spanId,
      init,
    })
    const got = await traceFetch(mine)('http://a.example/', { mine: 1 })
    expect(got.spanId).toBe(telemetry.spans()[0]?.spanId)
    expect(got.init?.mine).toBe(1)
  })

  it("opens no second span, and sends one traceparent, beside OpenTelemetry's undici instrumentation", async () => {
    // What the instrumentation does when undici makes a request.
    const instrumentation = () => {
      const span = trace.getTracer('@opentelemetry/instrumentation-undici').startSpan('GET')
      span.end()
    }
    subscribe('undici:request:create', instrumentation)
    try {
      await fetch(origin)
      expect(telemetry.spans()).toHaveLength(1)
      telemetry.reset()
      await tracedFetch(origin)
    } finally {
      unsubscribe('undici:request:create', instrumentation)
    }
    expect(telemetry.spans()).toHaveLength(1)
    expect(received[1]?.headers.traceparent).toContain(telemetry.spans()[0]?.spanId)
  })

  it('refuses what is no function', () => {
    expect(() => traceFetch('fetch' as never)).toThrow(SpanlogError)
    expect(() => traceFetch('fetch' as never)).toThrow('Expected `fetch` to be a function, got "fetch" (string)')
  })
})

describe('a URL on a span', () => {
  it.each([
    ['credentials', 'https://user:pass@a.example/x', 'https://REDACTED:REDACTED@a.example/x'],
    ['a user without a password', 'https://user@a.example/x', 'https://REDACTED@a.example/x'],
    [
      'signed storage URLs',
      'https://a.example/?X-Amz-Signature=abc&X-Amz-Date=1',
      'https://a.example/?X-Amz-Signature=REDACTED&X-Amz-Date=1',
    ],
    [
      'tokens and keys',
      'https://a.example/?access_token=a&api_key=b&apikey=c&q=1',
      'https://a.example/?access_token=REDACTED&api_key=REDACTED&apikey=REDACTED&q=1',
    ],
    ['an escaped name', 'https://a.example/?pass%77ord=x', 'https://a.example/?pass%77ord=REDACTED'],
    ['a name that is broken', 'https://a.example/?%E0token=x', 'https://a.example/?%E0token=REDACTED'],
    ['words that only contain one', 'https://a.example/?keyboard=x&monkey=y&design=z', 'https://a.example/?keyboard=x&monkey=y&design=z'],
    ['a fragment', 'https://a.example/#access_token=x', 'https://a.example/'],
  ])('does not show %s', (_, url, shown) => {
    expect(safeUrl(new URL(url))).toBe(shown)
  })

  it('never shows a secret value, wherever it stands, and every other value as it was', () => {
    const name = fc.constantFrom('token', 'Access_Token', 'sig', 'X-Goog-Signature', 'AWSAccessKeyId', 'client_secret', 'password')
    const plain = fc.constantFrom('page', 'q', 'limit', 'sort')
    const parts = fc.array(fc.oneof(fc.tuple(name, fc.constant('hunter2')), fc.tuple(plain, fc.string({ maxLength: 20 }))), {
      minLength: 1,
    })
    fc.assert(
      fc.property(parts, (pairs) => {
        const url = new URL(`https://u:hunter2@a.example/?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}`)
        const shown = safeUrl(url)
        expect(shown).not.toContain('hunter2')
        const others = [...url.searchParams].filter(([, value]) => value !== 'hunter2')
        expect([...new URL(shown).searchParams].filter(([, value]) => value !== 'REDACTED')).toEqual(others)
      }),
    )
  })
})
