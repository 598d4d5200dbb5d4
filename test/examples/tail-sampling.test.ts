import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = path.resolve(import.meta.dirname, '../../examples/tail-sampling/main.mjs')

it('the example exports the request that failed and the slow one, and the debug line of the one that failed', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program])
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: number; msg: string; orderId?: string; keptTraces?: number; droppedTraces?: number })
  expect(lines.filter(({ level }) => level === 20).map(({ orderId }) => orderId)).toEqual(['missing'])
  const { keptTraces = 0, droppedTraces = 0 } = lines.at(-1) ?? {}
  expect(keptTraces + droppedTraces).toBe(52)
  // By chance one of the fifty may be among them.
  expect(keptTraces).toBeGreaterThanOrEqual(2)
  expect(keptTraces).toBeLessThan(8)
  const spans = stderr.split('\n').filter((line) => / span /.test(line))
  expect(spans).toHaveLength(keptTraces * 2)
  expect(spans.filter((line) => / error /.test(line)).length).toBeGreaterThanOrEqual(1)
})
