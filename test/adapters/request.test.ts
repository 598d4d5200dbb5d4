import { once } from 'node:events'
import http, { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { configure, currentTrace, SpanlogError, withSpan } from 'spanlog'
import { traceFetch, traceRequest } from 'spanlog/http'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/http.js'
import { freePort } from '../support/port.js'

const telemetry = recordTelemetry()
afterEach(() => {
  telemetry.reset()
  received.splice(0)
  configure({ propagateTo: false })
})

const received: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = []
const server = createServer((req, res) => void serve(req, res))
async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  received.push({ method: req.method, headers: req.headers, body: (await req.toArray()).join('') })
  if (req.url === '/cut') res.write('part', () => res.destroy())
  else if (req.url !== '/hang') res.writeHead(Number(/\d{3}/.exec(req.url ?? '')?.[0] ?? 200)).end('answer')
}
let port: number
let origin: string
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
  origin = `http://127.0.0.1:${port}`
})
afterAll(async () => {
  telemetry.stop()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const request = traceRequest(http.request)
const text = async (answer: IncomingMessage): Promise<string> => (await answer.toArray()).join('')
const span = () => eventually(() => telemetry.spans().find(({ kind }) => kind === 'client'))

describe('traceRequest', () => {
  it.each<[string, () => http.ClientRequest]>([
    ['an address', () => request(`${origin}/200?page=2#part`, { method: 'POST' })],
    ['a URL', () => request(new URL(`${origin}/200?page=2`), { method: 'post' })],
    ['options', () => request({ host: '127.0.0.1', port, path: '/200?page=2', method: 'POST' })],
  ])('opens a client span under the active one, and takes the trace along, by %s', async (_, ask) => {
    const answer = await withSpan('order', async () => {
      const [got] = (await once(ask().end('hello'), 'response')) as [IncomingMessage]
      return await text(got)
    })
    expect(answer).toBe('answer')
    const { attributes, ...client } = await span()
    expect(client).toMatchObject({ name: 'POST', parentSpanId: telemetry.spans().at(-1)?.spanId, status: { code: 'unset' } })
    expect(attributes).toEqual({
      'http.request.method': 'POST',
      'url.full': `${origin}/200?page=2`,
      'server.address': '127.0.0.1',
      'server.port': port,
      'http.response.status_code': 200,
    })
    expect(received).toEqual([{ method: 'POST', body: 'hello', headers: expect.anything() }])
    expect(received[0]?.headers.traceparent).toMatch(new RegExp(`^00-${client.traceId}-${client.spanId}-0[13]$`))
  })

  it.each<[string, http.OutgoingHttpHeaders | readonly string[] | undefined]>([
    ['an object', { 'X-Own': '1', traceparent: 'mine' }],
    ['a flat array', ['X-Own', '1', 'Traceparent', 'mine', 'Host', 'x']],
    ['an object that waits for a 100', { 'X-Own': '1', expect: '100-continue' }],
  ])('keeps headers given as %s, and leaves the options as they are', async (_, headers) => {
    const options = Object.freeze({ headers: Object.freeze(headers), agent: false as const })
    const [answer] = (await once(request(origin, options as http.RequestOptions).end(), 'response')) as [IncomingMessage]
    await text(answer)
    expect(received[0]?.headers).toMatchObject({ 'x-own': '1', traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-/) })
  })

  it('runs callback and listeners in the span that asked, also on a connection of another', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    await Promise.all(
      Array.from({ length: 5 }, () =>
        withSpan('order', async () => {
          const own = currentTrace()?.spanId
          const seen = await new Promise<unknown[]>((resolve) => {
            const ids: unknown[] = []
            const made = request(origin, { agent }, (answer) => {
              ids.push(currentTrace()?.spanId)
              answer.on('data', () => ids.push(currentTrace()?.spanId))
              answer.on('end', () => resolve([...ids, currentTrace()?.spanId]))
            })
            made.on('socket', () => ids.push(currentTrace()?.spanId))
            made.end()
          })
          expect(new Set(seen)).toEqual(new Set([own]))
          expect(seen).toHaveLength(4)
        }),
      ),
    )
    agent.destroy()
  })

  it.each([404, 500])('is an error at status %i', async (status) => {
    const [answer] = (await once(request(`${origin}/${status}`).end(), 'response')) as [IncomingMessage]
    await text(answer)
    expect(await span()).toMatchObject({
      status: { code: 'error' },
      attributes: { 'http.response.status_code': status, 'error.type': String(status) },
      events: [],
    })
  })

  it('ends where the answer is not read by anyone', async () => {
    request(origin).end()
    expect((await span()).status.code).toBe('unset')
  })

  it('records a refused connection, which stays an error event', async () => {
    const free = await freePort()
    const [error] = await once(request({ port: free, host: '127.0.0.1' }).end(), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await span()).toMatchObject({
      status: { code: 'error' },
      attributes: { 'error.type': 'ECONNREFUSED' },
      events: [expect.objectContaining({ name: 'exception' })],
    })
  })

  it('records an answer that is cut', async () => {
    const [answer] = (await once(request(`${origin}/cut`).end(), 'response')) as [IncomingMessage]
    await expect(text(answer)).rejects.toThrow('aborted')
    expect(await span()).toMatchObject({ status: { code: 'error' }, attributes: { 'error.type': 'ECONNRESET' } })
  })

  it('records an abort', async () => {
    const made = request(`${origin}/hang`, { signal: AbortSignal.timeout(30) }).end()
    await once(made, 'error')
    expect((await span()).status.code).toBe('error')
  })

  it('takes an answer that is left for enough', async () => {
    const [answer] = (await once(request(origin).end(), 'response')) as [IncomingMessage]
    answer.destroy()
    expect((await span()).status.code).toBe('unset')
  })

  it('knows https', async () => {
    const made = traceRequest(https.request)({ host: '127.0.0.1', port: await freePort(), path: '/x' })
    await once(made, 'error')
    expect((await span()).attributes['url.full']).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/x$/)
  })

  it('wraps get', async () => {
    const [answer] = (await once(traceRequest(http.get)(origin), 'response')) as [IncomingMessage]
    expect(await text(answer)).toBe('answer')
    expect((await span()).name).toBe('GET')
  })

  it('throws what node throws, and ends its span', async () => {
    expect(() => request({ host: '127.0.0.1', path: '/a b' })).toThrow('Request path contains unescaped characters')
    expect((await span()).attributes['error.type']).toBe('ERR_UNESCAPED_CHARACTERS')
  })

  it('puts its span in the place of an instrumentation of http', async () => {
    const { trace } = await import('@opentelemetry/api')
    const patched = Object.assign(
      (...args: Parameters<typeof http.request>) => {
        trace.getTracer('@opentelemetry/instrumentation-http').startSpan('GET').end()
        return http.request(...args)
      },
      { __wrapped: true, __original: http.request },
    )
    const [answer] = (await once(traceRequest(patched as typeof http.request)(origin).end(), 'response')) as [IncomingMessage]
    await text(answer)
    await span()
    expect(telemetry.spans()).toHaveLength(1)
    expect(received[0]?.headers.traceparent).toContain(telemetry.spans()[0]?.spanId)
  })

  it.each([
    ['what is no function', ['request'], /`request` to be a function/],
    ['a misspelt option', [http.request, { propagateto: [] }], /has no option `propagateto`/],
  ])('refuses %s', (_, args, message) => {
    expect(() => (traceRequest as (...given: unknown[]) => unknown)(...args)).toThrow(SpanlogError)
    expect(() => (traceRequest as (...given: unknown[]) => unknown)(...args)).toThrow(message)
  })
})

describe('propagateTo', () => {
  const asks: [string, (options?: { propagateTo: (string | RegExp)[] }) => Promise<unknown>][] = [
    ['traceFetch', (options) => traceFetch(fetch, options)(origin).then((answer) => answer.text())],
    [
      'traceRequest',
      async (options) => {
        const [answer] = (await once(traceRequest(http.request, options)(origin).end(), 'response')) as [IncomingMessage]
        return await text(answer)
      },
    ],
  ]
  const rows = asks.flatMap(([client, ask]) => [
    { client, ask, rule: 'a host of ours', global: undefined, own: ['127.0.0.1'], sent: true },
    { client, ask, rule: 'its port', global: undefined, own: [/./], sent: true },
    { client, ask, rule: 'other hosts', global: undefined, own: ['orders', /^10\./], sent: false },
    { client, ask, rule: 'other hosts, for the process', global: ['orders'], own: undefined, sent: false },
    { client, ask, rule: 'its own before that of the process', global: ['orders'], own: ['127.0.0.1'], sent: true },
    { client, ask, rule: 'no host', global: undefined, own: [], sent: false },
  ])
  it.each(rows)('of $client takes the trace along or not: $rule', async ({ ask, global, own, sent }) => {
    if (global) configure({ propagateTo: global })
    await ask(own && { propagateTo: own })
    expect(received.map(({ headers }) => headers.traceparent !== undefined)).toEqual([sent])
    expect((await span()).attributes['http.response.status_code']).toBe(200)
  })
})
