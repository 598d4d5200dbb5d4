import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTempoDouble, type TempoDouble } from '../support/tempo-double/server.js'

interface Exchange {
  name: string
  request: { method: string; path: string; headers: Record<string, string>; body?: object }
  response: { status: number; contentType: string | null; json?: Record<string, unknown>; text?: string }
}

const file = path.resolve(import.meta.dirname, '../recorded/tempo.json')
const { exchanges } = JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Exchange[] }

// The client neither searches, nor reads protobuf, nor asks for the build.
const notAsked = /^(?:search|buildinfo)|as protobuf/

/** Attributes come in any order; what was inspected is the server's own business. */
function comparable(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item))
    return key === 'attributes' ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'metrics')
      .map(([name, item]) => [name, comparable(item, name)]),
  )
}

describe('the Tempo double answers as a real Tempo did', () => {
  let double: TempoDouble
  beforeAll(async () => {
    double = await startTempoDouble()
  })
  afterAll(() => double.close())

  const rows = exchanges.filter(({ name }) => !notAsked.test(name))
  it('is asked most of what was recorded', () => {
    expect(rows).toHaveLength(20)
  })

  // In order: the pushes come first.
  it.each(rows)('$name', async ({ request, response }) => {
    const { method, headers, body } = request
    const answer = await fetch(double.url + request.path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    expect(answer.status).toBe(response.status)
    expect(answer.headers.get('content-type') || null).toBe(response.contentType)
    if (response.json === undefined) expect(await answer.text()).toBe(response.text)
    else expect(comparable(await answer.json())).toEqual(comparable(response.json))
  })
})
