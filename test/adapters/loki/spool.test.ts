import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../../../adapters/loki/entry.js'
import { isAbandoned, ownedName } from '../../../adapters/loki/owner.js'
import { encodeRecords } from '../../../adapters/loki/record.js'
import { Segment } from '../../../adapters/loki/segment.js'
import { Spool } from '../../../adapters/loki/spool.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spanlog-spool-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const entry = (line: string, n = 0): Entry => ({ labels: '{"service_name":"x"}', value: JSON.stringify([`${n}`, line, {}]) })
const anyEntries = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 1, maxLength: 12 }).map((lines) => lines.map(entry))
const headBytes = 8

function readAll(file: string, bytes = 1_000_000): { entries: Entry[]; damaged: number } {
  const segment = new Segment(file, false)
  const entries: Entry[] = []
  for (let some = segment.peek(bytes); some.length > 0; some = segment.peek(bytes)) {
    entries.push(...some)
    segment.advance(some.length)
  }
  segment.close()
  return { entries, damaged: segment.damaged }
}

let files = 0
function written(entries: readonly Entry[]): { file: string; ends: number[] } {
  const file = path.join(folder, `${files++}`)
  const segment = new Segment(file, true)
  const ends = entries.map((one) => {
    segment.append(encodeRecords([one]), false)
    return segment.size
  })
  segment.close()
  return { file, ends }
}

describe('a segment', () => {
  it('gives back what was added, whatever the lines hold and however little is read at once', () => {
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: 1, max: 400 }), (entries, bytes) => {
        expect(readAll(written(entries).file, bytes)).toEqual({ entries, damaged: 0 })
      }),
      { numRuns: 60 },
    )
  })

  it('that is cut at any byte gives back all records before the cut, and nothing else', () => {
    const entries = ['one', 'two \u001e with marks \u001e', 'drei äöü', 'x'.repeat(50)].map(entry)
    const { file, ends } = written(entries)
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length; at++) {
      writeFileSync(file, whole.subarray(0, at))
      const kept = ends.filter((end) => end <= at).length
      const torn = at > headBytes && !ends.includes(at)
      expect({ at, ...readAll(file) }).toEqual({ at, entries: entries.slice(0, kept), damaged: torn ? expect.any(Number) : 0 })
    }
  })

  it('of which any byte was changed loses the record of that byte alone', () => {
    const entries = ['one', 'two \u001e with marks \u001e', 'drei äöü', 'x'.repeat(50)].map(entry)
    const { file, ends } = written(entries)
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x80, 0xff, (whole[at] ?? 0) ^ 0x1e]) {
        if (flip === 0) continue
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] ?? 0) ^ flip
        writeFileSync(file, changed)
        const hit = at < headBytes ? undefined : ends.findIndex((end) => at < end)
        expect({ at, flip, entries: readAll(file).entries }).toEqual({ at, flip, entries: entries.filter((_, i) => i !== hit) })
      }
    }
  })

  it('that is changed in many places still gives back records that were written, in order, however little is read at once', () => {
    const places = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(anyEntries, places, fc.integer({ min: 1, max: 60 }), fc.boolean(), (entries, changes, bytes, isCut) => {
        const { file } = written(entries)
        const changed = readFileSync(file)
        for (const [at, value] of changes) changed[at % changed.length] = value
        writeFileSync(file, isCut ? changed.subarray(0, (changes[0]?.[0] ?? 0) % changed.length) : changed)
        const found = readAll(file, bytes).entries.map((one) => entries.findIndex((other) => other.value === one.value))
        expect(found).not.toContain(-1)
        expect(found).toEqual(found.toSorted((a, b) => a - b))
      }),
      { numRuns: 150 },
    )
  })

  it('whose file is cut while it is open ends there', () => {
    const { file, ends } = written(['a', 'b', 'c'].map((line) => entry(line)))
    const segment = new Segment(file, false)
    truncateSync(file, ends[1])
    expect(segment.peek(10)).toHaveLength(1)
    segment.advance(1)
    expect(segment.peek(1000)).toHaveLength(1)
    segment.advance(1)
    expect([segment.peek(1000), segment.waitingBytes]).toEqual([[], 0])
    segment.close()
  })

  it('goes on where it was sent up to', () => {
    const entries = ['a', 'b', 'c', 'd'].map(entry)
    const { file } = written(entries)
    const segment = new Segment(file, false)
    expect(segment.peek(1_000)).toEqual(entries)
    segment.advance(3)
    segment.close()
    expect(readAll(file)).toEqual({ entries: entries.slice(3), damaged: 0 })
  })
})

describe('the spool', () => {
  const settings = () => ({ folder, maxBytes: 1_000_000, fsync: false })
  function drain(spool: Spool): string[] {
    const lines: string[] = []
    for (let some = spool.peek(500); some.length > 0; some = spool.peek(500)) {
      lines.push(...some.map(({ value }) => JSON.parse(value)[1] as string))
      spool.advance(some.length)
    }
    return lines
  }

  it('keeps the order over many segments, never more than its cap, and leaves no file behind', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 60 }),
        fc.integer({ min: 4096, max: 16_384 }),
        (lengths, maxBytes) => {
          const spool = new Spool({ folder, maxBytes, fsync: false })
          const kept: string[] = []
          for (const [n, length] of lengths.entries()) {
            const line = `${n}:${'x'.repeat(length)}`
            if (spool.append([entry(line)]) === 1) kept.push(line)
            expect(spool.room).toBeGreaterThanOrEqual(-2 * headBytes)
          }
          expect(drain(spool)).toEqual(kept)
          expect(spool.waitingBytes).toBe(0)
          spool.close()
          expect(readdirSync(folder)).toEqual([])
        },
      ),
      { numRuns: 40 },
    )
  })

  it('that was closed with lines in it leaves them to the next one, which has them first', () => {
    const first = new Spool(settings())
    first.append([entry('a'), entry('b')])
    first.close()
    const next = new Spool(settings())
    next.append([entry('c')])
    expect(drain(next)).toEqual(['a', 'b', 'c'])
  })

  it('of a process that lives is left alone, also by another in the same process', () => {
    const first = new Spool(settings())
    first.append([entry('a')])
    const second = new Spool(settings())
    expect(drain(second)).toEqual([])
    expect(drain(first)).toEqual(['a'])
  })

  it('of a process that is no more is taken by one, and by one only', () => {
    const first = new Spool(settings())
    first.append([entry('a')])
    const [mine = ''] = readdirSync(folder)
    const dead = mine.replace(`-${process.pid}-`, '-4194999-')
    mkdirSync(path.join(folder, dead))
    writeFileSync(
      path.join(folder, dead, '1-1-1.spool1'),
      readFileSync(path.join(folder, mine, readdirSync(path.join(folder, mine))[0] ?? '')),
    )
    const others = [new Spool(settings()), new Spool(settings())]
    expect(others.map(drain)).toEqual([['a'], []])
  })

  it.each([
    ['this process', (own: string) => own, 0, false],
    ['no process any more', (own: string) => own.replace(`-${process.pid}-`, '-4194999-'), 0, true],
    ['an earlier process of the same number', (own: string) => own.replace(/-\d+-(\w+)$/, '-1-$1'), 0, process.platform === 'linux'],
    ['another machine, seen lately', (own: string) => own.replace(/^\w{12}/, '000000000000'), 30_000, false],
    ['another machine, not seen for minutes', (own: string) => own.replace(/^\w{12}/, '000000000000'), 120_000, true],
    ['nobody: it was left', () => 'left-0123456789ab', 0, true],
    ['somebody else', () => 'lost+found', 1e9, false],
  ])('knows whether a folder is abandoned: of %s', (_, name, agoMs, abandoned) => {
    expect(isAbandoned(name(ownedName()), Date.now() - agoMs)).toBe(abandoned)
  })

  it('shows that it is alive', () => {
    const spool = new Spool(settings())
    const [mine = ''] = readdirSync(folder)
    utimesSync(path.join(folder, mine), 1, 1)
    spool.adopt()
    expect(Date.now() - statSync(path.join(folder, mine)).mtimeMs).toBeLessThan(60_000)
  })

  it('refuses a folder that cannot be made', () => {
    writeFileSync(path.join(folder, 'file'), '')
    expect(() => new Spool({ ...settings(), folder: path.join(folder, 'file') })).toThrow(/^SPOOL_UNUSABLE/)
  })

  it('survives that somebody removes its folder', () => {
    const spool = new Spool({ ...settings(), maxBytes: 8192 })
    spool.append([entry('a')])
    rmSync(path.join(folder, readdirSync(folder)[0] ?? ''), { recursive: true })
    for (let i = 0; i < 30; i++) spool.append([entry('x'.repeat(60))])
    expect(drain(spool)).toHaveLength(31)
  })
})
