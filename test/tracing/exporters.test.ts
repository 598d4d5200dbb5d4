import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { spansOf, type TracesData } from './otlp.js'
import { runProgram } from './run-program.js'

interface Received {
  url: string | undefined
  headers: IncomingHttpHeaders
  data: TracesData
}

let server: Server
let base: string
let received: Received[]
let status: number
beforeEach(async () => {
  received = []
  status = 200
  server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ url: request.url, headers: request.headers, data: JSON.parse(body) as TracesData })
      return response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const names = () => spansOf(received.map(({ data }) => data)).map((span) => span.name)
const three = ['work 0', 'work 1', 'work 2']

describe('OTLP over HTTP', () => {
  it('goes to the URL with the headers that are given', async () => {
    const ended = await runProgram('natural end', {
      options: { serviceName: 'orders', exporters: [{ type: 'otlp', url: `${base}/custom/path`, headers: { 'x-scope-orgid': 'blue' } }] },
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(received[0]).toMatchObject({ url: '/custom/path', headers: { 'x-scope-orgid': 'blue', 'content-type': 'application/json' } })
    expect(names()).toEqual(three)
  })

  it('goes to /v1/traces of a URL without a path', async () => {
    await runProgram('natural end', { options: { exporters: [{ type: 'otlp', url: base }] } })
    expect(received[0]?.url).toBe('/v1/traces')
  })

  it.each<[string, Record<string, string>]>([
    ['OTEL_TRACES_EXPORTER', { OTEL_TRACES_EXPORTER: 'otlp' }],
    ['nothing at all, since it is the default', {}],
  ])('is chosen by %s, and goes where OTEL_EXPORTER_OTLP_ENDPOINT says', async (_, env) => {
    await runProgram('natural end', { env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secret' } })
    expect(received[0]).toMatchObject({ url: '/v1/traces', headers: { 'x-key': 'secret' } })
    expect(names()).toEqual(three)
  })

  it('loses no span at SIGTERM', async () => {
    expect(await runProgram('signal', { options: { exporters: [{ type: 'otlp', url: base }] }, signal: 'SIGTERM' })).toMatchObject({
      signal: 'SIGTERM',
    })
    expect(names()).toEqual(three)
  })

  it('is batched as OTEL_BSP_MAX_EXPORT_BATCH_SIZE and the option say, the option first', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' }
    await runProgram('natural end', { env })
    expect(received).toHaveLength(3)
    await runProgram('natural end', { env, options: { batch: { maxExportBatchSize: 3 } } })
    expect(received).toHaveLength(4)
  })

  it('that is refused is one warning, and nothing to the host', async () => {
    status = 400
    const ended = await runProgram('natural end', { options: { exporters: [{ type: 'otlp', url: base }] } })
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('OTLPTraceExporter') as string })
    expect(ended.stderr.match(/SpanlogWarning/g)).toHaveLength(1)
  })
})

describe('the console', () => {
  it('writes one readable line a span to stderr, and nothing to stdout', async () => {
    const ended = await runProgram('natural end', { options: { exporters: ['console'] } })
    expect(ended.stdout).toBe('')
    const lines = ended.stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/^\S+Z span \d+\.\d{3}ms internal "work 0" trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16} \{\}$/)
  })

  it('is chosen by OTEL_TRACES_EXPORTER, beside others', async () => {
    const ended = await runProgram('natural end', { env: { OTEL_TRACES_EXPORTER: 'console,otlp', OTEL_EXPORTER_OTLP_ENDPOINT: base } })
    expect(ended.stderr).toContain('"work 2"')
    expect(names()).toEqual(three)
  })
})

describe('OTEL_TRACES_EXPORTER', () => {
  it.each([
    ['none exports nothing', 'none', ''],
    ['a name that is not known is warned of and left out', 'sipkin', 'OTEL_TRACES_EXPORTER names sipkin'],
  ])('%s', async (_, value, warning) => {
    const ended = await runProgram('natural end', { env: { OTEL_TRACES_EXPORTER: value, OTEL_EXPORTER_OTLP_ENDPOINT: base } })
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining(warning) as string })
    expect(received).toEqual([])
  })

  it('does not add to exporters that are given', async () => {
    await runProgram('natural end', { options: { exporters: [] }, env: { OTEL_EXPORTER_OTLP_ENDPOINT: base } })
    expect(received).toEqual([])
  })
})
