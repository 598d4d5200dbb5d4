import { randomBytes } from 'node:crypto'
import type { LogSearch } from 'spanlog/logs'
import { describe, expect, it } from 'vitest'
import { describeLogSource, type LogStoreUnderTest, type PushedLine } from '../contract/log-source.js'
import { startLokiDouble } from '../support/loki-double/server.js'
import { minutesAgo, mixedPushes } from '../support/loki-lines.js'
import { loki } from '../support/loki-session.js'
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
  () => Promise.resolve({ ...lokiStore(real ?? '', '2h'), close: () => Promise.resolve() }),
  // Fewer, since a real server takes its time for each.
  { when: real !== undefined, runs: 8, timeoutMs: 120_000 },
)

const second = 1_000_000_000n
const start = minutesAgo(15)
const traceId = (): string => randomBytes(16).toString('hex')
/** Ten thousand on one nanosecond, and so on: the shapes in which other clients lose lines. */
const shapes: [string, (id: string) => PushedLine[]][] = [
  ['12,345 lines in mixed encodings, in 95 seconds', (id) => mixed(id, 12_345, 7_654_321n)],
  ['6,201 lines in mixed encodings, in one millisecond', (id) => mixed(id, 6201, 150n)],
  [
    '6,201 lines on one nanosecond, over three streams',
    (id) => mixed(id, 6201, 0n).map(({ line, labels = {}, metadata = {} }) => ({ timeUnixNano: start, line, labels, metadata })),
  ],
  [
    '10,000 lines on one nanosecond, in one stream',
    (id) => Array.from({ length: 10_000 }, (_, n) => ({ timeUnixNano: start, line: `trace_id=${id} n=${n}` })),
  ],
  [
    'lines of two days',
    (id) =>
      Array.from({ length: 500 }, (_, n) => ({
        timeUnixNano: start - 172_000n * second + BigInt(n) * 345n * second,
        line: `trace_id=${id} n=${n}`,
      })),
  ],
  [
    'equal lines in two streams',
    (id) =>
      Array.from({ length: 600 }, (_, n) => ({
        timeUnixNano: start + BigInt(n >> 1) * second,
        line: `trace_id=${id} twin`,
        labels: { pod: `p${n % 2}` },
      })),
  ],
  [
    'the ID as a label',
    (id) =>
      Array.from({ length: 200 }, (_, n) => ({
        timeUnixNano: start + BigInt(n) * second,
        line: `n=${n}`,
        labels: { trace_id: id },
      })),
  ],
  [
    'several forms in one line',
    (id) =>
      Array.from({ length: 200 }, (_, n) => ({
        timeUnixNano: start + BigInt(n) * second,
        line: JSON.stringify({ n, traceId: id, trace_id: id.toUpperCase(), traceparent: `00-${id}-00f067aa0ba902b7-01` }),
        labels: { trace_id: id },
        metadata: { trace_id: id },
      })),
  ],
  [
    'lines of 250 KB',
    (id) =>
      Array.from({ length: 60 }, (_, n) => ({
        timeUnixNano: start + BigInt(n) * second,
        line: `trace_id=${id} n=${n} ${String.fromCharCode(97 + (n % 26)).repeat(250_000)}`,
      })),
  ],
  [
    'awkward text',
    (id) =>
      ['\u0000', '`"\\', '{{.x}}', '😀\u200f', '\u001b[2J', '%s$(id)', '\ttab', '|= `x`'].map((text, n) => ({
        timeUnixNano: start + BigInt(n),
        line: `trace_id=${id} ${text}`,
      })),
  ],
]

const mixed = (id: string, count: number, gap: bigint): PushedLine[] => mixedPushes(id, count, start, gap)

async function whole(store: Omit<LogStoreUnderTest, 'close'>, id: string, lines: readonly PushedLine[]): Promise<boolean> {
  const { entries, verdict } = await store.source.forTrace(id).collect()
  expect(verdict).toMatchObject({ complete: true, entries: lines.length })
  const identity = (line: string, pod = '') => `${pod} ${line}`
  expect(entries.map(({ line, labels }) => identity(line, labels['pod'])).toSorted()).toEqual(
    lines.map(({ line, labels }) => identity(line, labels?.['pod'])).toSorted(),
  )
  const times = lines.map(({ timeUnixNano }) => timeUnixNano).toSorted((a, b) => Number(a - b))
  expect(entries.map(({ timeUnixNano }) => timeUnixNano)).toEqual(times)
  return verdict.complete
}

it.for(shapes)('over the double %s are all there', async ([, shape]) => {
  const double = await loki()
  const [store, id] = [lokiStore(double.url), traceId()]
  const lines = shape(id)
  await store.push(lines)
  expect(await whole(store, id, lines)).toBe(true)
})

describe.skipIf(real === undefined)('over the Loki of LOKI_URL', () => {
  it.for([...shapes, ['100,000 lines in mixed encodings', (id) => mixed(id, 100_000, 7_654_321n)] satisfies (typeof shapes)[number]])(
    '%s are all there',
    { timeout: 300_000 },
    async ([, shape]) => {
      const [store, id] = [lokiStore(real ?? '', '49h'), traceId()]
      const lines = shape(id)
      await store.push(lines)
      expect(await whole(store, id, lines)).toBe(true)
    },
  )

  it.for<[string, number]>([
    ['few', 40],
    ['more than a page of', 7000],
  ])('%s lines that were pushed again after a flush are each there once, and proven', { timeout: 300_000 }, async ([, count]) => {
    const [store, id] = [lokiStore(real ?? '', '2h'), traceId()]
    const lines = mixed(id, count, 250_000n)
    await store.push(lines)
    await fetch(`${real}/flush`, { method: 'POST' })
    await new Promise((resolve) => setTimeout(resolve, 3000))
    await store.push(lines)
    expect(await whole(store, id, lines)).toBe(true)
  })

  it('a search finds levels, services and texts', { timeout: 300_000 }, async () => {
    const [store, id] = [lokiStore(real ?? '', '2h'), traceId()]
    const lines = [
      { line: JSON.stringify({ level: 50, service: 'orders', msg: 'refused', trace_id: id }) },
      { line: JSON.stringify({ level: 30, service: 'orders', msg: 'no error' }) },
      { line: 'level=fatal service=payments msg="it was refused"' },
      { line: 'plain', metadata: { severity_number: '17', service: 'orders' } },
    ].map((line, n): PushedLine => Object.assign(line, { timeUnixNano: start + BigInt(n) * second }))
    await store.push(lines)
    const find = async (query: LogSearch) => {
      const { entries, verdict } = await store.source.search({ from: '1h', ...query }).collect()
      return [verdict.complete, ...entries.map(({ line }) => lines.findIndex((pushed) => pushed.line === line))]
    }
    expect(await find({ level: 'error' })).toEqual([true, 0, 2, 3])
    expect(await find({ level: 'error', service: 'orders' })).toEqual([true, 0, 3])
    expect(await find({ text: /\brefused/ })).toEqual([true, 0, 2])
    expect(await find({ text: '"msg":"refused"' })).toEqual([true, 0])
    expect(await find({ traced: true })).toEqual([true, 0])
    expect(await find({ limit: 2 })).toEqual([false, 2, 3])
  })

  it('a trace is followed', { timeout: 300_000 }, async () => {
    const [store, id] = [lokiStore(real ?? '', '2h'), traceId()]
    const line = (n: number) => ({ timeUnixNano: BigInt(Date.now()) * 1_000_000n, line: `trace_id=${id} n=${n}` })
    await store.push([line(0)])
    const found: string[] = []
    for await (const item of store.source.follow?.(id, { from: '1h' }) ?? []) {
      expect(item).not.toHaveProperty('gap')
      if ('line' in item) found.push(item.line)
      if (found.length === 4) break
      await store.push([line(found.length)])
    }
    expect(found).toEqual([0, 1, 2, 3].map((n) => `trace_id=${id} n=${n}`))
  })
})
