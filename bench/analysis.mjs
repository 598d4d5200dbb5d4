import {
  assessQuality,
  checkBudgets,
  compareTraces,
  criticalPath,
  findErrors,
  findPatterns,
  latencies,
  selfTimes,
  serviceMap,
} from 'spanlog/analysis'

const batch = 100_000
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

/** As many traces as make up the operations: an operation is a span. */
function over(spans, analyse) {
  const trace = traceOf(spans)
  return (operations) => {
    for (let done = 0; done < operations; done += spans) analyse(trace)
  }
}

const sizes = [1000, 10_000, 100_000]
const grouped = (n) => n.toLocaleString('en')
const growing = { criticalPath, selfTimes, findErrors }
const others = {
  assessQuality,
  findPatterns,
  checkBudgets: (trace) =>
    checkBudgets(trace, { operations: [{ kind: 'server', p95Ms: 1, callsPerTrace: 9 }], traces: { criticalPathMs: 1 } }),
  latencies: (trace) => latencies(trace, { spans: 'all' }),
  serviceMap,
  compareTraces: (trace) => compareTraces(trace, trace),
}
const atSize = (name, analyse) => (n) => [`${name}, ${grouped(n)} spans`, () => over(n, analyse)]

export default {
  scenario: 'analysis',
  unit: 'ns/span',
  batch,
  contenders: Object.fromEntries([
    ...Object.entries(growing).flatMap(([name, analyse]) => sizes.map(atSize(name, analyse))),
    ...Object.entries(others).map(([name, analyse]) => atSize(name, analyse)(100_000)),
  ]),
  // A hundred times the spans: what n log n allows, and what a larger heap costs beside.
  ratios: Object.keys(growing).map((name) => ({ contender: `${name}, 100,000 spans`, against: `${name}, 1,000 spans`, atMost: 4 })),
}
