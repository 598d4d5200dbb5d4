import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('the example loki-transport sends what an ended process could not, before the lines of the next', async () => {
  const program = path.resolve(import.meta.dirname, '../../examples/loki-transport/main.mjs')
  const env = { ...process.env }
  delete env['LOKI_URL']
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env })
  expect(stdout).toBe(`while Loki was down: { lines: 1, sent: 0, dropped: 0, waits: true }
{ service_name: 'orders' } [ 'level', 'trace_id', 'span_id' ] order placed
{ service_name: 'orders' } [ 'level', 'trace_id', 'span_id' ] order shipped
when it was back: { lines: 1, sent: 2, dropped: 0, waits: false }
`)
})
