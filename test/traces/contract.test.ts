import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { fileTraces, jaegerTraces, type TraceSource, tempoTraces, zipkinTraces } from 'spanlog/traces'
import { describeTraceSource, type StoreUnderTest } from '../contract/trace-source.js'
import { jaegerTrace, keptByJaeger, startJaegerDouble } from '../support/jaeger-double.js'
import { SpanStore } from '../support/span-store.js'
import { startTempoDouble, type TempoDoubleOptions } from '../support/tempo-double/server.js'
import type { Otlp } from '../support/tempo-double/store.js'
import { keptByZipkin, startZipkinDouble, zipkinSpan } from '../support/zipkin-double.js'

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

const traceQl = (service: string): string => `{ resource.service.name = "${service}" } with (most_recent=true)`

async function double(options?: TempoDoubleOptions): Promise<StoreUnderTest> {
  const tempo = await startTempoDouble(options)
  return {
    source: tempoTraces({ url: tempo.url, retries: 0 }),
    push: async (data) => tempo.push(data),
    close: () => tempo.close(),
    language: traceQl,
  }
}

describeTraceSource('the Tempo double', () => double())
describeTraceSource('the Tempo double of before API v2, behind a path', () => double({ old: true, prefix: '/tempo' }))

describeTraceSource('the Jaeger double', async () => {
  const jaeger = await startJaegerDouble()
  const source = jaegerTraces({ url: jaeger.url, retries: 0 })
  return { source, push: async (data) => jaeger.push(data), close: () => jaeger.close(), noLinks: true }
})
describeTraceSource('the Jaeger double of before its third API', async () => {
  const jaeger = await startJaegerDouble({ old: true })
  const source = jaegerTraces({ url: jaeger.url, retries: 0 })
  return { source, push: async (data) => jaeger.push(data), close: () => jaeger.close(), keeps: keptByJaeger, noLinks: true }
})
describeTraceSource('the Zipkin double', async () => {
  const zipkin = await startZipkinDouble()
  const source = zipkinTraces({ url: zipkin.url, retries: 0 })
  return { source, push: async (data) => zipkin.push(data), close: () => zipkin.close(), keeps: keptByZipkin, noLinks: true }
})

/** Each push as a file of one document, of all traces that it holds. */
function savedAs(write: (traces: ReturnType<SpanStore['trace']>[]) => object): () => Promise<StoreUnderTest> {
  return () =>
    folder((dir, data, count) => {
      const store = new SpanStore()
      store.push(data)
      const ids = new Set(
        (data.resourceSpans ?? [])
          .flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans))
          .map(({ traceId }) => traceId),
      )
      const document = write([...ids].map((traceId) => store.trace(traceId)))
      return writeFile(path.join(dir, `${count}.json`), JSON.stringify(document, undefined, count % 2))
    })
}

const jaegerFiles = savedAs((traces) => ({ data: traces.map(jaegerTrace) }))
describeTraceSource("files of Jaeger's download", async () => ({ ...(await jaegerFiles()), keeps: keptByJaeger }))
const zipkinFiles = savedAs((traces) => traces.map((spans) => spans.map(zipkinSpan)))
describeTraceSource("files of Zipkin's lists", async () => ({ ...(await zipkinFiles()), keeps: keptByZipkin }))

// The query service of a real Jaeger, where JAEGER_URL names it, and JAEGER_OTLP_URL where it takes OTLP over HTTP.
const { JAEGER_URL: jaegerUrl, JAEGER_OTLP_URL: jaegerOtlpUrl = 'http://127.0.0.1:4318' } = process.env

describeTraceSource(
  'a real Jaeger',
  async () => {
    const source = jaegerTraces({ url: jaegerUrl! })
    return { source, push: pushOtlp(jaegerOtlpUrl, source), close: async () => {}, noLinks: true }
  },
  { runs: 20, when: jaegerUrl !== undefined },
)

// A real one, where TEMPO_URL names it, and TEMPO_OTLP_URL where it takes OTLP over HTTP.
const { TEMPO_URL: tempoUrl, TEMPO_OTLP_URL: otlpUrl = 'http://127.0.0.1:4318' } = process.env

function pushOtlp(url: string, source: TraceSource): StoreUnderTest['push'] {
  return async (data, { traceId, spans }) => {
    const body = JSON.stringify(data)
    const answer = await fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (!answer.ok) throw new Error(`the store answered ${answer.status}: ${await answer.text()}`)
    for (let tries = 0; tries < 100; tries++) {
      const { trace } = await source.trace(traceId)
      if ((trace?.spans.length ?? 0) >= spans) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`the store did not show ${spans} spans of ${traceId} within 10 s`)
  }
}

async function realTempo(): Promise<StoreUnderTest> {
  const source = tempoTraces({ url: tempoUrl! })
  return {
    source,
    push: pushOtlp(otlpUrl, source),
    async searchable(traceId, service) {
      // Tempo shows a trace to a search only once it has cut it off from those that still grow.
      for (let tries = 0; tries < 300; tries++) {
        for await (const found of source.search({ service, from: '10m' })) {
          if ('traceId' in found && found.traceId === traceId) return
        }
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
      throw new Error(`Tempo did not find ${traceId} within 150 s`)
    },
    close: async () => {},
    language: traceQl,
  }
}

describeTraceSource('a real Tempo', realTempo, { runs: 10, when: tempoUrl !== undefined })
