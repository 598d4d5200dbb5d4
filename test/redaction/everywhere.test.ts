import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spanlog } from '../cli/spanlog.js'

const base = mkdtempSync(path.join(tmpdir(), 'spanlog-everywhere-'))
afterAll(() => rmSync(base, { recursive: true }))

/** All that came out of the service, by where. */
async function outputsOf(redact: 'redact' | 'plain'): Promise<Record<string, string>> {
  const folder = mkdtempSync(path.join(base, 'run-'))
  const received: Record<string, string> = {}
  const server = createServer((req, res) => void take(req, res)).listen(0, '127.0.0.1')
  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await buffer(req)
    const name = req.url?.includes('loki') ? 'Loki' : req.url?.includes('v2') ? 'Zipkin' : 'OTLP'
    received[name] = (received[name] ?? '') + String(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
    res.writeHead(name === 'Loki' ? 204 : 200).end()
  }
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const program = path.join(import.meta.dirname, 'service.mjs')
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, folder, url, redact])
  server.close()
  const file = (name: string): string => readFileSync(path.join(folder, name), 'utf8')
  const traceId = /"trace_id":"([\da-f]{32})"/.exec(file('pino.log'))?.[1] ?? ''
  const sources = ['pino.log', 'winston.log', 'spans.jsonl']
  const read = async (...args: string[]): Promise<string> => (await spanlog([...args, ...sources], { cwd: folder })).stdout
  const [terminal, json] = await Promise.all([read('trace', traceId, '--attributes'), read('trace', traceId, '--json')])
  await spanlog(['view', traceId, ...sources, '--out', 'page.html'], { cwd: folder })
  return {
    ...received,
    'standard output': stdout,
    'the console exporter': stderr,
    'the file exporter': file('spans.jsonl'),
    "pino's file": file('pino.log'),
    "winston's file": file('winston.log'),
    'log records': file('records.jsonl'),
    'the terminal': terminal,
    JSON: json,
    'the page': dataOf(file('page.html')),
  }
}

/** What the page shows is packed in it. */
function dataOf(page: string): string {
  const [, packed = ''] = /id="spanlog-data">([^<]*)</.exec(page) ?? []
  return page.slice(0, 1_000) + gunzipSync(Buffer.from(packed, 'base64')).toString()
}

const secret = /[\w-]+@planted\.example|[\w-]+%40planted\.example|opensesame-[\w-]+/g
const places = ['Loki', 'OTLP', 'Zipkin', 'standard output', 'the console exporter', 'the file exporter', "pino's file", "winston's file"]
places.push('log records', 'the terminal', 'JSON', 'the page')

describe('a service that says its secrets everywhere', () => {
  let plain: Record<string, string>
  let redacted: Record<string, string>
  beforeAll(async () => {
    ;[plain, redacted] = await Promise.all([outputsOf('plain'), outputsOf('redact')])
  })

  it('says each of them, and in each place some, unless told otherwise', () => {
    const said = new Set(Object.values(plain).flatMap((text) => text.match(secret) ?? []))
    expect([...said].map((one) => one.replace(/@.*|%40.*|opensesame-/g, '')).toSorted()).toEqual(
      expect.arrayContaining(
        ['attribute', 'baggage', 'binding', 'context', 'error', 'error-cause', 'event', 'event-attribute', 'exception', 'field'].concat(
          ['header', 'kept', 'kept-message', 'link', 'message', 'name', 'resource', 'splat', 'status', 'winston'],
          ['winston-error', 'winston-field', 'winston-message', 'winston-nested'],
          ['pino', 'winston'].flatMap((logger) => ['auth', 'item', 'args', 'xml'].map((form) => `1-${form}-${logger}`)),
          ['1-attribute-args', '1-event-header', '1-pino-header', '1-winston-header'],
        ),
      ),
    )
    expect(Object.keys(plain).toSorted()).toEqual(places.toSorted())
    expect(Object.entries(plain).filter(([, text]) => text.match(secret) === null)).toEqual([])
  })

  it.each(places)('says none in %s under `redact`, and all else', (place) => {
    expect(redacted[place]?.match(secret)).toBeNull()
    expect(redacted[place]).toContain('REDACTED')
    expect(redacted[place]).toContain('charge')
  })
})
