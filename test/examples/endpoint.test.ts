import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fromJson } from 'spanlog/logs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../support/port.js'

const root = path.resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-endpoint-'))
const audit = path.join(folder, 'audit.jsonl')
const logs = path.join(folder, 'large.log')
const [small, large] = ['5cb3632fdfccf8ffc8faae9707ff0821', 'a'.repeat(32)]
const many = 50_000
let server: ChildProcess
let port: number
/** What the program has logged, and who waits for more. */
const logged: Record<string, unknown>[] = []
let woken: () => void = () => {}

beforeAll(async () => {
  const lines = Array.from({ length: many }, (_, i) =>
    JSON.stringify({ time: 1_795_233_600_000 + i, trace_id: large, msg: 'x'.repeat(200) }),
  )
  writeFileSync(logs, `${lines.join('\n')}\n`)
  port = await freePort()
  const env = { ...process.env, PORT: String(port), LOGS: `docs/example:${logs}`, AUDIT: audit }
  server = spawn(process.execPath, ['examples/endpoint/main.mjs'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface(server.stdout!).on('line', (text) => {
    logged.push(JSON.parse(text))
    woken()
  })
  await line((entry) => entry['msg'] === 'listening')
})
afterAll(() => {
  server.kill()
  rmSync(folder, { recursive: true })
})

async function line(fits: (entry: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  for (;;) {
    const found = logged.find(fits)
    if (found !== undefined) return found
    await new Promise<void>((resolve) => {
      woken = resolve
    })
  }
}

function ask(target: string, headers = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: target, headers }, resolve).on('error', reject)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of response.setEncoding('utf8')) text += piece
  return text
}

it('the endpoint gives the lines of a trace as NDJSON, and the verdict behind them', async () => {
  const response = await ask(`/traces/${small}/logs`, { 'x-forwarded-user': 'ada' })
  expect(JSON.parse(readFileSync(audit, 'utf8'))).toMatchObject({ who: 'ada', asked: 'lines', how: 'trace', traceId: small })
  expect(response.headers['content-type']).toBe('application/x-ndjson')
  const rows = (await textOf(response)).trimEnd().split('\n')
  const { verdict } = JSON.parse(rows.pop() ?? '')
  expect(rows.map((row) => fromJson(JSON.parse(row)).traceId)).toEqual(Array.from({ length: 9 }, () => small))
  expect(verdict).toMatchObject({ complete: true, entries: 9 })
})

it('the endpoint refuses what is no trace ID with 400, and says why', async () => {
  const response = await ask('/traces/nonsense/logs')
  expect(response.statusCode).toBe(400)
  expect(JSON.parse(await textOf(response)).error).toContain('INVALID_TRACE_ID')
})

it('the endpoint reads no further than the client does, and stops when it has gone', async () => {
  const response = await ask(`/traces/${large}/logs`)
  await new Promise((resolve) => response.once('readable', resolve))
  response.read()
  // Nobody reads on. Another request is served meanwhile, from the same files: there was time to read ahead.
  await textOf(await ask(`/traces/${small}/logs`))
  response.destroy()
  const { complete, entries, reasons } = await line((entry) => entry['traceId'] === large)
  expect({ complete, reasons }).toEqual({ complete: false, reasons: ['STOPPED_EARLY'] })
  expect(entries).toBeLessThan(many / 2)
})
