// `npm run test:fuzz`: hostile input for everything that reads what comes from outside, in one process, a minute in all.
//   -- --seconds 3600         longer
//   -- --only lines --seed 1  one target; what a failure printed, to see it again
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { targets } from './targets.mjs'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, only: { type: 'string' }, seed: { type: 'string' } },
})
const names = Object.keys(targets).filter((name) => values.only === undefined || name === values.only)
if (names.length === 0) throw new Error(`--only: expected one of ${Object.keys(targets).join(', ')}, received ${values.only}`)
const seconds = Number(values.seconds)
if (!(seconds > 0)) throw new Error(`--seconds: expected a number above 0, received ${values.seconds}`)

for (const name of names) {
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
  const result = await fc.check(targets[name], {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: (seconds * 1000) / names.length,
    markInterruptAsFailure: false,
  })
  console.log(`${name}: ${result.numRuns} inputs, seed ${seed}${result.failed ? ', FAILED' : ''}`)
  if (!result.failed) continue
  process.exitCode = 1
  console.log(fc.defaultReportMessage(result).slice(0, 4000))
  console.log(result.errorInstance)
}
