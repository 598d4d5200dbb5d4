// How the cost of each analysis grows with the trace: CPU time a span, at 1,000 to 1,000,000 spans.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  assessQuality,
  baselineOf,
  bottlenecks,
  checkBudgets,
  compareTraces,
  correctClockSkew,
  criticalPath,
  findAnomalies,
  findErrors,
  findPatterns,
  latencies,
  selfTimes,
  serviceMap,
} from 'spanlog/analysis'

const traceId = '5b8efff798038103d269b633813fc60c'
const id = (i) => (i + 1).toString(16).padStart(16, '0')

/** A request that fans out by eight at each level, alternating calls and answers of twenty services; one span in fifty fails. */
function traceOf(spans) {
  const begin = 1_800_000_000_000_000_000n
  const times = [[0, spans * 1000]]
  return {
    traceId,
    spans: Array.from({ length: spans }, (_, i) => {
      const parent = i === 0 ? undefined : Math.floor((i - 1) / 8)
      if (parent !== undefined) {
        const [from, until] = times[parent]
        const slot = Math.floor((until - from) / 10)
        const start = from + slot * (((i - 1) % 8) + 1)
        times.push([start, start + Math.floor(slot * (i % 3 === 0 ? 1.5 : 0.9))])
      }
      const [start, end] = times[i]
      const server = i % 2 === 0
      return {
        traceId,
        spanId: id(i),
        ...(parent !== undefined && { parentSpanId: id(parent) }),
        name: server ? `GET /${i % 7}` : `call ${i % 5}`,
        service: `service-${i % 20}`,
        kind: server ? 'server' : 'client',
        startUnixNano: begin + BigInt(start),
        endUnixNano: begin + BigInt(end),
        status: { code: i % 50 === 49 ? 'error' : 'unset' },
        attributes: server
          ? { 'http.route': `/${i % 7}` }
          : { 'server.address': 'peer', 'http.request.method': 'GET', 'url.full': `https://peer/${i}` },
        resource: {},
        events: [],
        links: [],
      }
    }),
  }
}

const budgets = {
  operations: [{ kind: 'server', p95Ms: 1, errorShare: 0.01, callsPerTrace: 9 }],
  traces: { criticalPathMs: 1, spans: 9, errorShare: 0.1, qualityScore: 0.9 },
  regression: {},
}
const analyses = {
  criticalPath,
  selfTimes,
  bottlenecks,
  findErrors,
  findPatterns,
  latencies: (trace) => latencies(trace, { spans: 'all' }),
  serviceMap,
  compareTraces: (trace) => compareTraces(trace, trace),
  findAnomalies: (trace) => findAnomalies(trace, trace),
  assessQuality,
  checkBudgets: (trace) => checkBudgets(trace, budgets, { baseline: baselineOf(trace) }),
  correctClockSkew,
}

const sizes = [1000, 10_000, 100_000, 1_000_000]
/** Of so many spans in all a figure is the best: what other work on the machine adds is left out. */
const spansEach = 200_000

/** Nanoseconds of CPU time a span, garbage collection included. */
function cost(name, size) {
  const trace = traceOf(size)
  const atOnce = Math.max(1, 10_000 / size)
  let best = Number.POSITIVE_INFINITY
  for (let done = 0; done < spansEach; done += size * atOnce) {
    const before = process.cpuUsage()
    for (let i = 0; i < atOnce; i++) analyses[name](trace)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, ((user + system) * 1000) / size / atOnce)
  }
  return best
}

const run = promisify(execFile)
const [, file, name, size] = process.argv
const isChild = file === fileURLToPath(import.meta.url)

if (isChild) process.stdout.write(JSON.stringify(cost(name, Number(size))))

export default {
  /** Each figure from a process of its own, one after another. */
  async report(rounds) {
    const rows = []
    for (const analysis of Object.keys(analyses)) {
      const costs = []
      for (const spans of sizes) {
        const times = []
        // A million spans run once: the point is that they run at all.
        for (let round = 0; round < (spans === sizes.at(-1) ? 1 : rounds); round++) {
          const args = ['--max-old-space-size=8192', fileURLToPath(import.meta.url), analysis, String(spans)]
          times.push(Number((await run(process.execPath, args)).stdout))
        }
        costs.push(Math.min(...times))
      }
      process.stderr.write(`${analysis}: ${costs.map(Math.round).join(' ')}\n`)
      const growth = (costs[2] / costs[0]).toFixed(1)
      const seconds = ((costs[3] * sizes[3]) / 1e9).toFixed(1)
      rows.push(`| \`${analysis}\` | ${costs.slice(0, 3).map(perSecond).join(' | ')} | ${growth} | ${seconds} s |`)
    }
    return [
      `| | ${sizes
        .slice(0, 3)
        .map((spans) => `${spans.toLocaleString('en')} spans`)
        .join(' | ')} | 100,000 against 1,000 | a million spans |`,
      '| --- | ---: | ---: | ---: | ---: | ---: |',
      ...rows,
      '',
    ].join('\n')
  },
}

/** Spans a second of one core, as thousands. */
function perSecond(nanoseconds) {
  return `${Math.round(1e6 / nanoseconds).toLocaleString('en')} k/s`
}
