import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// Built: a thread is given a file of JavaScript.
import { findAny } from '../../dist/src/files/find.js'
import { RecordFinder } from '../../dist/src/files/records.js'
import { Scanner } from '../../dist/src/files/scan.js'

const needles = ['wanted', 'sought-after']
const options = { find: findAny(needles), overlap: 11, maxBytes: 3_000_000, joined: true }

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function scan(content: string, sizes: { threadedBytes: number; rangeBytes: number }) {
  const file = path.join(folder, 'a.log')
  writeFileSync(file, content)
  const scanner = new Scanner(options, needles, sizes)
  const fd = openSync(file, 'r')
  const records = []
  let bytes = 0
  try {
    for await (const scanned of scanner.scan(fd, statSync(file).size)) {
      records.push(...scanned.records)
      bytes += scanned.bytes
    }
  } finally {
    await scanner.close()
    closeSync(fd)
  }
  return { records, bytes }
}

const cri = (stream: string, tag: string, text: string): string => `2026-11-21T03:44:00.000000001Z ${stream} ${tag} ${text}\n`
const kinds: ((n: number) => string)[] = [
  (n) => `{"n":${n},"id":"wanted"}\n`,
  (n) => `{"n":${n},"id":"other"}\n`,
  (n) => `text ${n} wanted\n${'    at x (y.js:1:2)\n'.repeat(n % 7)}`,
  (n) => `text ${n}\n    sought-after\n`,
  (n) => cri('stdout', 'P', `${n} wan`) + cri('stderr', 'F', 'noise') + cri('stdout', 'F', 'ted'),
  (n) => cri('stdout', 'P', `${'x'.repeat(9000)} wan`) + cri('stderr', 'F', `${n} wanted`) + cri('stdout', 'F', 'ted'),
  (n) => `${'x'.repeat((n % 5) * 4000)} wanted\n`,
]

describe('a scan', () => {
  it('finds the same records in threads as without, wherever the ranges are cut', async () => {
    const lines = fc.array(fc.record({ kind: fc.nat(kinds.length - 1), times: fc.integer({ min: 1, max: 60 }) }), {
      minLength: 20,
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 30_000, max: 300_000 }), async (specs, rangeBytes) => {
        let n = 0
        const content = specs.map(({ kind, times }) => Array.from({ length: times }, () => kinds[kind]!(n++)).join('')).join('')
        const plain = await scan(content, { threadedBytes: Number.MAX_SAFE_INTEGER, rangeBytes })
        const threaded = await scan(content, { threadedBytes: 1, rangeBytes })
        const byPlace = (a: { at: number }, b: { at: number }): number => a.at - b.at
        expect(threaded.records.toSorted(byPlace)).toEqual(plain.records.toSorted(byPlace))
        expect(threaded.bytes).toBe(Buffer.byteLength(content))
      }),
      { numRuns: 8, endOnFailure: true },
    )
  })

  it('is bounded where every line is found: answers wait until they are taken', async () => {
    const line = `{"id":"wanted","pad":"${'x'.repeat(200)}"}\n`
    const { records } = await scan(line.repeat(100_000), { threadedBytes: 1, rangeBytes: 1 << 20 })
    expect(records).toHaveLength(100_000)
    expect(new Set(records.map(({ text }) => text))).toEqual(new Set([line.trimEnd()]))
  })

  it('may be left early', async () => {
    const file = path.join(folder, 'b.log')
    writeFileSync(file, '{"id":"wanted"}\n'.repeat(500_000))
    const scanner = new Scanner(options, needles, { threadedBytes: 1, rangeBytes: 1 << 20 })
    const fd = openSync(file, 'r')
    for await (const { records } of scanner.scan(fd, statSync(file).size)) {
      expect(records.length).toBeGreaterThan(0)
      break
    }
    closeSync(fd)
  })
})

describe('records', () => {
  /** The plain way, for lines that nothing wraps. */
  function expected(content: string): string[] {
    const records: string[] = []
    for (const line of content.split('\n')) {
      const isRest = /^[ \t]+(?!["{ \t]|$)/.test(line) || /^[}\])]+$/.test(line)
      const before = records.at(-1)
      if (isRest && before !== undefined && before !== '' && !/^\{.*\}$/.test(before)) records[records.length - 1] = `${before}\n${line}`
      else records.push(line)
    }
    return records.filter((record) => needles.some((needle) => record.includes(needle)))
  }

  it('are what joining all lines would give, wherever the chunks end', () => {
    const line = fc.constantFrom('wanted', 'other', '  wanted', '  at x', '{"a":"wanted"}', '{"a":1}', '}', '', 'x sought-after')
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lines, sizes) => {
        const content = lines.join('\n')
        const finder = new RecordFinder({ ...options, chunkBytes: 16 })
        const found = []
        for (let at = 0, turn = 0; at < content.length; turn++) {
          const size = sizes[turn % sizes.length]!
          found.push(...finder.push(Buffer.from(content.slice(at, at + size))))
          at += size
        }
        found.push(...finder.end())
        expect(found.map(({ text }) => text)).toEqual(expected(content))
        expect(found.map(({ at, text = '' }) => content.slice(at, at + text.length))).toEqual(found.map(({ text }) => text))
      }),
      { numRuns: 3000 },
    )
  })
})
