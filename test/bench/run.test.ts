import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, it } from 'vitest'
import { tables } from '../../bench/harness.mjs'

const program = path.resolve(import.meta.dirname, '../../bench/run.mjs')

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
}

it.each([
  ['without a scenario', []],
  ['with two', ['pino', 'winston']],
  ['with a scenario that does not exist', ['no-such-scenario']],
  ['with a path', ['../bench/pino']],
  ['with no rounds', ['pino', '--rounds', '0']],
])('a benchmark refuses to run %s', (_, args) => {
  const { status, stdout, stderr } = run(...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).not.toBe('')
})

it.each(['spanlog, outside a trace', 'spanlog, in a trace, mirroring'])(
  'the contender "%s" prints its nanoseconds a line and nothing else',
  (contender) => {
    const { status, stdout, stderr } = run('pino', '--contender', contender)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(Number(stdout)).toBeGreaterThan(0)
  },
)

it('a contender that measures itself prints its own figure', () => {
  const { status, stdout, stderr } = run('import', '--contender', 'pino')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  // Of microseconds, where the harness would have told nanoseconds.
  expect(Number(stdout)).toBeGreaterThan(1000)
  expect(Number(stdout)).toBeLessThan(10_000_000)
})

it('a result is drawn as two tables in Markdown', () => {
  const drawn = tables({
    unit: 'ns/line',
    contenders: { plain: { median: 10, min: 9, max: 12 }, ours: { median: 11, min: 10, max: 15 } },
    ratios: [{ contender: 'ours', against: 'plain', ratio: 1.1, min: 1, max: 1.25, atMost: 1.2 }],
  })
  expect(drawn).toBe(`| contender | median (ns/line) | min | max |
| --- | ---: | ---: | ---: |
| plain | 10 | 9 | 12 |
| ours | 11 | 10 | 15 |

| contender | against | ratio | min | max | aim, at most |
| --- | --- | ---: | ---: | ---: | ---: |
| ours | plain | 1.10 | 1.00 | 1.25 | 1.20 |
`)
})
