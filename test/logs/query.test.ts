import { expect, it, vi } from 'vitest'
import { SpanlogError } from '../../src/errors.js'
import { logQuery, parseRequest, type VerdictDraft } from '../../src/logs/query.js'
import type { LogEntry, LogQuery, LogQueryOptions } from '../../src/logs/types.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const entry = (line: string, mention = false): LogEntry => ({
  line,
  fields: {},
  metadata: {},
  labels: {},
  ...(mention && { mention: true }),
})

function query(read: (draft: VerdictDraft) => AsyncGenerator<LogEntry, void>, options: LogQueryOptions = {}): LogQuery {
  return logQuery(parseRequest(TRACE, options), read)
}

it('a source that claims nothing has proven nothing', async () => {
  const { entries, verdict } = await query(async function* () {
    yield entry('a')
  }).collect()
  expect(entries).toHaveLength(1)
  expect(verdict).toEqual({ complete: false, entries: 1, mentions: 0, skipped: 0, reasons: [] })
})

it('a claim made too early does not hold for a caller who stopped', async () => {
  const closed = vi.fn<() => void>()
  const asked = query(async function* (draft) {
    draft.complete = true
    try {
      yield entry('a')
      yield entry('b')
    } finally {
      closed()
    }
  })
  for await (const _ of asked) break
  expect(closed).toHaveBeenCalledOnce()
  expect(await asked.verdict()).toMatchObject({ complete: false, reasons: [{ code: 'STOPPED_EARLY' }] })
})

it('an iterator that is returned before its first step ends the query without asking the source', async () => {
  const began = vi.fn<() => void>()
  const asked = query(async function* () {
    began()
    yield entry('a')
  })
  await asked[Symbol.asyncIterator]().return?.()
  expect(await asked.verdict()).toMatchObject({ complete: false, entries: 0 })
  expect(began).not.toHaveBeenCalled()
})

it.each<[string, unknown, { code: string; message: string }]>([
  [
    'an error of ours',
    new SpanlogError('LOKI_REFUSED', 'no'),
    { code: 'LOKI_REFUSED', message: 'no; the answer says why; correct the selector, the window or the limit.' },
  ],
  ['an error of another kind', new TypeError('x is not a function'), { code: 'UNEXPECTED', message: 'TypeError: x is not a function' }],
  ['something that is no error', 'text', { code: 'UNEXPECTED', message: 'text' }],
])('%s that the source throws ends the query and becomes a reason', async (_, error, reason) => {
  const { entries, verdict } = await query(async function* (draft) {
    draft.complete = true
    yield entry('a')
    throw error
  }).collect()
  expect(entries).toHaveLength(1)
  expect(verdict).toMatchObject({ complete: false, entries: 1, reasons: [reason] })
})

it('an abort does not wait for a source that hangs', async () => {
  const controller = new AbortController()
  const asked = query(
    async function* () {
      yield entry('a')
      await new Promise(() => {})
    },
    { signal: controller.signal },
  )
  const collecting = asked.collect()
  controller.abort()
  expect((await collecting).verdict).toMatchObject({ complete: false, reasons: [{ code: 'ABORTED' }] })
})

it('mentions that the source left out and those it yields are counted together', async () => {
  const read = async function* (draft: VerdictDraft): AsyncGenerator<LogEntry, void> {
    draft.mentions += 2
    yield entry('a')
    yield entry('b', true)
  }
  expect(await query(read).collect()).toMatchObject({ entries: [{ line: 'a' }], verdict: { entries: 1, mentions: 3 } })
  expect(await query(read, { mentions: true }).collect()).toMatchObject({ entries: [{}, {}], verdict: { entries: 2, mentions: 3 } })
})
