import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import recording from '../recorded/victorialogs.json' with { type: 'json' }
import { startVictoriaLogsDouble, type VictoriaLogsDouble } from '../support/victorialogs-double/server.js'

interface Exchange {
  name: string
  request: {
    method: string
    path: string
    query?: Record<string, string>
    headers: Record<string, string>
    lines?: unknown[]
    form?: Record<string, string>
  }
  response: { status: number; contentType: string | null; text: string }
}
const exchanges = recording.exchanges as unknown as Exchange[]

let double: VictoriaLogsDouble
beforeAll(async () => {
  double = await startVictoriaLogsDouble({ now: () => recording.nowUnixMs })
})
afterAll(() => double.close())

async function ask({ request: { method, path, query = {}, headers, lines, form } }: Exchange): Promise<{ status: number; text: string }> {
  const body = lines?.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  const response = await fetch(`${double.url}${path}?${new URLSearchParams(query).toString()}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/stream+json' }) },
    ...(body !== undefined && { body }),
    ...(form !== undefined && { body: new URLSearchParams(form) }),
  })
  return { status: response.status, text: await response.text() }
}

/** What a client depends on: which lines or counts, in any order. The server's hash of a stream and its own measure of bytes are not. */
function essence({ status, text }: { status: number; text: string }): unknown {
  if (status !== 200) return text.trim()
  const objects = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, string>]))
  return objects
    .map(({ _stream_id: id, bytes, ...rest }) =>
      JSON.stringify([Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1)), id?.length, bytes !== undefined && Number(bytes) > 0]),
    )
    .toSorted()
}

describe('the double answers as the recorded VictoriaLogs did', () => {
  it.for(exchanges)('$name', async (exchange) => {
    const answer = await ask(exchange)
    expect(answer.status).toBe(exchange.response.status)
    expect(essence(answer)).toEqual(essence(exchange.response))
  })

  it('and its measure of the bytes of a line is no less than what stands in the line', () => {
    const { response } = exchanges.find(({ name }) => name === 'query: counts by step') as Exchange
    const all = exchanges.find(({ name }) => name === 'query: all') as Exchange
    const lines = all.response.text.trim().split('\n')
    const counted = response.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { lines: string; bytes: string })
    expect(counted.reduce((sum, { lines: count }) => sum + Number(count), 0)).toBe(lines.length)
    const texts = lines.flatMap((line) => Object.entries(JSON.parse(line) as object).filter(([name]) => !name.startsWith('_stream')))
    const bytes = texts.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value)), 0)
    expect(counted.reduce((sum, { bytes: count }) => sum + Number(count), 0)).toBeGreaterThanOrEqual(bytes)
  })
})
