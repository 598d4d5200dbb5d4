import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { traceHttp } from 'spanlog/http'
import { fileLogs } from 'spanlog/logs'
import pino from 'spanlog/pino'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/http.js'
import { freePort } from '../support/port.js'

let folder: string
let nginx: ChildProcess
let service: Server
let url: string

beforeAll(async () => {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
  } catch {
    throw new Error('nginx is missing; on Debian: apt-get install nginx-light')
  }
  folder = mkdtempSync(path.join(tmpdir(), 'spanlog-nginx-'))
  const log = pino({ base: { service: 'orders' } }, createWriteStream(path.join(folder, 'orders.log')))
  const trace = traceHttp({ logger: log, incoming: (req) => (req.url === '/untrusted' ? 'link' : 'continue') })
  service = createServer((req, res) => trace(req, res, () => res.end('ok'))).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  writeFileSync(
    path.join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.txt;
     events {}
     http {
       log_format plain '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $sent_http_x_trace_id';
       log_format traced escape=json '{"time":"$time_iso8601","service":"nginx","msg":"$request","status":$status,"trace_id":"$sent_http_x_trace_id"}';
       access_log ${folder}/access.log traced;
       access_log ${folder}/plain.log plain;
       server {
         listen 127.0.0.1:${port};
         location / { proxy_pass http://127.0.0.1:${(service.address() as AddressInfo).port}; }
       }
     }`,
  )
  nginx = spawn('nginx', ['-c', path.join(folder, 'nginx.conf'), '-p', folder], { stdio: 'inherit' })
  for (let i = 0; i < 1_200; i++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
afterAll(async () => {
  nginx.kill('SIGQUIT')
  await once(nginx, 'exit')
  service.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('behind a real nginx', () => {
  it.each([
    ['that comes in goes on', { traceparent: `00-${'a1'.repeat(16)}-${'b'.repeat(16)}-01` }, 'a1'.repeat(16)],
    ['that begins in the service comes out', {}, undefined],
  ])('a trace %s, and its access log belongs to it', async (_, headers: Record<string, string>, expected) => {
    const res = await fetch(`${url}/orders/7`, { headers })
    await res.text()
    const traceId = res.headers.get('x-trace-id') ?? ''
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    if (expected) expect(traceId).toBe(expected)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { entries, verdict } = await fileLogs({ paths: [path.join(folder, 'access.log'), path.join(folder, 'orders.log')] })
      .forTrace(traceId)
      .collect()
    expect(verdict.complete).toBe(true)
    expect(entries.map((entry) => `${entry.service}: ${entry.message}`).toSorted()).toEqual([
      'nginx: GET /orders/7 HTTP/1.1',
      'orders: request completed',
    ])
  })

  it('finds the line of an access log in its usual text, with the ID behind it', async () => {
    const res = await fetch(`${url}/orders/8`)
    await res.text()
    const traceId = res.headers.get('x-trace-id') ?? ''
    const found = () =>
      fileLogs({ paths: [path.join(folder, 'plain.log')] })
        .forTrace(traceId)
        .collect()
    for (let i = 0; i < 3_000 && (await found()).entries.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 20))
    const { entries, verdict } = await found()
    expect(verdict.complete).toBe(true)
    expect(entries.map(({ line }) => line)).toEqual([
      expect.stringMatching(/^127\.0\.0\.1 - - \[.+\] "GET \/orders\/8 HTTP\/1\.1" 200 \d+ /),
    ])
    // The log has whole seconds.
    expect(Math.abs(Number((entries[0]?.timeUnixNano ?? 0n) / 1_000_000n) - Date.now())).toBeLessThan(60_000)
  })

  it('keeps the trace of a request that nginx passes on, when the service trusts it not: its own goes on, with a link', async () => {
    const telemetry = recordTelemetry()
    try {
      const traceparent = `00-${'a2'.repeat(16)}-${'b'.repeat(16)}-01`
      const res = await fetch(`${url}/untrusted`, { headers: { traceparent } })
      await res.text()
      const span = await eventually(() => telemetry.spans().find(({ kind }) => kind === 'server'))
      expect(res.headers.get('x-trace-id')).toBe(span.traceId)
      expect(span.traceId).not.toBe('a2'.repeat(16))
      expect(span.links).toEqual([expect.objectContaining({ traceId: 'a2'.repeat(16), spanId: 'b'.repeat(16) })])
    } finally {
      telemetry.stop()
    }
  })
})
