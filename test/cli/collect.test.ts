import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Trace, TraceSource } from 'spanlog/traces'
import { afterAll, describe, expect, it } from 'vitest'
import { IncidentFolder } from '../../src/cli/collect.js'
import { Folder } from './spanlog.js'
import { request } from './traffic.js'

const folder = new Folder()
afterAll(() => folder.remove())

describe('the folder of an incident', () => {
  it('gets a trace anew that has grown since it was kept, and leaves alone what has not', async () => {
    const spans = request(1_795_233_600_000_000_000n, {})
    const { traceId } = spans[0]!
    const asked: number[] = []
    const keep = async (count: number) => {
      const now: Trace = { traceId, spans: spans.slice(0, count) }
      const source: TraceSource = {
        async trace() {
          asked.push(count)
          return { trace: now, complete: true, reasons: [] }
        },
        async *search() {},
      }
      return incident.keep([now], { traces: [source], logs: [] }, new AbortController().signal)
    }
    const incident = new IncidentFolder(folder.path, 1_795_233_600_000_000_000n)
    expect([await keep(2), await keep(2), await keep(4), await keep(4)]).toEqual([1, 0, 0, 0])
    expect(asked).toEqual([2, 4])
    const kept = JSON.parse(readFileSync(path.join(incident.path, `${traceId}.json`), 'utf8'))
    expect(kept.trace.spans).toHaveLength(4)
    expect(readdirSync(incident.path)).toHaveLength(2)
  })

  it('gets what failed by its error.type alone, however quick', async () => {
    const at = 1_795_233_600_000_000_000n
    const traces = Array.from({ length: 12 }, (_, i): Trace => {
      const spans = request(at, { queryMs: 100 + i })
      return { traceId: spans[0]!.traceId, spans }
    })
    const failed = request(at, { queryMs: 1 })
    failed[3] = { ...failed[3]!, attributes: { 'error.type': 'timeout' } }
    traces.push({ traceId: failed[0]!.traceId, spans: failed })
    const source: TraceSource = {
      async trace(traceId) {
        return { trace: traces.find((one) => one.traceId === traceId)!, complete: true, reasons: [] }
      },
      async *search() {},
    }
    const incident = new IncidentFolder(folder.path, at + 60_000_000_000n)
    expect(await incident.keep(traces, { traces: [source], logs: [] }, new AbortController().signal)).toBe(11)
    expect(readdirSync(incident.path)).toContain(`${failed[0]!.traceId}.json`)
  })
})
