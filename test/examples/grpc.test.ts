import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

describe('the example', () => {
  it('grpc has both sides of each call in one trace, with a span of its own for each call', async () => {
    const example = path.resolve(import.meta.dirname, '../../examples/grpc/main.mjs')
    const { stdout } = await promisify(execFile)(process.execPath, [example])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
    expect(lines.map(({ msg }) => msg)).toEqual(['order found', 'order shown', 'order placed', 'order placed', 'no list'])
    expect(new Set(lines.map((line) => line['trace_id'])).size).toBe(1)
    const [found, shown, first, second, refused] = lines.map((line) => line['span_id'])
    expect([first === second, shown === refused, new Set([found, shown, first]).size]).toEqual([true, true, 3])
  })
})
