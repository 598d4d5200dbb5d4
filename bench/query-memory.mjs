import { sizes, sourceOf, traceId, windowOf } from './query-lines.mjs'

// What Node would collect only later is no need of a query: all of them have the same small heap, which what is kept would soon fill.
process.execArgv.push('--max-old-space-size=64', '--max-semi-space-size=2')

/** The peak of a process that reads the whole trace and keeps nothing of it. */
function peak(size) {
  return () => async () => {
    let lines = 0
    for await (const { line } of sourceOf(size).forTrace(traceId, windowOf())) lines += line === '' ? 0 : 1
    if (lines !== size) throw new Error(`${lines} of ${size} lines`)
    return process.resourceUsage().maxRSS / 1024
  }
}

const names = sizes.map((size) => `spanlog, ${size.toLocaleString('en')} lines`)

export default {
  scenario: 'query-memory',
  unit: 'MB',
  batch: 1,
  warmUps: 0,
  batches: 1,
  contenders: Object.fromEntries(sizes.map((size, i) => [names[i], peak(size)])),
  ratios: names.slice(2).map((contender) => ({ contender, against: names[1], atMost: 1.2 })),
}
