import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * A scenario file's default export.
 *
 * @typedef {object} Scenario
 * @property {string} scenario
 * @property {string} unit
 * @property {number} batch - how many operations one measured batch holds
 * @property {Record<string, () => Promise<(operations: number) => void> | ((operations: number) => void)>} contenders - each sets itself up
 *   in a process of its own and returns what is measured
 * @property {{ contender: string, against: string, atMost?: number }[]} ratios - which medians are compared, and what is aimed at
 */

const warmUps = 3
const batches = 7

/**
 * What runs in a contender's own process: prints the median of its batches, in nanoseconds an operation. It is the processor's
 * time that is measured, not the clock's, so that a machine that does other work at the same time disturbs less.
 */
export async function measure(scenario, name) {
  const run = await scenario.contenders[name]()
  const times = []
  for (let i = 0; i < warmUps + batches; i++) {
    const start = process.cpuUsage()
    run(scenario.batch)
    const { user, system } = process.cpuUsage(start)
    if (i >= warmUps) times.push(((user + system) * 1000) / scenario.batch)
  }
  process.stdout.write(`${median(times)}\n`)
}

/** Runs the contenders in turn, round after round, so that what else the machine does hits all of them alike. */
export function compare(scenario, rounds, onRound = () => {}) {
  const names = Object.keys(scenario.contenders)
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) times[name].push(measureApart(scenario.scenario, name))
    onRound(round + 1)
  }
  const contenders = Object.fromEntries(
    names.map((name) => [
      name,
      { median: Math.round(median(times[name])), min: Math.round(Math.min(...times[name])), max: Math.round(Math.max(...times[name])) },
    ]),
  )
  const ratios = scenario.ratios.map(({ contender, against, atMost }) => ({
    contender,
    against,
    ratio: Math.round((median(times[contender]) / median(times[against])) * 1000) / 1000,
    ...(atMost !== undefined && { atMost }),
  }))
  return { scenario: scenario.scenario, unit: scenario.unit, contenders, ratios }
}

function measureApart(scenario, name) {
  const program = fileURLToPath(new URL('run.mjs', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, scenario, '--contender', name], { encoding: 'utf8' })
  const nanoseconds = Number(stdout)
  if (status !== 0 || !(nanoseconds > 0)) throw new Error(`${scenario}, ${name}: ended with ${status}\n${stderr}`)
  return nanoseconds
}

/** Both tables of a result, in Markdown. */
export function tables({ unit, contenders, ratios }) {
  const rows = Object.entries(contenders).map(([name, times]) => `| ${name} | ${times.median} | ${times.min} | ${times.max} |`)
  const compared = ratios.map(
    ({ contender, against, ratio, atMost }) => `| ${contender} | ${against} | ${ratio.toFixed(2)} | ${atMost?.toFixed(2) ?? ''} |`,
  )
  return [
    `| contender | median (${unit}) | min | max |`,
    '| --- | ---: | ---: | ---: |',
    ...rows,
    '',
    '| contender | against | ratio | aim, at most |',
    '| --- | --- | ---: | ---: |',
    ...compared,
    '',
  ].join('\n')
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
