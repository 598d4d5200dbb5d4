import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type TempoTracesOptions, tempoTraces } from 'spanlog/traces'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cutJson, type Fault, hang, hangMidway, html, json, refuse, reset, resetMidway, send, tooMany } from '../support/faults.js'
import { otlp, randomId, span } from '../support/otlp.js'
import { startTempoDouble, type TempoDouble, type TempoDoubleOptions } from '../support/tempo-double/server.js'

// All of these faults are written by hand: the recording shows none of them.
describe('a Tempo with a fault', () => {
  const traceId = randomId(16)
  const whole = span(traceId)
  const good = { trace: { traceId, spans: [whole] }, complete: true, reasons: [] }
  const doubles: TempoDouble[] = []
  let tempo: TempoDouble

  async function start(options?: TempoDoubleOptions): Promise<TempoDouble> {
    const double = await startTempoDouble(options)
    doubles.push(double)
    double.push(otlp(whole))
    return double
  }
  beforeEach(async () => {
    tempo = await start()
  })
  afterEach(async () => {
    await Promise.all(doubles.splice(0).map((double) => double.close()))
  })

  const gzipped: Fault = (response, honest) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(gzipSync(honest.body))
  }
  const cutGzip: Fault = (response, honest) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(gzipSync(honest.body).subarray(0, 40))
  }
  const garbage: Fault = (response) => response.socket?.end('I am no HTTP\r\n\r\n')
  const redirect: Fault = (response, honest) => send(response, { ...honest, status: 302, body: '', headers: { location: '/login' } })

  it.each<[string, Fault, TempoTracesOptions | object]>([
    ['429', tooMany, {}],
    ['500', refuse(500, 'internal error', { 'retry-after': '0' }), {}],
    ['503', refuse(503, 'not ready', { 'retry-after': '0' }), {}],
    ['503 until a date that is past', refuse(503, '', { 'retry-after': new Date(0).toUTCString() }), {}],
    ['504', refuse(504, 'gateway time-out', { 'retry-after': '0' }), {}],
    ['a connection that ends before an answer', reset, {}],
    ['a connection that ends in the middle of a body', resetMidway, {}],
    ['JSON that a proxy cut', cutJson, {}],
    ['gzip that a proxy cut', cutGzip, {}],
    ['no answer in time', hang, { timeoutMs: 500 }],
    ['half an answer in time', hangMidway, { timeoutMs: 500 }],
  ])('is asked again after %s', async (_, fault, options) => {
    tempo.inject(fault)
    expect(await tempoTraces({ url: tempo.url, ...options }).trace(traceId)).toEqual(good)
    expect(tempo.seen).toHaveLength(2)
  })

  it('may pack its answer', async () => {
    tempo.inject(gzipped)
    expect(await tempoTraces({ url: tempo.url }).trace(traceId)).toEqual(good)
    expect(tempo.seen[0]?.headers['accept-encoding']).toBe('gzip')
  })

  const all = { times: Infinity }
  it.each<[string, Fault, object, string, RegExp, number]>([
    ['429 again and again', tooMany, { retries: 2 }, 'TEMPO_RATE_LIMITED', /answered 429 .*too many outstanding requests after 3 tries/, 3],
    [
      '503 again and again',
      refuse(503, '', { 'retry-after': '0' }),
      { retries: 1 },
      'TEMPO_UNREACHABLE',
      /answered 503 .* after 2 tries/,
      2,
    ],
    ['429 and a wait of a day', refuse(429, '', { 'retry-after': '86400' }), {}, 'TEMPO_RATE_LIMITED', /asks to wait 86400 s/, 1],
    ['401', refuse(401, 'no org id'), {}, 'TEMPO_UNAUTHORIZED', /answered 401 to \S+: no org id/, 1],
    ['403', refuse(403), {}, 'TEMPO_UNAUTHORIZED', /answered 403/, 1],
    ['400', refuse(400, 'start too far\n\u001b[31mback'), {}, 'TEMPO_REFUSED', /: start too far \\u\{1b\}\[31mback/, 1],
    ['a redirect', redirect, {}, 'TEMPO_REFUSED', /answered 302 .*points to \/login/, 1],
    ['a web page', html, {}, 'TEMPO_BAD_ANSWER', /a web page/, 1],
    ['JSON cut again and again', cutJson, { retries: 1 }, 'TEMPO_BAD_ANSWER', /not JSON \(application\/json\).* after 2 tries/, 2],
    ['something else than HTTP', garbage, {}, 'TEMPO_BAD_ANSWER', /garbled/, 1],
    ['an array', json([]), {}, 'TEMPO_BAD_ANSWER', /no object/, 1],
    ['JSON of something else', json({ status: 'success' }), {}, 'TEMPO_BAD_ANSWER', /no `trace`/, 1],
    ['a trace that is none', json({ trace: 'all of it' }), {}, 'TEMPO_BAD_ANSWER', /no `trace`/, 1],
    ['silence', hang, { timeoutMs: 500 }, 'TEMPO_TIMEOUT', /within 500 ms .* after 2 tries/, 2],
    ['broken connections', reset, { retries: 1 }, 'TEMPO_UNREACHABLE', /broke the connection/, 2],
  ])('ends incomplete, with the reason, at %s', async (_, fault, options, code, message, requests) => {
    tempo.inject(fault, all)
    const { trace, complete, reasons } = await tempoTraces({ url: tempo.url, ...options }).trace(traceId)
    expect({ trace, complete }).toEqual({ trace: undefined, complete: false })
    expect(reasons).toEqual([{ code, message: expect.stringMatching(message) as string }])
    expect(tempo.seen).toHaveLength(requests)
  })

  it('is unreachable where nobody listens', async () => {
    await doubles.pop()!.close()
    const { complete, reasons } = await tempoTraces({ url: tempo.url, retries: 1 }).trace(traceId)
    expect({ complete, codes: reasons.map(({ code }) => code) }).toEqual({ complete: false, codes: ['TEMPO_UNREACHABLE'] })
    expect(reasons[0]?.message).toContain(tempo.url)
  })

  it('is unreachable under a name that does not exist', async () => {
    const { complete, reasons } = await tempoTraces({ url: 'http://tempo.invalid:3200', retries: 0 }).trace(traceId)
    expect({ complete, codes: reasons.map(({ code }) => code) }).toEqual({ complete: false, codes: ['TEMPO_UNREACHABLE'] })
  })

  it.each<[string, object | undefined, string]>([
    ['its reason', { message: 'Trace exceeds maximum size of 5000000 bytes' }, 'Trace exceeds maximum size of 5000000 bytes'],
    ['no reason', {}, 'a partial trace'],
  ])('hands over what it has of a trace that is cut short, with %s', async (_, extra, reason) => {
    tempo.inject((response, honest) => json({ ...(JSON.parse(honest.body) as object), status: 'PARTIAL', ...extra })(response, honest))
    const { trace, complete, reasons } = await tempoTraces({ url: tempo.url }).trace(traceId)
    expect(trace).toEqual(good.trace)
    expect(complete).toBe(false)
    expect(reasons).toEqual([{ code: 'TEMPO_PARTIAL', message: expect.stringContaining(reason) as string }])
  })

  it('tells by 206 that the first API cut a trace short', async () => {
    const old = await start({ old: true })
    old.inject((response, honest) => send(response, { ...honest, status: 206 }), { on: '/api/traces/' })
    const { trace, reasons } = await tempoTraces({ url: old.url }).trace(traceId)
    expect({ trace, codes: reasons.map(({ code }) => code) }).toEqual({ trace: good.trace, codes: ['TEMPO_PARTIAL'] })
  })

  it('loses no span of a trace of which one span is broken, and says so', async () => {
    tempo.push({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, spanId: 'xyz', startTimeUnixNano: '1' }] }] }] })
    const { trace, complete, reasons } = await tempoTraces({ url: tempo.url }).trace(traceId)
    expect({ trace, complete }).toEqual({ trace: good.trace, complete: false })
    expect(reasons).toEqual([{ code: 'SPAN_MALFORMED', message: expect.stringMatching(/^1 span left out.*`spanId`/) as string }])
  })

  it('is no Tempo if it knows no path at all', async () => {
    const server: Server = createServer((_, response) => response.writeHead(404).end('404 page not found'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { complete, reasons } = await tempoTraces({ url }).trace(traceId)
    server.close()
    expect(complete).toBe(false)
    expect(reasons).toEqual([{ code: 'TEMPO_BAD_ANSWER', message: expect.stringContaining('/api/echo') as string }])
  })

  it.each<[string, Fault, object]>([
    ['it is waited for', hang, {}],
    ['its body comes', hangMidway, {}],
    ['the next try is waited for', refuse(503, '', { 'retry-after': '20' }), {}],
  ])('can be cancelled while %s', async (_, fault) => {
    const cancel = new AbortController()
    tempo.inject((response, honest) => {
      fault(response, honest)
      setTimeout(() => cancel.abort(), 50)
    }, all)
    const { complete, reasons } = await tempoTraces({ url: tempo.url }).trace(traceId, { signal: cancel.signal })
    expect({ complete, codes: reasons.map(({ code }) => code) }).toEqual({ complete: false, codes: ['ABORTED'] })
  })
})

describe('tempoTraces', () => {
  it('sends the tenant, the credentials and the headers that it was given', async () => {
    const tempo = await startTempoDouble({ auth: true })
    const ask = async (options: object): Promise<unknown> => {
      const { complete } = await tempoTraces({ url: tempo.url, ...options }).trace(randomId(16))
      return { complete, ...tempo.seen.at(-1)?.headers }
    }
    expect(await ask({})).toMatchObject({ complete: false })
    expect(await ask({ tenant: 'shop', headers: { 'X-Via': 'test' } })).toMatchObject({
      complete: true,
      'x-scope-orgid': 'shop',
      'x-via': 'test',
    })
    expect(await ask({ tenant: 'a|b', bearerToken: 'abc' })).toMatchObject({ 'x-scope-orgid': 'a|b', authorization: 'Bearer abc' })
    expect(await ask({ tenant: 'a', basicAuth: { username: 'u', password: 'p:ä' } })).toMatchObject({ authorization: 'Basic dTpwOsOk' })
    await tempo.close()
  })

  it.each<[string, unknown, string, RegExp]>([
    ['no options', undefined, 'INVALID_OPTION', /`options`/],
    ['an option that does not exist', { url: 'http://t', tennant: 'a' }, 'INVALID_OPTION', /no option `tennant`/],
    ['no URL', {}, 'INVALID_URL', /`url`/],
    ['a URL without a protocol', { url: 'localhost:3200' }, 'INVALID_URL', /absolute/],
    ['a URL of another protocol', { url: 'ftp://tempo' }, 'INVALID_URL', /http/],
    ['a URL with a password', { url: 'http://me:secret@tempo' }, 'INVALID_URL', /^(?!.*secret).*basicAuth/],
    ['a broken URL with a password', { url: 'me://me:secret@tempo' }, 'INVALID_URL', /^(?!.*secret)/],
    [
      'two kinds of credentials',
      { url: 'http://t', bearerToken: 'a', basicAuth: { username: 'a', password: 'b' } },
      'INVALID_OPTION',
      /got both/,
    ],
    ['half of the credentials', { url: 'http://t', basicAuth: { username: 'a' } }, 'INVALID_OPTION', /basicAuth.password/],
    ['a user name with a colon', { url: 'http://t', basicAuth: { username: 'a:b', password: '' } }, 'INVALID_OPTION', /colon/],
    ['a token with a line break', { url: 'http://t', bearerToken: 'secret\nx' }, 'INVALID_OPTION', /^(?!.*secret).*`bearerToken`/],
    ['an empty tenant', { url: 'http://t', tenant: '' }, 'INVALID_OPTION', /`tenant`/],
    ['a header that is no string', { url: 'http://t', headers: { a: 1 } }, 'INVALID_OPTION', /`headers.a`/],
    ['a header with a broken name', { url: 'http://t', headers: { 'a b': '1' } }, 'INVALID_OPTION', /`headers.a b`/],
    ['no time at all', { url: 'http://t', timeoutMs: 0 }, 'INVALID_OPTION', /`timeoutMs`.*got 0 \(number\)/],
    ['a number of retries below 0', { url: 'http://t', retries: -1 }, 'INVALID_OPTION', /`retries`/],
  ])('refuses %s', (_, options, code, message) => {
    expect(() => tempoTraces(options as TempoTracesOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    )
  })
})

it('what Tempo finds in the second of the window, and is not in it, takes no place of what is', async () => {
  const tempo = await startTempoDouble()
  const begin = BigInt(Math.floor(Date.now() / 1000) - 60) * 1_000_000_000n
  const ids = Array.from({ length: 12 }, () => randomId(16))
  for (const [i, id] of ids.entries()) {
    const startUnixNano = begin + BigInt(i) * 50_000_000n
    tempo.push(otlp(span(id, { startUnixNano, endUnixNano: startUnixNano + 1_000_000n })))
  }
  const find = async (limit: number) => {
    const found: string[] = []
    for await (const item of tempoTraces({ url: tempo.url }).search({ from: begin, to: begin + 100_000_000n, limit })) {
      found.push('cut' in item ? item.code : item.traceId)
    }
    return found
  }
  expect(await find(3)).toEqual([ids[1], ids[0]])
  expect(await find(1)).toEqual([ids[1], 'LIMIT_REACHED'])
  await tempo.close()
})
