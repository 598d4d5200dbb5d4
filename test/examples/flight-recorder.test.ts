import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = path.resolve(import.meta.dirname, '../../examples/flight-recorder/main.mjs')

it('the example writes the debug lines of the request that fails and of the one that is marked, and of no other', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program])
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.map(({ level, msg, path: target, status }) => [level, msg, ...(target ? [target, status] : [])])).toEqual([
    [30, 'request completed', '/orders/7', 200],
    [20, 'looking it up'],
    [20, 'looked up'],
    [50, 'request completed', '/orders/8', 500],
    [20, 'looking it up'],
    [20, 'looked up'],
    [30, 'request completed', '/orders/7', 200],
    [30, 'kept lines'],
  ])
  expect(new Set(lines.slice(1, 4).map((line) => line['trace_id'])).size).toBe(1)
  expect(lines.at(-1)).toMatchObject({ written: 2, dropped: 2 })
})
