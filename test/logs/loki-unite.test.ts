import { describe, expect, it } from 'vitest'
import type { LokiLine } from '../../src/logs/loki/answers.js'
import type { Batch } from '../../src/logs/loki/gather.js'
import { unite } from '../../src/logs/loki/unite.js'

const lineAt = (at: number, line: string): LokiLine => ({ timeUnixNano: BigInt(at), line, labels: { app: 'shop' }, metadata: {} })

/** Batches as `[to, [at, text], …]`; an error ends them. */
async function* form(...batches: ([number, ...[number, string][]] | Error)[]): AsyncGenerator<Batch> {
  for (const batch of batches) {
    await Promise.resolve()
    if (batch instanceof Error) throw batch
    const [to, ...lines] = batch
    yield { to: BigInt(to), lines: lines.map(([at, text]) => lineAt(at, text)) }
  }
}

async function texts(forms: AsyncGenerator<Batch>[]): Promise<{ lines: string[]; error?: unknown }> {
  const lines: string[] = []
  try {
    for await (const portion of unite(forms)) lines.push(...portion.map(({ line }) => line))
  } catch (error) {
    return { lines, error }
  }
  return { lines }
}

describe('the forms of a question', () => {
  it.for<[string, () => AsyncGenerator<Batch>[], string[]]>([
    [
      'come in time order, however their batches lie',
      () => [form([5, [1, 'a'], [4, 'd']], [9, [6, 'f']]), form([9, [2, 'b'], [3, 'c'], [7, 'g']])],
      ['a', 'b', 'c', 'd', 'f', 'g'],
    ],
    ['give a line once that both find', () => [form([9, [3, 'x']]), form([9, [3, 'x']])], ['x']],
    [
      'give a line once that stands on the edge of a batch',
      () => [form([5, [1, 'a']], [9, [5, 'x']]), form([9, [5, 'x'], [6, 'y']])],
      ['a', 'x', 'y'],
    ],
    ['keep two lines of one instant in order across an edge', () => [form([5], [9, [5, 'a']]), form([9, [5, 'b']])], ['a', 'b']],
    ['may be empty', () => [form([9]), form()], []],
  ])('%s', async ([, forms, lines]) => {
    expect(await texts(forms())).toEqual({ lines })
  })

  it('may come in batches of more lines than a call takes arguments', async () => {
    const many = Array.from({ length: 200_000 }, (_, n): [number, string] => [n, 'x'])
    expect((await texts([form([200_000, ...many])])).lines).toHaveLength(200_000)
  })

  it('a failed one does not keep the others from their end, and its error comes last', async () => {
    const error = new Error('down')
    expect(await texts([form([5, [1, 'a']], error), form([5, [2, 'b']], [9, [7, 'g']])])).toEqual({ lines: ['a', 'b', 'g'], error })
  })
})
