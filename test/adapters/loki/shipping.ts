import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Writable } from 'node:stream'
import { lokiLogs } from 'spanlog/logs'
import { type LokiStats, LokiTransport, type LokiTransportOptions, lokiStream } from 'spanlog/loki'
import { afterEach, describe, expect, it } from 'vitest'
import winston from 'winston'
import { type Fate, type InFront, standInFront } from './in-front.js'

/** Ends what a test has begun, the latest first. */
export const endings: (() => unknown)[] = []
export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).toReversed()) await end()
}

export async function ended(stream: Writable): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.destroy().once('close', resolve))
}

export function spoolFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-spool-'))
  endings.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What `read` returns once it is there; a busy machine may need its time to start a program. */
export async function until<T>(read: () => T | false): Promise<T> {
  for (const end = Date.now() + 15_000; ; ) {
    const value = read()
    if (value !== false) return value
    if (Date.now() > end) throw new Error(`still waiting for ${String(read)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const TRACE = '0af7651916cd43dd8448eb211c80319c'

/** Lines as pino writes them, of one millisecond. */
export function numbered(count: number, from = 0, time = Date.now()): string[] {
  return Array.from({ length: count }, (_, i) => JSON.stringify({ level: 30, time, trace_id: TRACE, n: from + i, msg: 'order placed' }))
}

/** What Loki holds of a service, in its order. */
export async function held(loki: string, service: string): Promise<string[]> {
  const { entries } = await lokiLogs({ url: loki, selector: `{service_name="${service}"}` })
    .search({ from: '20d' })
    .collect()
  return entries.map(({ line }) => line)
}

const ours = (line: string): boolean => line.includes('"name":"spanlog"')

/** All that a Loki has to fulfil, real or not: what was spooled is neither lost nor doubled, whatever happens on the way. */
export function itLosesNothing(where: string, start: () => Promise<{ url: string; close(): Promise<void> }>): void {
  describe(`with ${where}`, () => {
    afterEach(endAll)

    interface Scene {
      loki: string
      front: InFront
      service: string
      options: LokiTransportOptions
    }
    async function scene(options: Partial<LokiTransportOptions> = {}): Promise<Scene> {
      const loki = await start()
      endings.push(() => loki.close())
      const front = await standInFront(loki.url, (end) => endings.push(end))
      const service = `spanlog-${randomBytes(8).toString('hex')}`
      const quick = { batchAgeMs: 5, minBackoffMs: 2, maxBackoffMs: 20 }
      return { loki: loki.url, front, service, options: { url: front.url, service, spool: spoolFolder(), ...quick, ...options } }
    }
    function open(options: LokiTransportOptions) {
      const stream = lokiStream(options)
      endings.push(() => ended(stream))
      const write = (lines: readonly string[]) => lines.map((line) => stream.write(`${line}\n`))
      const done = () => until(() => stream.stats().waitingBytes === 0 && stream.stats())
      const end = () => new Promise<LokiStats>((resolve) => stream.end(() => resolve(stream.stats())))
      return { stream, write, done, end }
    }

    const passing: [string, Fate[]][] = [
      ['a connection that breaks before Loki has the batch', ['lost', 'lost']],
      ['a connection that breaks before the answer', ['unanswered', 'pass', 'unanswered']],
      ['a connection that breaks in the middle of the answer', ['half answered', 'half answered']],
      ['a server that does not answer in time, though it took the batch', ['hangs', 'pass', 'hangs']],
      ['429, 500, 502, 503 and 504', [429, 500, 502, 503, 504].map((status) => ({ status, body: 'not now' }))],
      ['401, 403 and 404, which somebody corrects', [401, 403, 404].map((status) => ({ status, body: 'no' }))],
      [
        "a proxy's own 400",
        [
          { status: 400, body: '<html>Bad Request' },
          { status: 400, body: '{"message":"bad request"}' },
        ],
      ],
      ['413, which a smaller batch passes', [{ status: 413, body: 'request body too large' }]],
    ]
    it.each(passing)('lines survive %s, in order and once', async (_, fates) => {
      const { loki, front, service, options } = await scene({ timeoutMs: 250, batchBytes: 4000 })
      front.fates.push(...fates)
      const { write, done } = open(options)
      const lines = numbered(60)
      write(lines)
      expect(await done()).toMatchObject({ lines: 60, sent: 60, refused: 0, dropped: 0, waitingBytes: 0 })
      expect(await held(loki, service)).toEqual(lines)
    })

    it('what was not surely taken is sent again as it was, byte for byte', async () => {
      const { front, options } = await scene()
      front.fates.push('unanswered', { status: 503 }, 'hangs')
      const { write, done } = open({ ...options, timeoutMs: 250 })
      write(numbered(20))
      await until(() => front.came.length >= 2)
      write(numbered(20, 20))
      await done()
      expect(new Set(front.came.slice(0, 4).map(({ body }) => body)).size).toBe(1)
    })

    it('lines survive an outage, in order and once', async () => {
      const { loki, front, service, options } = await scene({ batchBytes: 4000 })
      const { stream, write, done } = open(options)
      const lines = numbered(300)
      write(lines.slice(0, 100))
      await done()
      await front.goDown()
      write(lines.slice(100, 250))
      await until(() => stream.stats().retries >= 3)
      write(lines.slice(250))
      await front.comeUp()
      expect(await done()).toMatchObject({ sent: 300, dropped: 0 })
      expect(await held(loki, service)).toEqual(lines)
    })

    it('without a spool an outage is survived as well, as long as the process lives', async () => {
      const { loki, front, service, options } = await scene({ spool: false })
      await front.goDown()
      const { stream, write, done } = open(options)
      const lines = numbered(100)
      write(lines)
      await until(() => stream.stats().retries >= 3)
      await front.comeUp()
      await done()
      expect(await held(loki, service)).toEqual(lines)
    })

    it('what an ended process could not send, the next one sends, before its own', async () => {
      const { loki, front, service, options } = await scene({ batchBytes: 4000 })
      await front.goDown()
      const first = open(options)
      const lines = [...numbered(100), ...numbered(20, 100, Date.now() + 1)]
      first.write(lines.slice(0, 100))
      expect(await first.end()).toMatchObject({ sent: 0, dropped: 0 })
      await front.comeUp()
      const next = open(options)
      next.write(lines.slice(100))
      expect(await next.done()).toMatchObject({ lines: 20, sent: 120 })
      expect(await held(loki, service)).toEqual(lines)
      await next.end()
      expect(readdirSync(options.spool as string)).toEqual([])
    })

    it('Retry-After is honoured', async () => {
      const { loki, front, service, options } = await scene()
      front.fates.push({ status: 429, headers: { 'retry-after': '1' } })
      const { write, done } = open(options)
      write(numbered(3))
      await done()
      const [first, second] = front.came
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(990)
      expect(await held(loki, service)).toHaveLength(3)
    })

    it('a line that Loki refuses is counted, and those beside it are not lost', async () => {
      const { loki, service, options } = await scene()
      const { write, done } = open(options)
      const lines = numbered(40)
      const long = JSON.stringify({ level: 30, time: Date.now(), msg: 'x'.repeat(300_000) })
      write([...lines.slice(0, 7), long, ...lines.slice(7, 20), long, long, ...lines.slice(20)])
      expect(await done()).toMatchObject({ lines: 43, sent: 40, refused: 3, dropped: 0 })
      expect(await held(loki, service)).toEqual(lines)
    })

    it('a line that is too large for one of the parts of Loki, which it says by a 500, holds up no other', async () => {
      const { loki, front, service, options } = await scene()
      const body = 'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (6000110 vs. 4194304)'
      front.decide = (sent) => (sent.length > 3000 ? { status: 500, body } : 'pass')
      const { write, done } = open(options)
      const lines = numbered(40)
      const long = JSON.stringify({ level: 30, time: Date.now(), msg: 'x'.repeat(3000) })
      write([...lines.slice(0, 7), long, ...lines.slice(7)])
      expect(await done()).toMatchObject({ lines: 41, sent: 40, refused: 1, dropped: 0 })
      expect(await held(loki, service)).toEqual(lines)
    })

    it('many lines that are too old do not each cost a request', async () => {
      const { loki, front, service, options } = await scene()
      const { write, done } = open(options)
      const lines = numbered(10)
      write(lines.slice(0, 5))
      await done()
      write([...numbered(200, 1000, Date.now() - 10 * 86_400_000), ...lines.slice(5)])
      expect(await done()).toMatchObject({ sent: 10, refused: 200 })
      expect(front.came.length).toBeLessThan(30)
      expect(await held(loki, service)).toEqual(lines)
    })

    it('two equal lines of the same time are two lines', async () => {
      const { loki, service, options } = await scene()
      const { write, done } = open(options)
      const [line = ''] = numbered(1)
      const fine = line.replace(/"time":\d+/, `"time":"${new Date().toISOString().slice(0, -1)}456789Z"`)
      write([...Array(50).fill(line), ...Array(50).fill(fine)])
      await done()
      const found = await held(loki, service)
      expect([line, fine].map((one) => found.filter((other) => other === one).length)).toEqual([50, 50])
    })

    it('a full spool drops what is new, counts it, and says where lines are missing', async () => {
      const { loki, front, service, options } = await scene({ maxBytes: 8192 })
      await front.goDown()
      const { stream, write, done } = open(options)
      const lines = numbered(200)
      write(lines)
      const { dropped } = stream.stats()
      expect(dropped).toBeGreaterThan(100)
      await front.comeUp()
      await done()
      const after = numbered(3, 1000)
      write(after)
      expect(await done()).toMatchObject({ lines: 205, sent: 205 - dropped, dropped })
      const found = await held(loki, service)
      expect(found.filter((line) => !ours(line))).toEqual([...lines.slice(0, 200 - dropped), ...after])
      const markers = found.filter(ours).map((line) => JSON.parse(line).msg)
      expect(markers).toEqual([
        'lines are missing from here on: too much waits for Loki already',
        expect.stringMatching(new RegExp(`^${dropped} lines are missing here, since .*: too much waits`)),
      ])
    })

    it('a line is found by its trace, as structured metadata, with its level and chosen fields', async () => {
      const { loki, service, options } = await scene({ metadata: ['orderId'], environment: 'test', labels: { region: 'eu' } })
      const { write, done } = open(options)
      const [line = ''] = numbered(1)
      write([line.replace('"n":0', '"orderId":7')])
      await done()
      const source = lokiLogs({ url: loki, selector: `{service_name="${service}", deployment_environment_name="test", region="eu"}` })
      const { entries } = await source.forTrace(TRACE, { from: '1h' }).collect()
      expect(entries).toMatchObject([{ metadata: { trace_id: TRACE, level: 'info', orderId: '7' } }])
    })

    it('winston: lines of a logger that is ended are in Loki when it has finished', async () => {
      const { loki, front, service, options } = await scene()
      front.fates.push('unanswered')
      const transport = new LokiTransport({ ...options, closeTimeoutMs: 2000, spool: false })
      const log = winston.createLogger({ transports: [transport] })
      const lines = Array.from({ length: 50 }, (_, n) => {
        log.info('placed', { n, trace_id: TRACE })
        return JSON.stringify({ level: 'info', message: 'placed', n, trace_id: TRACE })
      })
      await new Promise((resolve) => log.once('finish', resolve).end())
      expect(await held(loki, service)).toEqual(lines)
      expect(transport.stats()).toMatchObject({ lines: 50, sent: 50, waitingBytes: 0 })
    })
  })
}
