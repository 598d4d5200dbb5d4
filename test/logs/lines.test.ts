import { mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkBuffers, fileChunks } from '../../src/logs/files/chunks.js'
import { everyLine, findAny } from '../../src/logs/files/find.js'
import { linesWith } from '../../src/logs/files/lines.js'
import { traceForms } from '../../src/logs/needles.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'

/** As a source gives them that reuses its memory. */
async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.alloc(Math.max(...sizes))
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length]!
    const chunk = buffer.subarray(0, bytes.copy(buffer, 0, at, at + size))
    at += size
    yield chunk
    buffer.fill('#')
  }
}

async function textsOf(...args: Parameters<typeof linesWith>): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = []
  for await (const { text } of linesWith(...args)) texts.push(text)
  return texts
}

describe('findAny', () => {
  it('finds what indexOf finds first, for needles and texts of few letters', () => {
    const word = (minLength: number, maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength, maxLength })
    fc.assert(
      fc.property(fc.array(word(2, 6), { minLength: 1, maxLength: 4 }), word(0, 80), fc.nat(10), (needles, text, from) => {
        const bytes = Buffer.from(text)
        const ends = needles.flatMap((needle) => {
          const at = text.indexOf(needle, from)
          return at < 0 ? [] : [at + needle.length - 1]
        })
        expect(findAny(needles)(bytes, from, bytes.length)).toBe(ends.length === 0 ? -1 : Math.min(...ends))
      }),
      { numRuns: 2000 },
    )
  })

  it('finds every form of a trace ID', () => {
    const { needles } = traceForms(TRACE)
    expect(needles).toEqual([TRACE, TRACE.toUpperCase(), '1-0af76519-16cd43dd8448eb211c80319c', String(0x8448eb211c80319cn)])
    for (const needle of needles) expect(findAny(needles)(Buffer.from(`{"a":"${needle}"}`), 0, 60)).toBe(5 + needle.length)
  })
})

describe('linesWith', () => {
  it('cuts lines as split does, however the bytes are cut', async () => {
    const part = fc.constantFrom('a', 'é', '漢', '\n', '\n\n', 'ab', '\u{1F600}')
    await fc.assert(
      fc.asyncProperty(fc.array(part), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), async (parts, sizes) => {
        const text = parts.join('')
        const lines = text.split('\n')
        if (lines.at(-1) === '') lines.pop()
        // An empty line holds nothing that could be looked for.
        const wanted = lines.filter((line) => line !== '')
        expect((await textsOf(inChunks(Buffer.from(text), sizes), everyLine)).filter((line) => line !== '')).toEqual(wanted)
      }),
    )
  })

  it.each([
    ['within the cap', 1000, `before ${TRACE} after`],
    ['over the cap', 60, undefined],
  ])('finds an ID across the edge of two chunks at every offset, in a line %s', async (_, maxBytes, wanted) => {
    const bytes = Buffer.from(`first\nbefore ${TRACE} after\nlast\n`)
    const { needles } = traceForms(TRACE)
    const overlap = Math.max(...needles.map((needle) => needle.length)) - 1
    const padded = wanted === undefined ? Buffer.from(String(bytes).replace('before', 'x'.repeat(70))) : bytes
    for (let edge = 1; edge < padded.length; edge++) {
      const found = await textsOf(inChunks(padded, [edge, padded.length]), findAny(needles), { maxBytes, overlap })
      expect([edge, found]).toEqual([edge, [wanted]])
    }
    for (let size = 1; size < padded.length; size++) {
      const found = await textsOf(inChunks(padded, [size]), findAny(needles), { maxBytes, overlap })
      expect([size, found]).toEqual([size, [wanted]])
    }
  })
})

describe('fileChunks', () => {
  it('a file that becomes shorter while it is read is refused as malformed', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
    try {
      const file = path.join(folder, 'a.log')
      writeFileSync(file, Buffer.alloc(8 << 20, 'x'))
      const chunks = fileChunks(openSync(file, 'r'), file, chunkBuffers())
      expect((await chunks.next()).value).toHaveLength(1 << 20)
      truncateSync(file, 10)
      await expect(
        (async () => {
          for await (const _ of chunks);
        })(),
      ).rejects.toMatchObject({ code: 'FILE_MALFORMED' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
