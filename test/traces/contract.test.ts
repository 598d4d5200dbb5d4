import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { fileTraces, tempoTraces } from 'spanlog/traces'
import { describeTraceSource, type StoreUnderTest } from '../contract/trace-source.js'
import { startTempoDouble, type TempoDoubleOptions } from '../support/tempo-double/server.js'
import type { Otlp } from '../support/tempo-double/store.js'

/** @param write - how a push reaches the folder; it gets a number of its own */
async function folder(write: (folder: string, data: Otlp, count: number) => Promise<void>): Promise<StoreUnderTest> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spanlog-traces-'))
  let count = 0
  return {
    source: fileTraces({ paths: dir }),
    push: (data) => write(dir, data, count++),
    close: () => rm(dir, { recursive: true }),
  }
}

describeTraceSource('one growing file', () =>
  folder((dir, data) => appendFile(path.join(dir, 'traces.jsonl'), `${JSON.stringify(data)}\n`)),
)
describeTraceSource('a gzip file of several members', () =>
  folder((dir, data) => appendFile(path.join(dir, 'traces.jsonl.gz'), gzipSync(`${JSON.stringify(data)}\n`))),
)
describeTraceSource('rotated files, plain and gzip in turn', () =>
  folder((dir, data, count) => {
    const line = JSON.stringify(data)
    return count % 2 === 0
      ? writeFile(path.join(dir, `traces-${count}.jsonl`), line)
      : writeFile(path.join(dir, `traces.jsonl.${count}.gz`), gzipSync(line))
  }),
)
describeTraceSource('files of one document each, printed over many lines', () =>
  folder((dir, data, count) => writeFile(path.join(dir, `${count}.json`), JSON.stringify(data, undefined, 2))),
)

async function double(options?: TempoDoubleOptions): Promise<StoreUnderTest> {
  const tempo = await startTempoDouble(options)
  return {
    source: tempoTraces({ url: tempo.url, retries: 0 }),
    push: async (data) => tempo.push(data),
    close: () => tempo.close(),
  }
}

describeTraceSource('the Tempo double', () => double())
describeTraceSource('the Tempo double of before API v2, behind a path', () => double({ old: true, prefix: '/tempo' }))

// A real one, where TEMPO_URL names it, and TEMPO_OTLP_URL where it takes OTLP over HTTP.
const { TEMPO_URL: tempoUrl, TEMPO_OTLP_URL: otlpUrl = 'http://127.0.0.1:4318' } = process.env

async function realTempo(): Promise<StoreUnderTest> {
  const source = tempoTraces({ url: tempoUrl! })
  return {
    source,
    async push(data, { traceId, spans }) {
      const body = JSON.stringify(data)
      const answer = await fetch(`${otlpUrl}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      if (!answer.ok) throw new Error(`Tempo answered ${answer.status}: ${await answer.text()}`)
      for (let tries = 0; tries < 100; tries++) {
        const { trace } = await source.trace(traceId)
        if ((trace?.spans.length ?? 0) >= spans) return
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      throw new Error(`Tempo did not show ${spans} spans of ${traceId} within 10 s`)
    },
    close: async () => {},
  }
}

describeTraceSource('a real Tempo', realTempo, { runs: 10, when: tempoUrl !== undefined })
