import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everyLine, findAny } from '../../src/files/find.js'
import { linesWith } from '../../src/files/lines.js'

interface FoundLine {
  text?: string
}

const needles = ['abcd', 'wxyz']

/** Cuts the content at every size in turn, each chunk in the one buffer that the source would reuse. */
async function* chunksOf(content: Buffer, sizes: number[]): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.alloc(Math.max(...sizes))
  for (let from = 0, turn = 0; from < content.length; turn++) {
    const size = content.copy(buffer, 0, from, from + sizes[turn % sizes.length]!)
    yield buffer.subarray(0, size)
    from += size
    buffer.fill('abcd')
  }
}

async function linesOf(...args: Parameters<typeof linesWith>): Promise<FoundLine[]> {
  const found: FoundLine[] = []
  for await (const { text } of linesWith(...args)) found.push(text === undefined ? {} : { text })
  return found
}

async function find(content: string, sizes: number[], maxBytes: number): Promise<FoundLine[]> {
  return linesOf(chunksOf(Buffer.from(content), sizes), findAny(needles), { maxBytes, overlap: 3 })
}

/** The plain way. */
function expected(content: string, maxBytes: number): FoundLine[] {
  return content
    .split('\n')
    .filter((line) => needles.some((needle) => line.includes(needle)))
    .map((line) => (Buffer.byteLength(line) > maxBytes ? {} : { text: line.replace(/\r$/, '') }))
}

describe('the lines that hold a needle', () => {
  it('are those that splitting the text would give, wherever the chunks end and whichever lines are too long', async () => {
    const piece = fc.constantFrom('abcd', 'ab', 'cd', 'wxyz', 'x', 'é', '🚀', '\r', '\n', '\n', ' ')
    const content = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 4, max: 40 }),
        async (text, sizes, maxBytes) => {
          expect(await find(text, sizes, maxBytes)).toEqual(expected(text, maxBytes))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('are found one after the other where every line is one', async () => {
    const found = await find('{"id":"wxyz"}\n'.repeat(50_000), [65_536], 100)
    expect(found).toHaveLength(50_000)
    expect(new Set(found.map(({ text }) => text))).toEqual(new Set(['{"id":"wxyz"}']))
  })

  it.each([
    ['within the cap', 1000, 'short', true],
    ['over the cap', 60, 'x'.repeat(70), false],
  ])('are found where a chunk ends at any of their bytes, %s', async (_, maxBytes, pad, whole) => {
    const line = `${pad} wxyz ${pad}`
    const content = Buffer.from(`first\n${line}\nlast\n`)
    for (let edge = 1; edge < content.length; edge++) {
      for (const sizes of [[edge, content.length], [edge]]) {
        const found = await linesOf(chunksOf(content, sizes), findAny(needles), { maxBytes, overlap: 3 })
        expect([sizes, found]).toEqual([sizes, [whole ? { text: line } : {}]])
      }
    }
  })
})

it('every line is taken as split cuts them, wherever the chunks end', async () => {
  const piece = fc.constantFrom('a', 'é', '漢', '\n', '\n\n', 'ab', '\u{1F600}')
  await fc.assert(
    fc.asyncProperty(fc.array(piece), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), async (pieces, sizes) => {
      const text = pieces.join('')
      const texts = (await linesOf(chunksOf(Buffer.from(text), sizes), everyLine)).map((line) => line.text)
      // An empty line holds nothing that could be looked for.
      expect(texts.filter((line) => line !== '')).toEqual(text.split('\n').filter((line) => line !== ''))
    }),
  )
})
