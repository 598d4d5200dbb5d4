import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { readTraces, spansOf, type TracesData } from './otlp.js'
import { runProgram } from './run-program.js'

const pem = (name: string) => readFileSync(path.join(import.meta.dirname, '../support/tls', name), 'utf8')
const clientTls = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') }
const serverTls = { ca: pem('ca.pem'), cert: pem('server.pem'), key: pem('server.key') }
const three = ['work 0', 'work 1', 'work 2']

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Received {
  url: string | undefined
  headers: IncomingHttpHeaders
  body: Buffer
  client?: string | undefined
}

async function httpReceiver({ secure = false } = {}): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const listener: RequestListener = (request, response) => {
    const client = secure ? (request.socket as TLSSocket).getPeerCertificate().subject?.CN : undefined
    void buffer(request).then((body) => {
      received.push({ url: request.url, headers: request.headers, body, client: String(client) })
      return response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  }
  const server = secure
    ? createSecureServer({ ...serverTls, requestCert: true, rejectUnauthorized: true }, listener)
    : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return { url: `${secure ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`, received }
}

async function grpcReceiver(credentials: ServerCredentials): Promise<{ port: number; received: { metadata: Metadata; body: Buffer }[] }> {
  const received: { metadata: Metadata; body: Buffer }[] = []
  const server = new Server()
  const itself = (bytes: Buffer): Buffer => bytes
  const service = {
    export: {
      path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      requestStream: false,
      responseStream: false,
      requestSerialize: itself,
      requestDeserialize: itself,
      responseSerialize: itself,
      responseDeserialize: itself,
    },
  } as const
  server.addService(service, {
    export(call: { metadata: Metadata; request: Buffer }, done: (error: null, answer: Buffer) => void) {
      received.push({ metadata: call.metadata, body: call.request })
      done(null, Buffer.alloc(0))
    },
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('localhost:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  )
  closing.push(() => server.forceShutdown())
  return { port, received }
}

const namesIn = (bodies: readonly Buffer[]) =>
  spansOf(bodies.map((body) => JSON.parse(body.toString()) as TracesData)).map(({ name }) => name)

describe('OTLP over HTTP', () => {
  it('with a certificate of its own, to a server that asks for one', async () => {
    const { url, received } = await httpReceiver({ secure: true })
    expect(await runProgram('natural end', { options: { exporters: [{ type: 'otlp', url, tls: clientTls }] } })).toMatchObject({
      stderr: '',
    })
    expect(namesIn(received.map(({ body }) => body))).toEqual(three)
    expect(received[0]?.client).toBe('spanlog test client')
  })

  it('without it is refused there, which is a warning', async () => {
    const { url, received } = await httpReceiver({ secure: true })
    const options = { exporters: [{ type: 'otlp', url, timeoutMs: 1_000, tls: { ca: clientTls.ca } }] }
    expect(await runProgram('natural end', { options })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('SpanlogWarning') as string,
    })
    expect(received).toEqual([])
  })

  it('compressed', async () => {
    const { url, received } = await httpReceiver()
    await runProgram('natural end', { options: { exporters: [{ type: 'otlp', url, compression: 'gzip' }] } })
    expect(received[0]?.headers['content-encoding']).toBe('gzip')
    expect(namesIn(received.map(({ body }) => gunzipSync(body)))).toEqual(three)
  })

  it('is what Jaeger takes', async () => {
    const { url, received } = await httpReceiver()
    await runProgram('natural end', { options: { exporters: [{ type: 'jaeger', url }] } })
    expect(received[0]?.url).toBe('/v1/traces')
    expect(namesIn(received.map(({ body }) => body))).toEqual(three)
  })
})

describe('OTLP over gRPC', () => {
  it('brings the spans, and the headers as metadata', async () => {
    const { port, received } = await grpcReceiver(ServerCredentials.createInsecure())
    const exporter = { type: 'otlp', protocol: 'grpc', url: `http://localhost:${port}`, headers: { 'x-scope-orgid': 'blue' } }
    expect(await runProgram('natural end', { options: { exporters: [exporter] } })).toMatchObject({ code: 0, stderr: '' })
    expect(received[0]?.metadata.get('x-scope-orgid')).toEqual(['blue'])
    const bytes = Buffer.concat(received.map(({ body }) => body)).toString('latin1')
    expect(three.filter((name) => bytes.includes(name))).toEqual(three)
  })

  it('is chosen by OTEL_EXPORTER_OTLP_PROTOCOL', async () => {
    const { port, received } = await grpcReceiver(ServerCredentials.createInsecure())
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${port}` }
    expect(await runProgram('natural end', { env })).toMatchObject({ code: 0, stderr: '' })
    expect(received).toHaveLength(1)
  })

  it('with certificates on both sides', async () => {
    const keys = [{ cert_chain: Buffer.from(serverTls.cert), private_key: Buffer.from(serverTls.key) }]
    const { port, received } = await grpcReceiver(ServerCredentials.createSsl(Buffer.from(serverTls.ca), keys, true))
    const exporter = { type: 'otlp', protocol: 'grpc', url: `https://localhost:${port}`, tls: clientTls }
    expect(await runProgram('natural end', { options: { exporters: [exporter] } })).toMatchObject({ code: 0, stderr: '' })
    expect(received).toHaveLength(1)
  })
})

describe('Zipkin', () => {
  it.each([
    ['by an option', 'option'],
    ['by OTEL_TRACES_EXPORTER', 'env'],
  ])('gets spans in its JSON of version 2, %s', async (_, by) => {
    const { url, received } = await httpReceiver()
    const ended =
      by === 'option'
        ? await runProgram('natural end', {
            options: { serviceName: 'orders', exporters: [{ type: 'zipkin', url, headers: { 'x-key': 'k' } }] },
          })
        : await runProgram('natural end', { env: { OTEL_TRACES_EXPORTER: 'zipkin', OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${url}/api/v2/spans` } })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(received[0]?.url).toBe('/api/v2/spans')
    const spans = received.flatMap(({ body }) => JSON.parse(body.toString()) as { name: string; localEndpoint: { serviceName: string } }[])
    expect(spans.map(({ name }) => name)).toEqual(three)
    if (by === 'option') {
      expect(received[0]?.headers['x-key']).toBe('k')
      expect(spans[0]?.localEndpoint.serviceName).toBe('orders')
    }
  })
})

describe('a file that is rotated', () => {
  it('loses no span and tears no line, also where processes share it, and keeps as many files as it may', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-'))
    closing.push(() => rmSync(folder, { recursive: true }))
    const file = path.join(folder, 'spans.jsonl')
    const options = {
      exporters: [{ type: 'file', path: file, maxBytes: 1_000_000, maxFiles: 50 }],
      batch: { maxExportBatchSize: 7, scheduledDelayMs: 1 },
    }
    const limits = { attributeLength: 20_000 }
    const ended = await Promise.all([1, 2, 3].map(() => runProgram('many', { options: { ...options, limits } })))
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ])
    const files = readdirSync(folder)
    const spans = files.flatMap((name) => spansOf(readTraces(path.join(folder, name))))
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(900)
    expect(files.length).toBeGreaterThan(15)
    // Who had it open while another rotated it may have added one batch.
    for (const name of files) expect(statSync(path.join(folder, name)).size).toBeLessThan(1_000_000 + 3 * 150_000)
  })

  it('drops the oldest past maxFiles, and a lock that was left behind does not stop it for good', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-'))
    closing.push(() => rmSync(folder, { recursive: true }))
    const options = {
      exporters: [{ type: 'file', path: path.join(folder, 'spans.jsonl'), maxBytes: 1, maxFiles: 2 }],
      batch: { maxExportBatchSize: 1 },
    }
    expect(await runProgram('natural end', { options })).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(folder).toSorted()).toEqual(['spans.jsonl', 'spans.jsonl.1', 'spans.jsonl.2'])
    expect(['.2', '.1', ''].map((end) => spansOf(readTraces(path.join(folder, `spans.jsonl${end}`)))[0]?.name)).toEqual(three)
    mkdirSync(path.join(folder, 'spans.jsonl.lock'))
    utimesSync(path.join(folder, 'spans.jsonl.lock'), 0, 0)
    expect(await runProgram('natural end', { options })).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(folder)).toHaveLength(3)
  })
})
