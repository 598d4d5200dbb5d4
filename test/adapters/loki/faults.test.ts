import fs, { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../../../adapters/loki/entry.js'
import { ownedName } from '../../../adapters/loki/owner.js'
import { Refusals } from '../../../adapters/loki/refusals.js'
import type { LokiTransportOptions } from '../../../adapters/loki/settings.js'
import { Spool } from '../../../adapters/loki/spool.js'
import { lokiStream } from '../../../adapters/loki/target.js'
import { startLokiDouble } from '../../support/loki-double/server.js'
import { endAll, ended, endings, held, numbered, spoolFolder, until } from './shipping.js'

/** What the disk does: files end at `longest` bytes, as on a full one; `refuses` names calls that fail. */
const disk = vi.hoisted(() => ({ longest: Number.POSITIVE_INFINITY, refuses: '' }))

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const fault = (code: string) => Object.assign(new Error(`${code}: as on a bad day`), { code })
  const writeSync = (fd: number, bytes: Buffer, from: number, length: number, at: number): number => {
    if (disk.refuses === 'cursor' && at === 0) throw fault('EIO')
    const fits = Math.min(length, disk.longest - at)
    if (fits <= 0) throw fault('ENOSPC')
    return real.writeSync(fd, bytes, from, fits, at)
  }
  const remove = (...args: Parameters<typeof real.rmSync>): void => {
    if (disk.refuses === 'removal' && String(args[0]).endsWith('.spool1')) throw fault('EROFS')
    real.rmSync(...args)
  }
  return { ...real, writeSync, rmSync: remove }
})

let folder: string
beforeEach(() => {
  Object.assign(disk, { longest: Number.POSITIVE_INFINITY, refuses: '' })
  folder = spoolFolder()
})
afterEach(async () => {
  Object.assign(disk, { longest: Number.POSITIVE_INFINITY, refuses: '' })
  vi.restoreAllMocks()
  await endAll()
})

const entry = (line: string): Entry => ({ labels: '{"service_name":"x"}', value: JSON.stringify(['0', line, {}]) })
const open = (maxBytes = 1_000_000): Spool => {
  const spool = new Spool({ folder, maxBytes, fsync: false })
  endings.push(() => spool.close())
  return spool
}
function drain(spool: Spool): string[] {
  const lines: string[] = []
  for (let some = spool.peek(1000); some.length > 0; some = spool.peek(1000)) {
    lines.push(...some.map(({ value }) => (JSON.parse(value) as [string, string])[1]))
    spool.advance(some.length)
  }
  return lines
}
/** The folders in the spool, as a process leaves them that is killed at this moment. */
function killed(): void {
  for (const [i, name] of readdirSync(folder).entries()) {
    cpSync(path.join(folder, name), path.join(folder, `left-00000000000${i}`), { recursive: true })
  }
}

describe('a spool', () => {
  it('on a disk that is full in the middle of a record keeps what was written before, and nothing else', () => {
    const lengths = fc.array(fc.nat(300), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 8, max: 3000 }), (all, longest) => {
        disk.longest = longest
        const spool = open()
        const kept: string[] = []
        for (const [n, length] of all.entries()) {
          const line = `${n}:${'x'.repeat(length)}`
          try {
            if (spool.append([entry(line)]) === 1) kept.push(line)
          } catch (error) {
            expect(error).toMatchObject({ code: 'ENOSPC' })
          }
        }
        killed()
        const next = open()
        expect([drain(spool), drain(next), next.damaged]).toEqual([kept, kept, 0])
      }),
      { numRuns: 25 },
    )
  })

  it('on a disk that is full of what was sent already goes on', () => {
    disk.longest = 2000
    const spool = open()
    expect(() => Array.from({ length: 50 }, () => spool.append([entry('a line of some length')]))).toThrow('ENOSPC')
    const before = drain(spool).length
    for (let i = 0; i < before; i++) spool.append([entry('b')])
    expect(drain(spool)).toHaveLength(before)
  })

  it('that cannot note how far it is sent, or remove what was, still sends all of it once', () => {
    const spool = open(8192)
    const lines = Array.from({ length: 60 }, (_, n) => `${n}:${'x'.repeat(60)}`)
    for (const line of lines) spool.append([entry(line)])
    disk.refuses = 'cursor'
    expect(drain(spool).length).toBeGreaterThan(0)
    disk.refuses = 'removal'
    spool.append([entry('more')])
    expect(drain(spool)).toEqual(['more'])
    expect(() => spool.close()).not.toThrow()
  })

  it('that was sent whole by a process that was then killed takes no room of the next one, and no file', () => {
    const first = open()
    first.append([entry('a')])
    drain(first)
    killed()
    const next = open()
    expect([next.room, drain(next)]).toEqual([1_000_000, []])
    expect(readdirSync(folder).flatMap((name) => readdirSync(path.join(folder, name)))).toHaveLength(1)
  })

  it('keeps files apart that two processes, or transports, began in the same millisecond', () => {
    vi.spyOn(Date, 'now').mockReturnValue(1795256020280)
    for (const line of ['a', 'b']) open().append([entry(line)])
    killed()
    const next = open()
    // Of the two that live, and both that were left.
    expect(readdirSync(folder).flatMap((name) => readdirSync(path.join(folder, name)))).toHaveLength(4)
    expect(drain(next).toSorted()).toEqual(['a', 'b'])
  })

  it('takes what else was left where one folder cannot be read', () => {
    const first = open()
    first.append([entry('a')])
    killed()
    mkdirSync(path.join(folder, 'left-0', 'no-file.spool1'), { recursive: true })
    expect(drain(open())).toEqual(['a'])
  })

  it('leaves files of another version to it, and says nothing', () => {
    const first = open()
    first.append([entry('a')])
    killed()
    writeFileSync(path.join(folder, 'left-000000000000', '1-x-000000000.spool2'), 'of tomorrow')
    const warned = vi.spyOn(process, 'emitWarning')
    const next = open()
    const left = readdirSync(folder).filter((name) => name.startsWith('left-'))
    warned.mockClear()
    next.adopt()
    expect(drain(next)).toEqual(['a'])
    expect(readdirSync(folder).filter((name) => name.startsWith('left-'))).toEqual(left)
    expect(readdirSync(path.join(folder, left[0] ?? ''))).toEqual(['1-x-000000000.spool2'])
    expect(warned).not.toHaveBeenCalled()
  })

  it('takes nobody for dead whose clock was set, or whose machine has slept, before it could show itself', () => {
    const spool = open()
    const [mine = ''] = readdirSync(folder)
    const alive = path.join(folder, ownedName().replace(/^\w{12}/, '000000000000'))
    mkdirSync(alive)
    const anHourAgo = Date.now() / 1000 - 3600
    for (const one of [path.join(folder, mine), alive]) utimesSync(one, anHourAgo, anHourAgo)
    spool.adopt()
    expect(readdirSync(folder)).toContain(path.basename(alive))
    spool.adopt()
    expect(readdirSync(folder)).toEqual([mine])
  })

  it('of which somebody removed the folder has one again when it is looked after, and what comes is on disk', () => {
    const spool = open()
    spool.append([entry('a')])
    for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true })
    spool.adopt()
    spool.append([entry('b')])
    killed()
    expect([drain(spool), drain(open())]).toEqual([['a', 'b'], ['b']])
  })

  it('torn by a power cut gives back the records before it: with zeros at its end, half a record, a lost head', () => {
    const first = open()
    for (const line of ['a', 'b', 'c']) first.append([entry(line)])
    killed()
    const torn = path.join(folder, 'left-000000000000')
    const file = path.join(torn, readdirSync(torn)[0] ?? '')
    const whole = readFileSync(file)
    const expected: [() => void, string[], number][] = [
      [() => writeFileSync(file, Buffer.concat([whole, Buffer.alloc(4096)])), ['a', 'b', 'c'], 1],
      [() => writeFileSync(file, whole.subarray(0, -3)), ['a', 'b'], 1],
      [() => writeFileSync(file, whole.fill(0, 0, 8)), ['a', 'b', 'c'], 0],
    ]
    for (const [tear, lines, damaged] of expected) {
      mkdirSync(torn, { recursive: true })
      tear()
      const next = open()
      expect([drain(next), next.damaged]).toEqual([lines, damaged])
    }
  })
})

describe('what Loki refused', () => {
  const at = (time: bigint, line = 'a'): Entry => ({ labels: '{"service_name":"x"}', value: JSON.stringify([String(time), line, {}]) })
  const tooOld =
    "entry with timestamp 2026-01-01 00:00:00 +0000 UTC ignored, reason: 'entry too far behind, oldest acceptable timestamp is: 2026-01-02T00:00:00Z'"
  const before = BigInt(Date.parse('2026-01-01')) * 1_000_000n

  it.each<[what: string, refused: Entry, why: string, taken: Entry]>([
    ['too old', at(before), tooOld, at(before + 86_400_000_000_000n)],
    ['too long', at(0n, 'x'.repeat(11)), "max entry size '10' bytes exceeded", at(0n, 'x'.repeat(10))],
  ])('is not asked for again for a minute, then it is: %s', (_what, refused, why, taken) => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000)
    const refusals = new Refusals()
    expect(refusals.covers(refused)).toBe(false)
    refusals.learn(refused, why)
    clock.mockReturnValue(60_999)
    expect([refusals.covers(refused), refusals.covers(taken)]).toEqual([true, false])
    clock.mockReturnValue(61_000)
    expect(refusals.covers(refused)).toBe(false)
    refusals.learn(refused, why)
    expect(refusals.covers(refused)).toBe(true)
  })
})

describe('a transport', () => {
  async function scene(options: Partial<LokiTransportOptions> = {}) {
    const loki = await startLokiDouble()
    endings.push(() => loki.close())
    const stream = lokiStream({ url: loki.url, service: 'orders', spool: folder, batchAgeMs: 5, ...options })
    endings.push(() => ended(stream))
    return { stream, url: loki.url }
  }

  it('whose disk is full counts each line that it drops, says so, and goes on when there is room', async () => {
    const { stream, url } = await scene()
    disk.longest = 3000
    const lines = numbered(120)
    for (const line of lines.slice(0, 100)) stream.write(`${line}\n`)
    await until(() => stream.stats().waitingBytes === 0)
    const { dropped } = stream.stats()
    expect(dropped).toBeGreaterThan(50)
    for (const line of lines.slice(100)) {
      stream.write(`${line}\n`)
      await until(() => stream.stats().waitingBytes === 0)
    }
    const found = await held(url, 'orders')
    const ours = found.filter((line) => line.includes('"name":"spanlog"'))
    expect(ours.at(-1)).toContain(`${dropped} lines are missing here, since `)
    expect(found.filter((line) => !ours.includes(line))).toEqual([...lines.slice(0, 100 - dropped), ...lines.slice(100)])
    expect(stream.stats()).toMatchObject({ lines: 120 + ours.length, sent: 120 + ours.length - dropped, dropped })
  })

  it('whose clock is set back sends as if it was not', async () => {
    const { stream } = await scene()
    stream.write(`${numbered(1)[0]}\n`)
    const { now } = Date
    vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000)
    expect(await until(() => stream.stats().sent === 1 && stream.stats())).toMatchObject({ sent: 1, waitingBytes: 0 })
  })

  it('sends what is logged while the process ends, also what comes after it was about to', async () => {
    const { stream, url } = await scene({ spool: false, batchAgeMs: 60_000 })
    const beforeExit = process.listeners('beforeExit').at(-1)
    const lines = numbered(5)
    for (const [n, line] of lines.entries()) {
      stream.write(`${line}\n`)
      beforeExit?.(0)
      // As where somebody logs at each end: it comes to one.
      if (n < 2) await until(() => stream.stats().sent === n + 1)
    }
    expect(stream.stats()).toMatchObject({ sent: 2, dropped: 0 })
    await new Promise((resolve) => stream.end(resolve))
    expect(await held(url, 'orders')).toEqual(lines)
  })

  it('ends without an error where the disk has become read-only', async () => {
    const { stream, url } = await scene()
    stream.write(`${numbered(1)[0]}\n`)
    await until(() => stream.stats().sent === 1)
    disk.refuses = 'removal'
    const errors: unknown[] = []
    stream.on('error', (error) => errors.push(error))
    await new Promise((resolve) => stream.once('close', resolve).end())
    expect([errors, await held(url, 'orders')]).toMatchObject([[], { length: 1 }])
  })

  it('that cannot be made leaves no folder behind', () => {
    vi.stubEnv('http_proxy', 'http://[no')
    expect(() => lokiStream({ url: 'http://127.0.0.1:1', service: 'orders', spool: folder })).toThrow(/^INVALID_URL/)
    vi.unstubAllEnvs()
    expect(readdirSync(folder)).toEqual([])
  })

  it('drops a line that is longer than all that may wait, and counts it, without holding it', async () => {
    const loki = await startLokiDouble()
    endings.push(() => loki.close())
    const stream = lokiStream({ url: loki.url, service: 'orders', spool: folder, batchAgeMs: 5, maxBytes: 65_536 })
    for (let i = 0; i < 30; i++) stream.write('x'.repeat(10_000))
    const [line = ''] = numbered(1)
    stream.write(`\n${line}\n`)
    await new Promise((resolve) => stream.once('close', resolve).end())
    expect(stream.stats().dropped).toBeGreaterThan(3)
    expect(await held(loki.url, 'orders')).toContain(line)
  })
})
