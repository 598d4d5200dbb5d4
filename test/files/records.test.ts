import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkBuffer } from '../../src/files/chunks.js'
import { findAny } from '../../src/files/find.js'
import { RecordFinder } from '../../src/files/records.js'

const needles = ['wanted', 'sought-after']
const options = { find: findAny(needles), overlap: 11, maxBytes: 3_000_000, joined: true }

type Way = 'in the room before it' | 'copied'

/** What is found where the chunks have the sizes in turn, each in the one buffer that the source would reuse. */
function find(content: string | Buffer, sizes: readonly number[], way: Way, maxBytes = options.maxBytes): (string | undefined)[] {
  const bytes = Buffer.from(content)
  const largest = Math.max(...sizes)
  const chunk = way === 'copied' ? Buffer.alloc(largest) : chunkBuffer(largest)
  const finder = new RecordFinder({ ...options, maxBytes })
  const found = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = bytes.copy(chunk, 0, at, at + sizes[turn % sizes.length]!)
    found.push(...finder.push(chunk.subarray(0, length)))
    chunk.fill('wanted\n')
    at += length
  }
  found.push(...finder.end())
  return found.map(({ text }) => text)
}

const cri = (stream: string, tag: string, text: string): string => `2026-11-21T03:44:00.000000001Z ${stream} ${tag} ${text}\n`
const kinds: ((n: number) => string)[] = [
  (n) => `{"n":${n},"id":"wanted"}\n`,
  (n) => `{"n":${n},"id":"other"}\n`,
  (n) => `text ${n} wanted\n${'    at x (y.js:1:2)\n'.repeat(n % 7)}`,
  (n) => `text ${n}\n    sought-after\n`,
  (n) => cri('stdout', 'P', `${n} wan`) + cri('stderr', 'F', 'noise') + cri('stdout', 'F', 'ted'),
  (n) => cri('stdout', 'P', `${'x'.repeat(9000)} wan`) + cri('stderr', 'F', `${n} wanted`) + cri('stdout', 'F', 'ted'),
  (n) => `${'x'.repeat((n % 5) * 20_000)} wanted\n`,
]
const ways: Way[] = ['in the room before it', 'copied']

describe.each(ways)('records, where what is left over of a chunk is put %s', (way) => {
  it('are the same wherever the chunks end', () => {
    const specs = fc.array(fc.record({ kind: fc.nat(kinds.length - 1), times: fc.integer({ min: 1, max: 30 }) }), {
      minLength: 10,
      maxLength: 30,
    })
    fc.assert(
      fc.property(specs, fc.array(fc.integer({ min: 1000, max: 200_000 }), { minLength: 1, maxLength: 5 }), (parts, sizes) => {
        let n = 0
        const content = parts.map(({ kind, times }) => Array.from({ length: times }, () => kinds[kind]!(n++)).join('')).join('')
        const inOrder = (texts: (string | undefined)[]): string[] => texts.map(String).toSorted()
        expect(inOrder(find(content, sizes, way))).toEqual(inOrder(find(content, [content.length], way)))
      }),
      { numRuns: 10 },
    )
  })

  it('are what joining all lines would give', () => {
    const line = fc.constantFrom('wanted', 'other', '  wanted', '  at x', '{"a":"wanted"}', '{"a":1}', '}', '', 'x sought-after')
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lines, sizes) => {
        const content = lines.join('\n')
        expect(find(content, sizes, way)).toEqual(joined(content))
      }),
      { numRuns: 1500 },
    )
  })

  it('of lines that are longer than many chunks are whole, and none where the line is over the cap', () => {
    const content = `first wanted\n${'x'.repeat(300_000)} wanted\n${'y'.repeat(300_000)}\nlast wanted`
    const long = `${'x'.repeat(300_000)} wanted`
    for (const sizes of [[1000], [70_000], [299_990, 50], [1_000_000]]) {
      expect(find(content, sizes, way)).toEqual(['first wanted', long, 'last wanted'])
      expect(find(content, sizes, way, 200_000)).toEqual(['first wanted', undefined, 'last wanted'])
    }
  })
})

/** The plain way, for lines that nothing wraps. */
function joined(content: string): string[] {
  const records: string[] = []
  for (const line of content.split('\n')) {
    const isRest = /^[ \t]+(?!["{ \t]|$)/.test(line) || /^[}\])]+$/.test(line)
    const before = records.at(-1)
    if (isRest && before !== undefined && before !== '' && !/^\{.*\}$/.test(before)) records[records.length - 1] = `${before}\n${line}`
    else records.push(line)
  }
  return records.filter((record) => needles.some((needle) => record.includes(needle)))
}
