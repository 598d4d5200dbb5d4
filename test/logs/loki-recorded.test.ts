import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import recording from '../recorded/loki.json' with { type: 'json' }
import { type LokiDouble, startLokiDouble } from '../support/loki-double/server.js'

interface Exchange {
  name: string
  request: { method: string; path: string; query?: Record<string, string>; headers: Record<string, string>; body?: unknown }
  response: { status: number; contentType: string | null; text?: string; json?: unknown }
}
const exchanges = recording.exchanges as unknown as Exchange[]

/** Requests that this project does not send. */
const notSent = /^(?:series|label values|index\/volume|detected_fields|buildinfo)$/
/** Texts that only the server's own parsers can write; how they begin is what a client might look at. */
const ownTexts: Record<string, string> = {
  'push: not JSON': 'loghttp.PushRequest',
  'push: structured metadata that is no string': 'loghttp.PushRequest.Streams',
  'query_range: parse error': 'parse error at line 1, col 4: syntax error',
}
/** More lines of one instant than the limit: which of them come is the server's choice. */
const anyOfOneInstant = new Set(['query_range: nanosecond over the limit', 'query_range: nanosecond, one half by character'])

let double: LokiDouble
beforeAll(async () => {
  double = await startLokiDouble({
    auth: true,
    maxEntries: recording.settings.max_entries_limit_per_query,
    now: () => Date.parse('2026-11-21T02:29:58Z'),
  })
})
afterAll(() => double.close())

async function ask({ request, name }: Exchange): Promise<{ status: number; type: string; text: string }> {
  const { method, path, query = {}, headers } = request
  const long = { streams: [{ stream: { service_name: 'long' }, values: [[recording.baseUnixNano, 'x'.repeat(300_000)]] }] }
  const body = name === 'push: a line over 256 KB' ? long : request.body
  const response = await fetch(`${double.url}${path}?${new URLSearchParams(query).toString()}`, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() }
}

type Values = [string, string, unknown?][]
interface LokiData {
  resultType: string
  encodingFlags?: string[]
  result: { stream?: Record<string, string>; values?: Values; value?: [number, string] }[]
  stats: { summary: { totalPostFilterLines: number } }
}

/** What a client depends on: the entries, each with all that belongs to it, or the counts; and whether the statistics prove the page. */
function essence(body: unknown, limit: number): unknown {
  const { data } = body as { data: LokiData }
  const entries = data.result.flatMap(({ stream, values = [] }) => values.map((value) => JSON.stringify([sorted(stream), sorted(value)])))
  return {
    resultType: data.resultType,
    encodingFlags: data.encodingFlags,
    entries: data.resultType === 'streams' ? entries.toSorted() : data.result,
    proves: data.stats.summary.totalPostFilterLines < limit,
  }
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, held]) => [key, sorted(held)]),
  )
}

describe('the double answers as the recorded Loki did', () => {
  it.for(exchanges.filter(({ name }) => !notSent.test(name)))('$name', async (exchange) => {
    const { name, request, response } = exchange
    const answer = await ask(exchange)
    expect(answer).toMatchObject({ status: response.status })
    if (response.json === undefined || response.json === null) {
      const own = ownTexts[name]
      if (own === undefined) expect(answer.text.trim()).toBe((response.text ?? '').trim())
      else expect([answer.text, response.text]).toEqual([expect.stringContaining(own), expect.stringContaining(own)])
      return
    }
    const got: unknown = JSON.parse(answer.text)
    if (request.path.endsWith('drilldown-limits')) {
      const { limits } = got as { limits: Record<string, unknown> }
      const { discover_service_name: names, ...rest } = limits
      expect(response.json).toMatchObject({ limits: rest })
      expect((response.json as { limits: Record<string, unknown> }).limits['discover_service_name']).toEqual(
        expect.arrayContaining(names as string[]),
      )
      return
    }
    if (request.path.endsWith('index/stats')) {
      expect(got).toEqual(response.json)
      return
    }
    if (name === 'labels') {
      expect(got).toEqual(response.json)
      return
    }
    const limit = Number(request.query?.['limit'] || 100)
    if (anyOfOneInstant.has(name)) {
      const count = (body: unknown) => (body as { data: LokiData }).data.result.flatMap(({ values = [] }) => values).length
      expect(count(got)).toBe(count(response.json))
      expect(essence(got, limit)).toMatchObject({ proves: false })
      return
    }
    expect(essence(got, limit)).toEqual(essence(response.json, limit))
    for (const { values = [] } of (got as { data: LokiData }).data.result) {
      if (request.path.endsWith('/query')) continue
      const times = values.map(([time]) => Number(time))
      const back = request.query?.['direction'] === 'backward' ? -1 : 1
      expect(times).toEqual(times.toSorted((a, b) => back * (a - b)))
    }
  })

  it('has played every kind of push and refusal of the recording', () => {
    expect(exchanges.filter(({ name }) => !notSent.test(name)).length).toBeGreaterThan(45)
  })
})
