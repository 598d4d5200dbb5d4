import { expect, it, vi } from 'vitest'
import { SpanlogError } from '../../src/errors.js'
import { conclude, logQuery, parseRequest, parseSearch, type VerdictDraft } from '../../src/logs/query.js'
import { matches } from '../../src/logs/search.js'
import type { LogEntry, LogQuery, LogQueryOptions, LogSearch } from '../../src/logs/types.js'

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

it.each<[number, number, boolean, string[]]>([
  [0, 0, true, ['HOLDS_FOR']],
  [1, 0, false, ['LINES_SKIPPED']],
  [0, 1, false, ['A_DOUBT']],
  [2, 1, false, ['A_DOUBT', 'LINES_SKIPPED']],
])('with %i lines skipped and %i doubts complete is %s', async (skipped, doubts, complete, codes) => {
  const { verdict } = await query(async function* (draft) {
    yield entry('a')
    draft.skipped = skipped
    if (doubts > 0) draft.reasons.push({ code: 'A_DOUBT', message: '' })
    conclude(draft, 'everything')
  }).collect()
  expect([verdict.complete, verdict.reasons.map(({ code }) => code)]).toEqual([complete, codes])
})

it('what a source counts is seen while it reads', async () => {
  const asked = query(async function* (draft) {
    draft.stats.requests++
    yield entry('a')
    draft.stats.requests++
  })
  expect(asked.stats.requests).toBe(0)
  for await (const _ of asked) expect(asked.stats.requests).toBe(1)
  expect(asked.stats.requests).toBe(2)
})

it.each<[string, unknown, string, string]>([
  ['something that is no object', 'error', 'INVALID_OPTION', '`options`'],
  ['an option that does not exist', { mentions: true }, 'INVALID_OPTION', 'no option `mentions`'],
  ['a level that nobody knows', { level: 'loud' }, 'INVALID_OPTION', '`level`'],
  ['an empty service', { service: '' }, 'INVALID_OPTION', '`service`'],
  ['an empty text', { text: '' }, 'INVALID_OPTION', '`text`'],
  ['a text that is none', { text: 5 }, 'INVALID_OPTION', '`text`'],
  ['traced as a text', { traced: 'yes' }, 'INVALID_OPTION', '`traced`'],
  ['a limit of 0', { limit: 0 }, 'INVALID_OPTION', '`limit`'],
  ['bytes in words', { maxBytes: '1 GB' }, 'INVALID_OPTION', '`maxBytes`'],
  ['a time in words', { from: 'yesterday' }, 'INVALID_TIME', '`from`'],
])('a search refuses %s', (_, options, code, message) => {
  expect(() => parseSearch(options as LogSearch)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
})

const severe = { ...entry('{"msg":"refused"}'), severity: { number: 17, text: 'error' }, service: 'orders', traceId: TRACE }
it.each<[string, LogSearch, LogEntry, boolean]>([
  ['nothing asked', {}, entry('a'), true],
  ['a level that is reached', { level: 'ERROR' }, severe, true],
  ['a level above it', { level: 'fatal' }, severe, false],
  ['any level of a line without one', { level: 'trace' }, entry('a'), false],
  ['its service', { service: 'orders' }, severe, true],
  ['another service', { service: 'order' }, severe, false],
  ['a text in it', { text: '"refused"' }, severe, true],
  ['a text in another case', { text: 'Refused' }, severe, false],
  ['a pattern', { text: /REF/i }, severe, true],
  ['a trace', { traced: true }, severe, true],
  ['a trace of a line without one', { traced: true }, entry('a'), false],
  ['all of it but one', { level: 'error', service: 'orders', text: 'paid' }, severe, false],
])('whether a line fits a search by %s', (_, search, line, fits) => {
  expect(matches(line, parseSearch(search))).toBe(fits)
})

it('a pattern with the flags g and y matches the same line as often as it is asked', () => {
  const search = parseSearch({ text: /ref/gy })
  expect([1, 2, 3].map(() => matches(entry('ref'), search))).toEqual([true, true, true])
  expect(matches(entry('a ref'), search)).toBe(true)
})
