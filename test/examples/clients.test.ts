import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = (example: string) =>
  promisify(execFile)(process.execPath, [path.resolve(import.meta.dirname, '../../examples', example, 'main.mjs')])

describe('the example', () => {
  it('sql shows each query as a span, and the trace in what the database sees', async () => {
    const { stdout, stderr } = await run('sql')
    expect(stdout).toMatch(
      /^SELECT current_query\(\) AS seen FROM orders WHERE note = 'two lamps' \/\*traceparent='00-[0-9a-f]{32}-[0-9a-f]{16}-03'\*\/\nrelation "customers" does not exist\n$/,
    )
    for (const name of ['CREATE orders', 'INSERT orders', 'SELECT orders', 'SELECT customers', 'place order'])
      expect(stderr).toContain(name)
    expect(stderr).not.toContain('two lamps')
  })

  it('cache shows what made the second request faster', async () => {
    const { stdout } = await run('cache')
    const lines = stdout.trim().split('\n')
    expect(lines).toContain('cache-hit get prices')
    expect(lines).toContain('removed load price')
  })
})
