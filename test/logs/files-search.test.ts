import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { fileLogs, type LogSearch } from 'spanlog/logs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const MS = 1_700_000_000_000

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
  const json = (n: number, level: string, service: string, msg: string, more = {}): string =>
    `${JSON.stringify({ time: MS + n, level, service, msg, ...more })}\n`
  writeFileSync(
    path.join(folder, 'orders.log'),
    json(1, 'info', 'orders', 'order placed', { trace_id: TRACE }) +
      json(4, 'error', 'orders', 'payment refused', { trace_id: TRACE }) +
      json(6, 'warn', 'orders', 'slow é'),
  )
  writeFileSync(
    path.join(folder, 'payments.log.gz'),
    gzipSync(json(2, 'debug', 'payments', 'charging') + json(3, 'fatal', 'payments', 'card refused', { trace_id: TRACE })),
  )
  writeFileSync(path.join(folder, 'text.log'), `2023-11-14T22:13:20.005Z ERROR connection refused\n    at connect (net.js:1:2)\n`)
})
afterAll(() => rmSync(folder, { recursive: true }))

async function search(query: LogSearch, memoryBytes?: number) {
  const found = fileLogs({ paths: folder, ...(memoryBytes !== undefined && { memoryBytes }) }).search(query)
  const { entries, verdict } = await found.collect()
  return { messages: entries.map(({ message = '' }) => message.replace(/\n.*/s, '')), entries, verdict, stats: found.stats }
}

describe('a search of files', () => {
  const all = ['order placed', 'charging', 'card refused', 'payment refused', 'ERROR connection refused', 'slow é']
  it.each<[string, LogSearch, string[]]>([
    ['nothing: every line', {}, all],
    ['a level: as severe or more', { level: 'error' }, ['card refused', 'payment refused', 'ERROR connection refused']],
    ['a service', { service: 'payments' }, ['charging', 'card refused']],
    ['a text', { text: 'refused' }, ['card refused', 'payment refused', 'ERROR connection refused']],
    ['a text that is not ASCII', { text: 'é' }, ['slow é']],
    ['a text of one character', { text: 'é'.slice(0, 1), service: 'orders' }, ['slow é']],
    ['a text in the stack trace', { text: 'net.js' }, ['ERROR connection refused']],
    ['an expression', { text: /c(ard|onnection) refused/ }, ['card refused', 'ERROR connection refused']],
    ['traced lines', { traced: true }, ['order placed', 'card refused', 'payment refused']],
    ['a window', { from: new Date(MS + 2), to: new Date(MS + 4) }, ['charging', 'card refused']],
    ['all at once', { level: 'error', service: 'orders', text: 'refused', traced: true }, ['payment refused']],
  ])('asked for %s', async (_, query, wanted) => {
    const { messages, verdict } = await search(query)
    expect(messages).toEqual(wanted)
    expect(verdict).toMatchObject({ complete: true, entries: wanted.length, mentions: 0 })
  })

  it.each([undefined, 1])('with a limit gives the newest, and says that there are more', async (memoryBytes) => {
    const { messages, verdict } = await search({ limit: 2 }, memoryBytes)
    expect(messages).toEqual(all.slice(-2))
    expect(verdict).toMatchObject({ complete: false, reasons: [{ code: 'LIMIT_REACHED' }] })
    expect((await search({ limit: 6 }, memoryBytes)).verdict).toMatchObject({ complete: true, entries: 6 })
  })

  it('places a line without a time behind the line before it, though that one is of another level', async () => {
    const own = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
    try {
      const file = path.join(own, 'a.log')
      const info = (n: number, pad = 0): string => `${JSON.stringify({ time: MS + n, level: 'info', pad: 'x'.repeat(pad) })}\n`
      const early = `${info(1)}ERROR early\n`
      // The second chunk begins with a line that has no time.
      const chunk = early + info(7, (1 << 20) - early.length - info(7).length)
      writeFileSync(file, `${chunk}ERROR late\n${info(9)}ERROR last\n`)
      const found = await fileLogs({ paths: file })
        .search({ level: 'error', from: new Date(MS + 5) })
        .collect()
      expect(found.entries.map(({ message }) => message)).toEqual(['ERROR late', 'ERROR last'])
    } finally {
      rmSync(own, { recursive: true })
    }
  })

  it('gives the trace of each line, and the file', async () => {
    const { entries } = await search({ text: 'payment refused' })
    expect(entries).toMatchObject([{ traceId: TRACE, labels: { file: path.join(folder, 'orders.log') } }])
  })

  it('counts the bytes that it read', async () => {
    const { stats } = await search({ service: 'orders' })
    expect(stats).toMatchObject({ requests: 0, retries: 0, storeBytes: 0 })
    const plain = ['orders.log', 'text.log'].map((name) => statSync(path.join(folder, name)).size).reduce((a, b) => a + b)
    expect(stats.bytes).toBeGreaterThan(plain)
  })
})
