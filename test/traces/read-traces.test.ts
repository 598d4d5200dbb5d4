import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileTraces, readTraces, type TraceSource, toJson } from 'spanlog/traces'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otlp, randomId, span } from '../support/otlp.js'

const now = BigInt(Date.now()) * 1_000_000n
const ids = Array.from({ length: 20 }, () => randomId(16))
/** Two services each, the first a second apart. */
const requests = ids.map((id, i) => {
  const root = span(id, { startUnixNano: now - BigInt(i + 1) * 1_000_000_000n, name: `request ${i % 2}` })
  return [root, span(id, { parentSpanId: root.spanId, service: 'payments', startUnixNano: root.startUnixNano })]
})
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'spanlog-many-'))
})
afterAll(() => rm(dir, { recursive: true }))
const file = async (name: string, ...lines: unknown[]) => {
  await writeFile(path.join(dir, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return fileTraces({ paths: path.join(dir, name) })
}
/** Without what makes it quick. */
const slow = (source: TraceSource): TraceSource => ({
  trace: async (id) => source.trace(id),
  search: (query) => source.search(query),
})

describe('readTraces', () => {
  it('reads the same from files in one pass as trace by trace', async () => {
    const source = await file('all.jsonl', ...requests.map((spans) => otlp(...spans)))
    for (const search of [{}, { service: 'payments' }, { operation: 'request 1' }, { from: now - 5_500_000_000n }, { limit: 3 }]) {
      const quick = await readTraces([source], search)
      expect(quick).toEqual(await readTraces([slow(source)], search))
      expect(quick.traces.length).toBeGreaterThan(0)
    }
  })

  it('puts together what several sources hold of a trace', async () => {
    const roots = await file('roots.jsonl', ...requests.map(([root]) => otlp(root!)))
    const others = await file('others.jsonl', ...requests.map(([, other]) => otlp(other!)))
    const { traces, complete } = await readTraces([roots, others])
    expect(traces.map(({ traceId }) => traceId)).toEqual(ids)
    expect(traces.every(({ spans }) => spans.length === 2)).toBe(true)
    expect(complete).toBe(true)
    const torn = await readTraces([
      others,
      await file(
        'one.jsonl',
        otlp(requests[0]![0]!, { ...requests[0]![0]!, spanId: randomId(8), parentSpanId: randomId(8), kind: 'internal' }),
      ),
    ])
    expect(torn.reasons).toMatchObject([{ code: 'SPANS_MISSING' }])
  })

  it('says where there is more than the limit, and what could not be read', async () => {
    const source = await file('limit.jsonl', ...requests.map((spans) => otlp(...spans)))
    expect(await readTraces([source], { limit: 3 })).toMatchObject({
      complete: false,
      reasons: [{ code: 'LIMIT_REACHED' }],
      traces: { length: 3 },
    })
    const gone = await readTraces([fileTraces({ paths: path.join(dir, 'gone.jsonl') })])
    expect(gone).toMatchObject({ complete: false, traces: [], reasons: [{ code: 'FILE_UNREADABLE' }] })
  })

  it('reads what toJson and `spanlog trace --json` write', async () => {
    const trace = { traceId: ids[0]!, spans: requests[0]! }
    const source = await file(
      'own.json',
      { trace: toJson(trace), entries: [], verdict: { complete: true } },
      toJson({ traceId: ids[1]!, spans: requests[1]! }),
    )
    expect((await readTraces([source])).traces.map(({ traceId, spans }) => [traceId, spans.length])).toEqual([
      [ids[0], 2],
      [ids[1], 2],
    ])
    expect((await source.trace(ids[0]!)).trace?.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))).toEqual(
      trace.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1)),
    )
  })

  it('asks a store for each trace that it found, at most eight at a time', async () => {
    let open = 0
    let most = 0
    const source = await file('store.jsonl', ...requests.map((spans) => otlp(...spans)))
    const counted: TraceSource = {
      search: (query) => source.search(query),
      async trace(id) {
        most = Math.max(most, ++open)
        const answer = await source.trace(id)
        open--
        return answer
      },
    }
    expect((await readTraces([counted])).traces).toHaveLength(20)
    expect(most).toBe(8)
  })
})
