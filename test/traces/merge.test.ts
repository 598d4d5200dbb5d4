import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { anyTraces, fileTraces, jaegerTraces, type TraceSearchCut, type TraceSummary } from 'spanlog/traces'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { traceQl } from '../../src/traces/tempo/search.js'
import { otlp, randomId, span } from '../support/otlp.js'

describe('anyTraces', () => {
  let dir: string
  const traceId = randomId(16)
  const root = span(traceId, { service: 'gateway', spanId: '00000000000000a1' })
  const call = span(traceId, { service: 'orders', parentSpanId: root.spanId, kind: 'internal', startUnixNano: root.startUnixNano + 5n })
  const at = (name: string): string => path.join(dir, name)
  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'spanlog-merge-'))
    await writeFile(at('a.json'), JSON.stringify(otlp(root)))
    await writeFile(at('b.json'), JSON.stringify(otlp(call, call)))
  })
  afterAll(() => rm(dir, { recursive: true }))

  const [whole, gone] = [{ traceId, spans: [root, call] }, jaegerTraces({ url: 'http://127.0.0.1:1', retries: 0 })]
  const files = (...names: string[]) => names.map((name) => fileTraces({ paths: at(name) }))

  it('is complete where one source has the parent that another misses', async () => {
    const [part] = await Promise.all(files('b.json').map((source) => source.trace(traceId)))
    expect(part).toMatchObject({ complete: false, reasons: [{ code: 'SPANS_MISSING' }] })
    expect(await anyTraces(files('a.json', 'b.json')).trace(traceId)).toEqual({ trace: whole, complete: true, reasons: [] })
  })

  it('is not complete where one source failed, whatever the others have', async () => {
    const result = await anyTraces([...files('a.json', 'b.json'), gone]).trace(traceId)
    expect(result).toMatchObject({ trace: whole, complete: false, reasons: [{ code: 'JAEGER_UNREACHABLE' }] })
  })

  it('finds a trace of two parts once, without counts, and says what failed', async () => {
    const items: (TraceSummary | TraceSearchCut)[] = []
    for await (const item of anyTraces([...files('a.json', 'b.json'), gone]).search({ attributes: {} })) items.push(item)
    expect(items).toEqual([
      {
        traceId,
        rootService: 'gateway',
        rootName: root.name,
        startUnixNano: root.startUnixNano,
        durationMs: 1.000005,
        services: ['gateway', 'orders'],
      },
      { cut: true, code: 'JAEGER_UNREACHABLE', message: expect.any(String) as unknown },
    ])
  })

  it('refuses no sources at all', () => {
    expect(() => anyTraces([])).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('a saved answer that its store called partial is incomplete', () => {
  it.each<[string, object, string]>([
    ['of Tempo', { trace: otlp(span('1'.repeat(32))), status: 'PARTIAL', message: 'too large' }, 'TEMPO_PARTIAL'],
    [
      'of Jaeger',
      {
        data: [
          {
            traceID: '1'.repeat(32),
            spans: [
              {
                traceID: '1'.repeat(32),
                spanID: '2'.repeat(16),
                operationName: 'x',
                startTime: 1,
                duration: 1,
                processID: 'p1',
                warnings: ['trace has more than 1 spans, showing first 1 spans only'],
              },
            ],
            processes: { p1: { serviceName: 'a' } },
          },
        ],
      },
      'JAEGER_PARTIAL',
    ],
  ])('%s', async (_, document, code) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'spanlog-partial-'))
    await writeFile(path.join(dir, 'x.json'), JSON.stringify(document))
    const { trace, complete, reasons } = await fileTraces({ paths: dir }).trace('1'.repeat(32))
    await rm(dir, { recursive: true })
    expect({ spans: trace?.spans.length, complete, codes: reasons.map((reason) => reason.code) }).toEqual({
      spans: 1,
      complete: false,
      codes: [code],
    })
  })
})

describe('TraceQL', () => {
  it('is built so that no text gets out of its quotes', () => {
    const text = '"} || {true\\'
    expect(traceQl({ service: text, operation: '\uD800', attributes: [[text, text]] })).toBe(
      '{ resource.service.name = "\\"} || {true\\\\" && name = "\uFFFD" && ."\\"} || {true\\\\" = "\\"} || {true\\\\" } with (most_recent=true)',
    )
  })
})
