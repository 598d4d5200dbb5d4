import type { VictoriaLogsOptions } from 'spanlog/logs'
import { describe, expect, it } from 'vitest'
import { cutJson, refuse, reset, resetMidway, tooMany } from '../support/faults.js'
import { minutesAgo } from '../support/loki-lines.js'
import type { VictoriaLogsDouble } from '../support/victorialogs-double/server.js'
import { newId, texts, victoria } from '../support/victorialogs-session.js'
import { victoriaStore } from '../support/victorialogs-store.js'

const start = minutesAgo(15)

describe('what VictoriaLogs does wrong', () => {
  async function withLines(count: number, options: Partial<VictoriaLogsOptions> = {}) {
    const double = await victoria()
    const [store, id] = [victoriaStore(double.url, options), newId()]
    const lines = Array.from({ length: count }, (_, n) => ({ timeUnixNano: start + BigInt(n), line: `trace_id=${id} n=${n}` }))
    await store.push(lines)
    const collect = (window = {}) => store.source.forTrace(id, { from: '1h', ...window }).collect()
    return { double, id, store, lines, collect }
  }
  const isCount = (query: string): boolean => query.includes('| stats')
  const isPage = (query: string): boolean => !query.includes('|')

  it('fewer lines than it counts are asked for once more', async () => {
    const { double, lines, collect } = await withLines(100)
    let cuts = 1
    double.lie = (query, honest) =>
      isPage(query) && cuts-- > 0 ? { ...honest, body: honest.body.split('\n').slice(0, 40).join('\n') } : undefined
    const { entries, verdict } = await collect()
    expect(texts(entries)).toEqual(texts(lines))
    expect(verdict.complete).toBe(true)
  })

  it('fewer lines than it counts, again and again, are not called complete', async () => {
    const { double, collect } = await withLines(100)
    double.lie = (query, honest) => (isPage(query) ? { ...honest, body: honest.body.split('\n').slice(0, 40).join('\n') } : undefined)
    const { verdict } = await collect()
    expect(verdict).toMatchObject({ complete: false, entries: 40 })
    expect(verdict.reasons).toEqual([
      { code: 'VICTORIALOGS_LINES_MISSING', message: expect.stringMatching(/^of 100 lines .* it gave 40$/) },
    ])
  })

  it('lines that left between the count and the page are not missed', async () => {
    const { double, collect } = await withLines(3)
    let counts = 0
    double.lie = (query, honest) =>
      isCount(query) && counts++ === 0 ? { ...honest, body: honest.body.replace('"lines":"3"', '"lines":"4"') } : undefined
    expect((await collect()).verdict).toMatchObject({ complete: true, entries: 3 })
  })

  it.each([
    ['a broken connection', reset],
    ['a connection broken in the middle of an answer', resetMidway],
    ['an answer cut in the middle of a line', cutJson],
    ['too many requests', tooMany],
    ['an error that passes', refuse(503, 'starting')],
  ])('%s is tried again', async (_, fault) => {
    const { double, store, id, lines } = await withLines(50)
    double.inject(fault, { times: 2, on: '/select/logsql/query' })
    const query = store.source.forTrace(id, { from: '1h' })
    const { entries, verdict } = await query.collect()
    expect(texts(entries)).toEqual(texts(lines))
    expect(verdict.complete).toBe(true)
    expect(query.stats).toMatchObject({ retries: 2 })
  })

  it('a window that takes it too long is counted in halves', async () => {
    const { double, lines, collect } = await withLines(50)
    const spanOf = (query: string): number => {
      const [, from = '', to = ''] = /^_time:\[([^,]+),([^)]+)\)/.exec(query) ?? []
      return Date.parse(to) - Date.parse(from)
    }
    const slow = "the request couldn't be executed in 30.000 seconds; possible solutions: to increase -search.maxQueryDuration=30s"
    double.lie = (query) => (isCount(query) && spanOf(query) > 86_400_000 ? { status: 503, type: 'text/plain', body: slow } : undefined)
    const { entries, verdict } = await collect({ from: '6d' })
    expect(texts(entries)).toEqual(texts(lines))
    expect(verdict.complete).toBe(true)
  })

  it.each<[string, Parameters<VictoriaLogsDouble['inject']>[0], string]>([
    ['wrong credentials', refuse(401, 'no'), 'VICTORIALOGS_UNAUTHORIZED'],
    ['a refusal', refuse(400, 'cannot parse'), 'VICTORIALOGS_REFUSED'],
    ['an error that stays', refuse(500, 'no disk'), 'VICTORIALOGS_UNREACHABLE'],
    ['too many requests for good', refuse(429, '', { 'retry-after': '3600' }), 'VICTORIALOGS_RATE_LIMITED'],
    ['its own limit of time', refuse(503, "the request couldn't be executed in 30.000 seconds"), 'VICTORIALOGS_TIMEOUT'],
  ])('%s ends the query by its code', async (_, fault, code) => {
    const { double, collect } = await withLines(5, { retries: 0 })
    double.inject(fault, { times: 99, on: '/select/logsql/query' })
    expect((await collect()).verdict).toMatchObject({ complete: false, entries: 0, reasons: [{ code }] })
  })

  it.each([
    ['a number for a field', '{"_time":"2026-11-21T08:15:46Z","_msg":1}\n'],
    ['a list', '[]\n'],
    ['a line without a time', '{"_msg":"x"}\n'],
  ])('%s is no answer', async (_, body) => {
    const { double, collect } = await withLines(5, { retries: 0 })
    double.lie = (query, honest) => (isPage(query) ? { ...honest, body } : undefined)
    expect((await collect()).verdict).toMatchObject({ complete: false, reasons: [{ code: 'VICTORIALOGS_BAD_ANSWER' }] })
  })

  it.each([
    ['does not know', refuse(400, 'unexpected pipe "block_stats"')],
    ['takes too long', refuse(503, "the request couldn't be executed in 30.000 seconds")],
  ])('an estimate that it %s refuses nothing', async (_, fault) => {
    const { double, collect } = await withLines(5)
    double.inject(fault, { times: 1, on: '/select/logsql/query' })
    expect((await collect({ maxBytes: 1 })).verdict).toMatchObject({ complete: true, entries: 5 })
  })

  it('a wider window that nobody asked for and that fails says nothing against the one before it', async () => {
    const { double, store } = await withLines(5, { retries: 0 })
    double.lie = (query) =>
      query.startsWith(`_time:[${new Date().getUTCFullYear()}`) && isCount(query) && asked++ > 0 ? refusal : undefined
    let asked = 0
    const refusal = { status: 500, type: 'text/plain', body: 'no' }
    const { verdict } = await store.source.forTrace(newId()).collect()
    expect(verdict).toMatchObject({
      complete: true,
      reasons: [{ code: 'HOLDS_FOR', message: expect.stringContaining('VICTORIALOGS_UNREACHABLE') }],
    })
  })

  it('following goes on behind an outage, and ends where nothing will help', async () => {
    const { double, id, store } = await withLines(1, { retries: 0 })
    const push = (n: number) => store.push([{ timeUnixNano: BigInt(Date.now()) * 1_000_000n, line: `trace_id=${id} new=${n}` }])
    const found: string[] = []
    const following = async () => {
      for await (const item of store.source.follow?.(id, { from: '1h' }) ?? []) {
        if ('line' in item) found.push(item.line.slice(-3))
        if (found.length === 1) {
          double.inject(refuse(503), { times: 1, on: '/select' })
          await push(1)
        } else if (found.length === 2) double.inject(refuse(401), { times: 99, on: '/select' })
      }
    }
    await expect(following()).rejects.toMatchObject({ code: 'VICTORIALOGS_UNAUTHORIZED' })
    expect(found).toEqual(['n=0', 'w=1'])
  })

  it('following ends with its signal, and that is no error', async () => {
    const { id, store } = await withLines(1)
    const controller = new AbortController()
    const found: unknown[] = []
    for await (const item of store.source.follow?.(id, { from: '1h', signal: controller.signal }) ?? []) {
      found.push(item)
      controller.abort()
    }
    expect(found).toHaveLength(1)
  })
})
