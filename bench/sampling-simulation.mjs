import { createRequire } from 'node:module'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'

const { adaptiveSampler, probabilitySampler, tailSampling } = createRequire(import.meta.url)('spanlog/tracing')

const services = 1_000
const entries = 50
const traces = 50_000
const tracesPerSecond = 1_000
const policies = ['errors', { slowerThanMs: 1_000 }, { probability: 0.01 }]

/** The same each time: mulberry32. */
function randomOf(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const hex = (random, digits) =>
  Array.from({ length: digits / 2 }, () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0'),
  ).join('')
/** The first are asked far more often than the last, as Zipf has it. */
const zipf = (random, n) => Math.min(n - 1, Math.floor(n ** random()) - 1)

/**
 * A request: an entry service calls others, which call others; each makes three spans more. In 1 % of them a service fails, and half of
 * those above it fail with it; in 1 % one is slow, and so are all above it.
 */
function* requests() {
  const random = randomOf(20_261_121)
  for (let i = 0; i < traces; i++) {
    const parts = [{ service: zipf(random, entries), operation: zipf(random, 20), parent: -1, ms: 5 + random() * 100, error: false }]
    const size = 1 + Math.floor(-6 * Math.log(1 - random()))
    while (parts.length < size) {
      const parent = Math.floor(random() * parts.length)
      parts.push({
        service: entries + zipf(random, services - entries),
        operation: zipf(random, 20),
        parent,
        ms: 1 + random() * 50,
        error: false,
      })
    }
    const pick = () => Math.floor(random() * parts.length)
    const failing = random() < 0.01 ? pick() : -1
    for (let at = failing; at >= 0; at = random() < 0.5 ? parts[at].parent : -1) parts[at].error = true
    const slow = random() < 0.01 ? pick() : -1
    for (let at = slow; at >= 0; at = parts[at].parent) parts[at].ms += 1_500
    yield { traceId: hex(random, 32), parts, failing, isSlow: slow >= 0, atMs: (i / tracesPerSecond) * 1000 }
  }
}

const spansPerPart = 4

/** The first service decides, and all others follow. */
const head = (samplerOf) => () => {
  const clock = { ms: 0 }
  const samplers = Array.from({ length: entries }, () => samplerOf(clock))
  return ({ traceId, parts, atMs }) => {
    clock.ms = atMs
    const [{ service, operation }] = parts
    const { decision } = samplers[service].shouldSample(ROOT_CONTEXT, traceId, `operation ${operation}`, 1, {}, [])
    return parts.map(() => decision === 2)
  }
}

/** Each service decides on its part, when that is over. */
const tail = (propagate) => () => {
  const exporter = { export: (spans, done) => done({ code: 0 }), shutdown: () => Promise.resolve() }
  const tails = Array.from({ length: services }, () => tailSampling({ exporters: [exporter], keep: policies, propagate, graceMs: 0 }))
  return ({ traceId, parts }) => {
    const contexts = []
    const kept = []
    for (const [at, { service, operation, parent, ms, error }] of parts.entries()) {
      const { sampler, processor } = tails[service]
      const parentContext = parent < 0 ? undefined : { ...contexts[parent], isRemote: true }
      const context = parentContext === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parentContext)
      const { decision } = sampler.shouldSample(context, traceId, 'x', 1, {}, [])
      contexts[at] = { traceId, spanId: (at + 1).toString(16).padStart(16, '0'), traceFlags: decision === 2 ? 1 : 0 }
      const span = {
        name: `operation ${operation}`,
        kind: 1,
        attributes: {},
        events: [],
        links: [],
        resource: { attributes: {} },
        spanContext: () => contexts[at],
        parentSpanContext: parentContext,
        status: { code: error ? 2 : 0 },
        duration: [Math.floor(ms / 1000), (ms % 1000) * 1e6],
      }
      const before = tails[service].stats.keptTraces
      processor.onStart(span, context)
      processor.onEnd(span)
      kept[at] = tails[service].stats.keptTraces > before
    }
    return kept
  }
}

const strategies = {
  'probabilitySampler(0.01)': head(() => probabilitySampler(0.01)),
  'probabilitySampler(0.1)': head(() => probabilitySampler(0.1)),
  'adaptiveSampler, 1 trace a second for each entry': head((clock) => adaptiveSampler({ tracesPerSecond: 1, now: () => clock.ms })),
  'tail sampler, errors, slow, 1 %, telling `unsampled`': tail('unsampled'),
  'tail sampler, errors, slow, 1 %, telling `sampled`': tail('sampled'),
}

function simulate(strategy) {
  const decide = strategy()
  const sums = { spans: 0, stored: 0, failed: 0, failure: 0, wholeFailed: 0, slow: 0, slowSeen: 0 }
  const [operations, seen] = [new Set(), new Set()]
  for (const request of requests()) {
    const kept = decide(request)
    const { parts, failing, isSlow } = request
    sums.spans += parts.length * spansPerPart
    sums.stored += kept.filter(Boolean).length * spansPerPart
    for (const [at, { service, operation }] of parts.entries()) {
      operations.add(`${service} ${operation}`)
      if (kept[at]) seen.add(`${service} ${operation}`)
    }
    if (failing >= 0) {
      sums.failed++
      if (kept[failing]) sums.failure++
      if (kept.every(Boolean)) sums.wholeFailed++
    }
    if (isSlow) {
      sums.slow++
      if (kept.some(Boolean)) sums.slowSeen++
    }
  }
  return { ...sums, operations: operations.size, seen: seen.size }
}

const share = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`

/** How much each way of sampling stores of a day's minute, and what it misses. */
export default {
  scenario: 'sampling-simulation',
  report() {
    const rows = Object.entries(strategies).map(([name, strategy]) => {
      const { spans, stored, failed, failure, wholeFailed, slow, slowSeen, operations, seen } = simulate(strategy)
      const cells = [
        share(stored, spans),
        share(failure, failed),
        share(wholeFailed, failed),
        share(slowSeen, slow),
        share(seen, operations),
      ]
      return `| ${[name, ...cells].join(' | ')} |`
    })
    return [
      '| sampling | spans stored | failures: the failing span is stored | failures: the trace is whole | slow traces seen | operations seen |',
      '| --- | ---: | ---: | ---: | ---: | ---: |',
      ...rows,
      '',
    ].join('\n')
  },
}
