import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { LokiTransport, type LokiWinstonOptions, lokiStream } from 'spanlog/loki'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import winston from 'winston'
import { startLokiDouble } from '../../support/loki-double/server.js'
import { standInFront } from './in-front.js'
import { endAll, ended, endings, held, numbered, spoolFolder, TRACE, until } from './shipping.js'

afterEach(endAll)
const { format } = winston

async function scene(options: Partial<LokiWinstonOptions> = {}) {
  const loki = await startLokiDouble()
  endings.push(() => loki.close())
  const all = { url: loki.url, service: 'orders', spool: spoolFolder(), batchAgeMs: 5, minBackoffMs: 2, maxBackoffMs: 20, ...options }
  return { loki, options: all, lines: () => held(loki.url, 'orders') }
}

async function logged(options: Partial<LokiWinstonOptions>, write: (log: winston.Logger) => void, ofLogger?: winston.Logform.Format) {
  const { options: all, lines } = await scene(options)
  const transport = new LokiTransport(all)
  const log = winston.createLogger({ transports: [transport], ...(ofLogger !== undefined && { format: ofLogger }) })
  write(log)
  await new Promise((resolve) => log.once('finish', resolve).end())
  return lines()
}

describe('LokiTransport', () => {
  it('is a transport of winston, by its type', () => {
    expectTypeOf<LokiTransport>().toExtend<winston.transport>()
  })

  it.each<[string, Partial<LokiWinstonOptions>, string[]]>([
    ["the logger's level", {}, ['a', 'b']],
    ['its own level', { level: 'error' }, ['b']],
    ['silence', { silent: true }, []],
  ])('heeds %s', async (_, options, expected) => {
    const lines = await logged(options, (log) => {
      log.info('a')
      log.debug('never')
      log.error('b')
    })
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(expected)
  })

  it.each<[string, winston.Logform.Format | undefined, winston.Logform.Format | undefined, string]>([
    ["the logger's", format.printf(({ message }) => `text: ${String(message)}`), undefined, 'text: a'],
    ['its own', undefined, format.printf(({ message }) => `own: ${String(message)}`), 'own: a'],
    ["its own behind the logger's", format.combine(format.label({ label: 'l' }), format.json()), format.simple(), 'info: a {"label":"l"}'],
  ])('sends the text of a format: %s', async (_, ofLogger, own, expected) => {
    const lines = await logged({ ...(own !== undefined && { format: own }) }, (log) => log.info('a'), ofLogger)
    expect(lines).toEqual([expected])
  })

  it('sends nothing that a format filters out, and goes on where a format throws', async () => {
    const odd = format((info) => {
      if (info.message === 'throw') throw new Error('from a format')
      return info.message === 'drop' ? false : info
    })
    const lines = await logged({ format: format.combine(odd(), format.json()) }, (log) => {
      for (const message of ['throw', 'drop', 'keep']) log.info(message)
    })
    expect(lines).toEqual(['{"level":"info","message":"keep"}'])
  })

  it('reads metadata from the line as written, so that what a format hides stays hidden', async () => {
    const { loki, options } = await scene({ metadata: ['card', 'n'] })
    const hide = format((info) => ({ ...info, card: undefined }))
    const log = winston.createLogger({ format: format.combine(hide(), format.json()), transports: [new LokiTransport(options)] })
    log.info('paid', { card: '4111', n: 1, trace_id: TRACE })
    await new Promise((resolve) => log.once('finish', resolve).end())
    const answer = await fetch(`${loki.url}/loki/api/v1/query_range?query={service_name="orders"}`)
    const text = await answer.text()
    expect(text).not.toContain('4111')
    expect(text).toContain(`"trace_id":"${TRACE}"`)
    expect(text).toContain('"n":"1"')
  })

  it('takes exceptions where it handles them', async () => {
    const lines = await logged({ handleExceptions: true }, (log) => {
      log.write({ level: 'error', [Symbol.for('level')]: 'error', message: 'broke', exception: true })
    })
    expect(lines).toHaveLength(1)
    expect(
      await logged({}, (log) => void log.write({ level: 'error', [Symbol.for('level')]: 'error', message: 'broke', exception: true })),
    ).toEqual([])
  })

  it('emits logged for each line that it took, and sends what waits when it is taken from its logger', async () => {
    const { options, lines } = await scene({ batchAgeMs: 60_000 })
    const transport = new LokiTransport(options)
    endings.push(() => ended(transport))
    const seen: unknown[] = []
    transport.on('logged', (info) => seen.push(info.message))
    const log = winston.createLogger({ transports: [transport] })
    log.child({ of: 'child' }).info('a')
    log.info('b')
    log.remove(transport)
    await until(() => transport.stats().sent === 2)
    expect(seen).toEqual(['a', 'b'])
    expect(await lines()).toEqual(['{"level":"info","message":"a","of":"child"}', '{"level":"info","message":"b"}'])
  })

  it('may be flushed after its end', async () => {
    const { options } = await scene()
    const transport = new LokiTransport(options)
    await new Promise((resolve) => transport.end(resolve))
    await expect(transport.flush()).resolves.toBeUndefined()
  })

  it('listens to the end of the process once, however many there are, until the last is closed', async () => {
    const { options } = await scene({ spool: false })
    const listeners = (): number[] => ['beforeExit', 'exit'].map((name) => process.listenerCount(name))
    const before = listeners()
    const transports = Array.from({ length: 12 }, () => new LokiTransport(options))
    expect(listeners()).toEqual(before.map((count) => count + 1))
    const [last, ...others] = transports as [LokiTransport, ...LokiTransport[]]
    await Promise.all(others.map(ended))
    expect(listeners()).toEqual(before.map((count) => count + 1))
    await ended(last)
    expect(listeners()).toEqual(before)
  })

  it('never pushes back while Loki is down', async () => {
    const { options } = await scene()
    const transport = new LokiTransport({ ...options, url: 'http://127.0.0.1:1', closeTimeoutMs: 0 })
    endings.push(() => ended(transport))
    const log = winston.createLogger({ transports: [transport] })
    for (let i = 0; i < 500; i++) log.info('a')
    expect(transport.stats()).toMatchObject({ lines: 500, dropped: 0 })
    expect([log.writableLength, transport.writableLength]).toEqual([0, 0])
  })
})

describe('both transports', () => {
  it('count what cannot be written, and say where it is missing', async () => {
    const loki = await startLokiDouble()
    endings.push(() => loki.close())
    const spool = spoolFolder()
    const stream = lokiStream({ url: loki.url, service: 'orders', spool, maxBytes: 8192, batchAgeMs: 5 })
    endings.push(() => ended(stream))
    const lines = numbered(200)
    for (const line of lines.slice(0, 3)) stream.write(`${line}\n`)
    await until(() => stream.stats().waitingBytes === 0)
    // A file stands where the folder should be, and no segment can be begun.
    const own = path.join(spool, readdirSync(spool)[0] ?? '')
    rmSync(own, { recursive: true })
    writeFileSync(own, '')
    for (const line of lines.slice(3, 100)) stream.write(`${line}\n`)
    const { dropped } = stream.stats()
    expect(dropped).toBeGreaterThan(50)
    rmSync(own)
    mkdirSync(own)
    for (const line of lines.slice(100)) {
      stream.write(`${line}\n`)
      await until(() => stream.stats().waitingBytes === 0)
    }
    const found = await held(loki.url, 'orders')
    expect(found.filter((line) => line.includes(TRACE))).toEqual([...lines.slice(0, 100 - dropped), ...lines.slice(100)])
    expect(found.filter((line) => line.includes(`${dropped} lines are missing here`))).toHaveLength(1)
  })

  it('pack what they push unless told not to, with tenant and credentials', async () => {
    const loki = await startLokiDouble({ auth: true })
    endings.push(() => loki.close())
    const front = await standInFront(loki.url, (end) => endings.push(end))
    for (const gzip of [true, false]) {
      const basicAuth = { username: 'u', password: 'p' }
      const options = { url: front.url, service: 'orders', spool: false as const, batchAgeMs: 0, gzip, tenant: 'team-a', basicAuth }
      const stream = lokiStream({ ...options, headers: { 'X-Extra': 'yes' } })
      stream.end(`${numbered(1)[0]}\n`)
      await new Promise((resolve) => stream.once('close', resolve))
      expect(stream.stats().sent).toBe(1)
    }
    expect(front.came.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', undefined])
    expect(front.came[0]?.headers).toMatchObject({
      'x-scope-orgid': 'team-a',
      'x-extra': 'yes',
      authorization: `Basic ${btoa('u:p')}`,
      'content-type': 'application/json',
    })
  })

  it('go without structured metadata where Loki takes none', async () => {
    const loki = await startLokiDouble()
    endings.push(() => loki.close())
    const front = await standInFront(loki.url, (end) => endings.push(end))
    const body =
      "stream '{}' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata`"
    front.decide = (sent) => (sent.includes('"trace_id":"') ? { status: 400, body } : 'pass')
    const stream = lokiStream({ url: front.url, service: 'orders', spool: false, batchAgeMs: 0 })
    const lines = numbered(5)
    stream.end(lines.join('\n'))
    await new Promise((resolve) => stream.once('close', resolve))
    expect(await held(loki.url, 'orders')).toEqual(lines)
    expect(stream.stats()).toMatchObject({ sent: 5, refused: 0 })
  })

  it('are not sent again and again where Loki speaks of structured metadata though there is none', async () => {
    const front = await standInFront('http://127.0.0.1:1', (end) => endings.push(end))
    front.decide = () => ({ status: 400, body: 'structured metadata is disallowed' })
    const stream = lokiStream({ url: front.url, service: 'orders', spool: false, batchAgeMs: 0, closeTimeoutMs: 1 })
    endings.push(() => ended(stream))
    stream.write(`${numbered(1)[0]}\n`)
    await until(() => stream.stats().retries > 0)
    expect(stream.stats()).toMatchObject({ requests: 2, retries: 1, problem: expect.stringContaining('disallowed') })
  })

  it('are counted as dropped when they come after the end', async () => {
    const transport = new LokiTransport({ url: 'http://127.0.0.1:1', service: 'orders', spool: false, closeTimeoutMs: 1 })
    await ended(transport)
    for (let i = 0; i < 2; i++) transport.log({ level: 'info', message: 'late' }, () => undefined)
    expect(transport.stats()).toMatchObject({ lines: 2, dropped: 2, waitingBytes: 0 })
  })

  it('count what is lost without a spool when the end comes during an outage', async () => {
    const stream = lokiStream({ url: 'http://127.0.0.1:1', service: 'orders', spool: false, closeTimeoutMs: 100, minBackoffMs: 5 })
    stream.end(numbered(7).join('\n'))
    await new Promise((resolve) => stream.once('close', resolve))
    expect(stream.stats()).toMatchObject({ lines: 7, sent: 0, dropped: 7 })
  })
})
