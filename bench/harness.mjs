import { fork } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * A scenario file's default export.
 *
 * @typedef {object} Scenario
 * @property {string} scenario
 * @property {string} unit
 * @property {number} batch - how many operations one measured batch holds
 * @property {number} [warmUps] - batches before those that count
 * @property {number} [batches] - those that count, a round
 * @property {Record<string, () => Promise<(operations: number) => void> | ((operations: number) => number | void | Promise<number>)>} contenders - each sets
 *   itself up in a process of its own and returns what is measured; what measures itself returns its figure, in the scenario's unit
 * @property {{ contender: string, against: string, atMost?: number }[]} ratios - which medians are compared, and what is aimed at
 */

const usual = { warmUps: 5, batches: 15 }

/**
 * Sets a contender up, in this process.
 *
 * @returns what measures one batch, in nanoseconds an operation. It is the processor's time that is measured, not the clock's, so that
 *   a machine that does other work at the same time disturbs less.
 */
async function prepare(scenario, name) {
  const run = await scenario.contenders[name]()
  return async () => {
    const before = process.cpuUsage()
    const figure = await run(scenario.batch)
    if (typeof figure === 'number') return figure
    // What the operations left to the event loop is their work as well.
    await setImmediate()
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / scenario.batch
  }
}

/** What runs in a contender's own process: a batch whenever the parent asks for one; without a parent all, and the median printed. */
export async function measure(scenario, name) {
  const batch = await prepare(scenario, name)
  if (process.send !== undefined) {
    process.on('message', () => void batch().then((time) => process.send(time)))
    process.send('ready')
    return
  }
  const times = []
  const { warmUps, batches } = { ...usual, ...scenario }
  for (let i = 0; i < warmUps + batches; i++) times.push(await batch())
  process.stdout.write(`${median(times.slice(warmUps))}\n`)
}

/**
 * Runs the contenders at once, each in a process of its own, and lets them work in turn, batch by batch, so that what else the machine
 * does hits all of them alike; in each round anew, since two processes of the same program are not equally fast. What is compared
 * is the medians of a round; of all rounds the median is given.
 */
export async function compare(scenario, rounds, onRound = () => {}) {
  const medians = []
  for (let round = 0; round < rounds; round++) {
    medians.push(await runRound(scenario))
    onRound(round + 1)
  }
  const contenders = Object.keys(scenario.contenders).map((name) => [
    name,
    spread(
      medians.map((round) => round[name]),
      0,
    ),
  ])
  const ratios = scenario.ratios.map(({ contender, against, atMost }) => {
    const {
      median: ratio,
      min,
      max,
    } = spread(
      medians.map((round) => round[contender] / round[against]),
      3,
    )
    return { contender, against, ratio, min, max, ...(atMost !== undefined && { atMost }) }
  })
  return { scenario: scenario.scenario, unit: scenario.unit, contenders: Object.fromEntries(contenders), ratios }
}

async function runRound(scenario) {
  const names = Object.keys(scenario.contenders)
  const contenders = await Promise.all(names.map((name) => start(scenario.scenario, name)))
  const times = names.map(() => [])
  const { warmUps, batches } = { ...usual, ...scenario }
  for (let i = 0; i < warmUps + batches; i++) {
    for (const [at, contender] of contenders.entries()) {
      const time = await contender.batch()
      if (i >= warmUps) times[at].push(time)
    }
  }
  for (const contender of contenders) contender.stop()
  return Object.fromEntries(names.map((name, at) => [name, median(times[at])]))
}

async function start(scenario, name) {
  const program = fileURLToPath(new URL('run.mjs', import.meta.url))
  const child = fork(program, [scenario, '--contender', name], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const answer = () =>
    new Promise((resolve, reject) => {
      const failed = (status) => reject(new Error(`${scenario}, ${name}: ended with ${status}`))
      child.once('exit', failed)
      child.once('message', (message) => {
        child.off('exit', failed)
        resolve(message)
      })
    })
  await answer()
  return {
    batch() {
      child.send('batch')
      return answer()
    },
    stop: () => child.disconnect(),
  }
}

function spread(numbers, digits) {
  const rounded = (number) => Number(number.toFixed(digits))
  return { median: rounded(median(numbers)), min: rounded(Math.min(...numbers)), max: rounded(Math.max(...numbers)) }
}

/** Both tables of a result, in Markdown. */
export function tables({ unit, contenders, ratios }) {
  const rows = Object.entries(contenders).map(([name, times]) => `| ${name} | ${times.median} | ${times.min} | ${times.max} |`)
  const compared = ratios.map(({ contender, against, ratio, min, max, atMost }) => {
    return `| ${contender} | ${against} | ${ratio.toFixed(2)} | ${min.toFixed(2)} | ${max.toFixed(2)} | ${atMost?.toFixed(2) ?? ''} |`
  })
  return [
    `| contender | median (${unit}) | min | max |`,
    '| --- | ---: | ---: | ---: |',
    ...rows,
    '',
    '| contender | against | ratio | min | max | aim, at most |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...compared,
    '',
  ].join('\n')
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
