import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { Transform } from 'node:stream'
import pino from 'pino'
import { type LokiStats, type LokiTransportOptions, lokiStream } from 'spanlog/loki'
import { afterEach, describe, expect, it } from 'vitest'
import { startLokiDouble } from '../../support/loki-double/server.js'
import { type InFront, standInFront } from './in-front.js'
import { endAll, endings, held, spoolFolder, until } from './shipping.js'

afterEach(endAll)

interface Scene {
  loki: string
  front: InFront
  service: string
  options: LokiTransportOptions
}

async function scene(): Promise<Scene> {
  const double = process.env['LOKI_URL'] === undefined ? await startLokiDouble() : undefined
  endings.push(() => double?.close())
  const loki = double?.url ?? String(process.env['LOKI_URL'])
  const front = await standInFront(loki, (end) => endings.push(end))
  const service = `spanlog-${randomBytes(8).toString('hex')}`
  const options = { url: front.url, service, spool: spoolFolder(), batchAgeMs: 5, minBackoffMs: 2, maxBackoffMs: 20 }
  return { loki, front, service, options }
}

interface Program {
  child: ChildProcess
  /** How many lines it has told of. */
  told: () => number
  stderr: () => string
  /** Its status or the signal that ended it. */
  ended: Promise<unknown>
}

function start(how: string, lines: number, options: LokiTransportOptions): Program {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'program.mjs'), how, String(lines), JSON.stringify(options)])
  endings.push(() => child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([status, signal]) => status ?? signal)
  return { child, told: () => stdout.split('\n').length - 1, stderr: () => stderr, ended }
}

/** The numbers of a process's lines, as Loki holds them. */
async function numbersOf(loki: string, service: string, pid: unknown): Promise<number[]> {
  const lines = (await held(loki, service)).map((line) => JSON.parse(line) as { pid: number; n: number })
  return lines.filter((line) => line.pid === pid).map(({ n }) => n)
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe('a program', () => {
  it.each(['worker', 'worker, required', 'winston'])('(%s) that ends right after its lines loses none', async (how) => {
    const { loki, service, options } = await scene()
    const program = start(how, 300, options)
    expect([await program.ended, program.stderr()]).toEqual([0, ''])
    expect(await numbersOf(loki, service, program.child.pid)).toEqual(upTo(300))
  })

  it('(worker) that ends while Loki is down leaves its lines to the next one', async () => {
    const { loki, front, service, options } = await scene()
    await front.goDown()
    const program = start('worker', 300, options)
    expect([await program.ended, program.stderr()]).toEqual([0, ''])
    await front.comeUp()
    await sendWhatWasLeft(options)
    expect(await numbersOf(loki, service, program.child.pid)).toEqual(upTo(300))
  })

  it.each(['stream', 'winston, on'])('(%s) two of them, killed while they push, have lost and doubled nothing', async (how) => {
    const { loki, front, service, options } = await scene()
    // Some is taken, some is taken without an answer, some never arrives: then both are killed.
    const programs = [start(how, 5, options), start(how, 5, options)]
    front.fates.push('pass', 'pass', 'pass', 'unanswered', 'pass', 'half answered')
    await until(() => front.fates.length === 0)
    front.decide = () => 'hangs'
    const before = front.came.length
    await until(() => front.came.length >= before + 2)
    for (const { child } of programs) child.kill('SIGKILL')
    expect(await Promise.all(programs.map(({ ended }) => ended))).toEqual(['SIGKILL', 'SIGKILL'])
    front.decide = () => 'pass'
    await sendWhatWasLeft(options)
    for (const { child, told } of programs) {
      const numbers = await numbersOf(loki, service, child.pid)
      // The last line may have been written, and its process killed before it told.
      expect(numbers).toEqual(upTo(numbers.length))
      expect([told(), told() + 1]).toContain(numbers.length)
    }
  })
})

async function sendWhatWasLeft(options: LokiTransportOptions): Promise<void> {
  const next = lokiStream(options)
  await until(() => next.stats().waitingBytes === 0)
  await new Promise((resolve) => next.end(resolve))
}

describe('the pino transport target', () => {
  it('works at the end of a pipeline, and tells its counts', async () => {
    const { loki, service, options } = await scene()
    const transport = pino.transport({
      pipeline: [{ target: path.join(import.meta.dirname, 'louder.mjs') }, { target: 'spanlog/loki', options }],
    })
    const told: LokiStats[] = []
    transport.on('stats', (stats: LokiStats) => told.push(stats))
    const log = pino({ base: null, timestamp: false }, transport)
    log.info('one')
    log.info('two')
    // Ending blocks this thread, and so the Loki in it.
    await until(() => told.at(-1)?.sent === 2)
    transport.end()
    await once(transport, 'close')
    expect(await held(loki, service)).toEqual(['{"level":30,"msg":"ONE"}', '{"level":30,"msg":"TWO"}'])
    expect(told.at(-1)).toMatchObject({ lines: 2, sent: 2, waitingBytes: 0 })
  })

  it('has sent what was flushed when pino calls back', async () => {
    const { loki, service, options } = await scene()
    const transport = pino.transport({ target: 'spanlog/loki', options: { ...options, batchAgeMs: 60_000 } })
    const log = pino({ base: null, timestamp: false }, transport)
    log.info('one')
    await new Promise((resolve) => log.flush(resolve))
    expect(await held(loki, service)).toEqual(['{"level":30,"msg":"one"}'])
    transport.end()
    await once(transport, 'close')
  })

  it.each(['alone', 'beside others'])('knows the names of levels from the first line on: %s', async (how) => {
    const { loki, service, options } = await scene()
    const ours = { target: 'spanlog/loki', options: { ...options, levelLabel: true } }
    const others = { target: 'pino/file', options: { destination: '/dev/null' } }
    const transport = pino.transport<object>(how === 'alone' ? ours : { targets: [ours, others] })
    const told = new Promise((resolve) => transport.on('stats', ({ sent }: LokiStats) => sent === 2 && resolve(true)))
    const log = pino({ base: null, customLevels: { audit: 35 } }, transport)
    log.audit('placed')
    log.audit('shipped')
    await told
    expect(await held(loki, `${service}", level="audit`)).toHaveLength(2)
    transport.end()
    await once(transport, 'close')
  })

  it('takes characters that come in two pieces', async () => {
    const { loki, service, options } = await scene()
    const stream = lokiStream(options)
    for (const byte of Buffer.from('für 7 €\nGrüße')) stream.write(Buffer.of(byte))
    await new Promise((resolve) => stream.end(resolve))
    expect(await held(loki, service)).toEqual(['für 7 €', 'Grüße'])
  })

  it('says what is wrong with its options', async () => {
    const transport = pino.transport({ target: 'spanlog/loki', options: { url: 'http://127.0.0.1:1', service: 'x' } })
    const [error] = await once(transport, 'error')
    expect(String(error)).toContain('INVALID_OPTION: Expected `spool`')
  })

  it('takes lines in whatever pieces they come', async () => {
    const { loki, service, options } = await scene()
    const stream = lokiStream(options)
    const pieces = new Transform({ transform: (chunk: Buffer, _, done) => done(null, chunk) })
    pieces.pipe(stream)
    for (const piece of ['on', 'e\ntw', 'o', '\n\nthree\n', 'four']) pieces.write(piece)
    pieces.end()
    await once(stream, 'finish')
    expect(await held(loki, service)).toEqual(['one', 'two', 'three', 'four'])
  })
})
