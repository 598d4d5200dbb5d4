import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { TraceSummary } from 'spanlog/traces'
import { jaegerTraces } from 'spanlog/traces'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spanDocument } from '../../src/traces/documents.js'
import { type JaegerDouble, keptByJaeger, startJaegerDouble } from '../support/jaeger-double.js'
import type { Otlp } from '../support/tempo-double/store.js'

interface Exchange {
  name: string
  request: { method: string; path: string; body?: Otlp }
  response: { status: number; contentType: string; json?: object; text?: string }
}

const file = path.resolve(import.meta.dirname, '../recorded/jaeger.json')
const { exchanges } = JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Exchange[] }
const answerTo = (name: string): object => exchanges.find((exchange) => exchange.name === name)!.response.json!
const pushed = exchanges[0]!.request.body!
const spansOf = (document: object) => spanDocument(document)?.read().spans ?? []

describe('what a real Jaeger answered', () => {
  it('is read as it was sent, by the third API', () => {
    expect(spansOf(answerTo('the third API'))).toEqual(spansOf(pushed))
    expect(spansOf(answerTo('search'))).toEqual(spansOf(pushed))
  })

  it('is read by the first API but for what that does not keep', () => {
    const expected = spansOf(pushed).map((span) => keptByJaeger(span))
    expect(spansOf(answerTo('the first API'))).toEqual(expected)
    expect(expected).toHaveLength(2)
  })
})

describe('the Jaeger double answers as a real Jaeger did', () => {
  let double: JaegerDouble
  beforeAll(async () => {
    double = await startJaegerDouble()
    double.push(pushed)
  })
  afterAll(() => double.close())

  it.each(exchanges.slice(1))('$name', async ({ request, response }) => {
    const answer = await fetch(double.url + request.path)
    const text = await answer.text()
    expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
      status: response.status,
      type: response.contentType,
    })
    if (response.status === 200) expect(spansOf(JSON.parse(text) as object)).toEqual(spansOf(response.json!))
    else expect(response.json === undefined ? text : JSON.parse(text)).toEqual(response.json ?? response.text)
  })

  it('and a client finds the trace there by what it was sent with', async () => {
    const found: string[] = []
    const search = jaegerTraces({ url: double.url }).search({ service: 'recorded-gateway', status: 'error', from: 0n, to: 1n << 62n })
    for await (const item of search) found.push((item as TraceSummary).rootName ?? 'cut')
    expect(found).toEqual(['POST /orders'])
  })
})
