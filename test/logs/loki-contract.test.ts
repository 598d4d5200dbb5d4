import { describe, expect, it } from 'vitest'
import { describeLogSource } from '../contract/log-source.js'
import { startLokiDouble } from '../support/loki-double/server.js'
import { minutesAgo, mixedLines } from '../support/loki-lines.js'
import { lokiStore } from '../support/loki-store.js'

const real = process.env['LOKI_URL']?.replace(/\/+$/, '')

for (const maxEntries of [5000, 20]) {
  describeLogSource(`lokiLogs over the double with ${maxEntries} entries a page`, async () => {
    const double = await startLokiDouble({ maxEntries })
    return { ...lokiStore(double.url), close: () => double.close() }
  })
}

describeLogSource(
  'lokiLogs over the Loki of LOKI_URL',
  () => Promise.resolve({ ...lokiStore(real ?? ''), close: () => Promise.resolve() }),
  // Fewer, since a real server takes its time for each.
  { when: real !== undefined, runs: 8 },
)

describe.skipIf(real === undefined)('over the Loki of LOKI_URL a trace of many pages is proven whole', () => {
  const traceId = (digit: string): string => digit.repeat(8) + Date.now().toString(16).padStart(24, '0')

  it.for<[string, number, bigint]>([
    ['12,345 lines in 95 seconds', 12_345, 7_654_321n],
    ['6,201 lines in one millisecond', 6201, 150n],
    ['6,201 lines on one nanosecond', 6201, 0n],
  ])('%s', { timeout: 120_000 }, async ([, count, gap]) => {
    const store = lokiStore(real ?? '')
    const id = traceId(gap === 0n ? 'a' : gap === 150n ? 'b' : 'c')
    const at = minutesAgo(15)
    const lines = mixedLines(id, count, at, gap).map(([time, line, metadata = {}], n) => ({
      timeUnixNano: gap === 0n ? at : time,
      line,
      labels: { pod: `p${n % 3}` },
      metadata,
    }))
    await store.push(lines)
    const { entries, verdict } = await store.source.forTrace(id).collect()
    expect(verdict).toMatchObject({ complete: true, entries: count })
    expect(entries.map(({ line }) => line).toSorted()).toEqual(lines.map(({ line }) => line).toSorted())
  })
})
