import fc from 'fast-check'
import { type ErrorReport, findErrors } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import type { LogEntry } from '../../src/logs/types.js'
import type { Trace } from '../../src/traces/types.js'
import { anyTrace, chain, deepFreeze, drawn, epoch, idOf, span, traceId, traceOf } from './traces.js'

const origins = ({ groups }: ErrorReport) => groups.flatMap((group) => group.origins)
/** `origin > spread > spread, handled by x`, one a line, sorted. */
const told = (report: ErrorReport) =>
  origins(report)
    .map(
      ({ name, spread, handledBy }) =>
        [name, ...spread.map((s) => s.name)].join(' > ') + (handledBy ? `, handled by ${handledBy.name}` : ''),
    )
    .toSorted()

describe('what an error likely follows from', () => {
  it.each([
    [
      'is the error below that somebody caught before it',
      `
      root:server!           |-----------|
      call<root:client         |------|
      api<call:server!         |-----|
      db<api:client!             |--|`,
      { root: 'db' },
    ],
    [
      'is the last of several, and each has its own',
      `
      root:server!           |------------------|
      one<root:client          |---|
      a<one:server!             |-|
      two<root:client                |------|
      b<two:server!                  |-----|
      deep<b:client                   |--|
      c<deep:server!                  |-|`,
      { root: 'b', b: 'c' },
    ],
    [
      'is no error that a second attempt made good',
      `
      root:server!           |------------------|
      work<root                |-----------|
      get<work:client!         |--|
      get<work:client               |--|`,
      {},
    ],
    [
      'is no error that came later',
      `
      root:server!           |----|
      call<root:client         |--------|
      api<call:server!         |-------|`,
      {},
    ],
    [
      'does not lie behind a queue',
      `
      root:server!           |------------|
      send<root:producer       |--|
      work<send:consumer!         |--|`,
      {},
    ],
  ])('%s', (_name, picture, expected) => {
    const found = origins(findErrors(drawn(picture))).flatMap(({ name, causedBy }) =>
      causedBy === undefined ? [] : [[name, causedBy.name]],
    )
    expect(Object.fromEntries(found)).toEqual(expected)
  })
})

describe('where an error began and how far it went', () => {
  it.each([
    [
      'is the deepest failed span, with those above that failed with it',
      `
      root!         |---------|
      api<root!       |-----|
      db<api!           |--|`,
      ['db > api > root'],
    ],
    [
      'goes through internal spans that nobody marked',
      `
      root:server!           |---------|
      work<root                |-----|
      db<work:client!            |--|`,
      ['db > root'],
    ],
    [
      'is stopped by an answer that did not fail',
      `
      root:server!           |---------|
      call<root:client!        |-----|
      bank<call:server@bank     |---|
      db<bank:client@bank!       |-|`,
      ['call > root', 'db, handled by bank'],
    ],
    [
      'does not cross from a consumer to its producer',
      `
      root:producer!         |---------|
      job<root:consumer!         |-----|`,
      ['job', 'root'],
    ],
    [
      'crosses from a consumer to a server that called it',
      `
      root:server!           |---------|
      job<root:consumer!         |-----|`,
      ['job > root'],
    ],
    [
      'has two beginnings where two calls failed',
      `
      root!         |---------|
      one<root!       |-|
      two<root!          |--|`,
      ['one > root', 'two > root'],
    ],
    [
      'is an orphan where its parent is missing',
      `
      root          |---------|
      lost<gone!      |-|`,
      ['lost'],
    ],
    [
      'is found in a cycle of parents',
      `
      one<two!      |---------|
      two<one!        |-|`,
      ['two > one'],
    ],
    [
      'is nothing where nothing failed',
      `
      root          |---------|`,
      [],
    ],
  ])('%s', (_, picture, expected) => {
    expect(told(findErrors(deepFreeze(drawn(picture))))).toEqual(expected)
  })

  it('is over at a later attempt at the same call, but not at another call of the operation', () => {
    const call = (name: string, start: number, path: string, code: 'error' | 'unset') =>
      span({
        name: 'GET',
        spanId: idOf(name),
        parent: 'root',
        kind: 'client',
        start,
        end: start + 2,
        attributes: { 'url.full': path },
        status: { code },
      })
    const root = span({ start: 0, end: 20, status: { code: 'error' } })
    expect(told(findErrors(traceOf(root, call('a', 1, '/x', 'error'), call('b', 5, '/x', 'unset'))))).toEqual([
      'GET, handled by root',
      'root',
    ])
    expect(told(findErrors(traceOf(root, call('a', 1, '/x', 'error'), call('b', 5, '/y', 'unset'))))).toEqual(['GET > root'])
  })

  it('is stopped by a span whose status is ok: somebody said so', () => {
    const root = span({ status: { code: 'error' } })
    const failed = span({ name: 'db', parent: 'work', status: { code: 'error' } })
    expect(told(findErrors(traceOf(root, span({ name: 'work', parent: 'root' }), failed)))).toEqual(['db > root'])
    expect(told(findErrors(traceOf(root, span({ name: 'work', parent: 'root', status: { code: 'ok' } }), failed)))).toEqual([
      'db, handled by work',
      'root',
    ])
  })

  it('takes a chain of 100,000 failed spans: one origin, its spread cut at 100, its outermost span known', () => {
    const trace = chain(100_000)
    for (const s of trace.spans) s.status = { code: 'error' }
    const [origin, ...others] = origins(findErrors(trace))
    expect(others).toEqual([])
    expect(origin!.spread).toHaveLength(100)
    expect(origin!.outermost.spanId).toBe(trace.spans[0]!.spanId)
  })
})

describe('what an error is called', () => {
  const typeOf = (given: Parameters<typeof span>[0]) => {
    const [group] = findErrors(traceOf(span({ status: { code: 'error' }, ...given }))).groups
    return [group?.type, group?.message]
  }
  it.each([
    [
      'the type of the last exception',
      {
        attributes: { 'error.type': '500' },
        events: [
          { timeUnixNano: epoch, name: 'exception', attributes: { 'exception.type': 'RangeError', 'exception.message': 'a' } },
          {
            timeUnixNano: epoch,
            name: 'exception',
            attributes: { 'exception.type': 'TypeError', 'exception.message': 'x is not a function' },
          },
          { timeUnixNano: epoch, name: 'log', attributes: {} },
        ],
      },
      ['TypeError', 'x is not a function'],
    ],
    [
      'error.type, with the message of the status',
      { attributes: { 'error.type': 'ECONNREFUSED' }, status: { code: 'error' as const, message: 'refused' } },
      ['ECONNREFUSED', 'refused'],
    ],
    [
      'the HTTP status where error.type only repeats it',
      { attributes: { 'error.type': '503', 'http.response.status_code': 503 } },
      ['HTTP 503', undefined],
    ],
    ['the HTTP status of older conventions', { attributes: { 'http.status_code': 500 } }, ['HTTP 500', undefined]],
    ['the gRPC status', { attributes: { 'rpc.grpc.status_code': 14 } }, ['gRPC 14', undefined]],
    [
      'error where there is no word for it',
      { attributes: { 'http.response.status_code': 200, 'rpc.grpc.status_code': 0 } },
      ['error', undefined],
    ],
    ['found without a status too', { attributes: { 'error.type': 'timeout' }, status: { code: 'unset' as const } }, ['timeout', undefined]],
    [
      'nothing where the status is ok',
      { attributes: { 'error.type': 'timeout' }, status: { code: 'ok' as const } },
      [undefined, undefined],
    ],
  ])('%s', (_, given, expected) => {
    expect(typeOf(given)).toEqual(expected)
  })
})

describe('over many traces', () => {
  const request = (n: number, code: 'unset' | 'error'): Trace => {
    const id = n.toString(16).padStart(32, '0')
    return traceOf(
      span({
        traceId: id,
        name: `GET /${n % 2}`,
        spanId: idOf('root'),
        kind: 'server',
        start: n * 100,
        end: n * 100 + 50,
        status: { code },
      }),
      span({
        traceId: id,
        name: 'charge',
        parentSpanId: idOf('root'),
        kind: 'client',
        service: 'bank',
        start: n * 100 + 10,
        end: n * 100 + 20,
        status: { code },
      }),
    )
  }
  const traces = (['unset', 'error', 'error', 'unset', 'unset', 'error'] as const).map((code, n) => request(n, code))

  it('groups by type and service, with what was hit and how long each outage lasted', () => {
    const [group, ...others] = findErrors(deepFreeze(traces)).groups
    expect(others).toEqual([])
    expect(group).toMatchObject({
      service: 'bank',
      type: 'error',
      count: 3,
      traces: 3,
      handled: 0,
      services: ['bank', 'shop'],
      operations: [{ service: 'bank', name: 'charge', kind: 'client', count: 3 }],
      hit: [
        { name: 'GET /1', count: 2 },
        { name: 'GET /0', count: 1 },
      ],
      firstUnixNano: epoch + 120n,
      lastUnixNano: epoch + 520n,
    })
    expect(group!.outages.map(({ errors, fromUnixNano, lastedNano }) => [errors, fromUnixNano - epoch, lastedNano])).toEqual([
      [2, 120n, 200n],
      [1, 520n, undefined],
    ])
  })

  it('takes any collection of traces', () => {
    expect(findErrors(new Set(traces))).toEqual(findErrors(traces))
  })
})

describe('the lines around an error', () => {
  const line = (text: string, at?: number, given: Partial<LogEntry> = {}): LogEntry => ({
    ...(at !== undefined && { timeUnixNano: epoch + BigInt(at) }),
    line: text,
    traceId,
    fields: {},
    metadata: {},
    labels: {},
    ...given,
  })
  const trace = drawn(`
    root       |---------------------|
    db<root!         |---|`)
  const db = { spanId: idOf('db') }
  const shown = (entries: LogEntry[], lines?: number) =>
    origins(findErrors(trace, { entries: deepFreeze(entries), ...(lines !== undefined && { lines }) }))[0]!.lines.map((entry) => entry.line)
  const end = Number(trace.spans[1]!.endUnixNano - epoch)

  it('are those of its span first, then the nearest of the trace, in time order', () => {
    const entries = [
      line('far', end - 90, db),
      line('before', end - 2),
      line('after', end + 1),
      line('own', end - 8, db),
      line('late', end + 30),
    ]
    expect(shown(entries, 4)).toEqual(['far', 'own', 'before', 'after'])
    expect(shown(entries)).toEqual(['far', 'own', 'before', 'after', 'late'])
    expect(shown(entries, 0)).toEqual([])
  })

  it('are not those of another trace, nor lines that only mention it; one without a time stays behind its predecessor', () => {
    const entries = [
      line('a', end - 1),
      line('timeless'),
      line('b', end),
      line('other', end, { traceId: 'f'.repeat(32) }),
      line('mention', end, { mention: true }),
    ]
    expect(shown(entries)).toEqual(['a', 'timeless', 'b'])
  })

  it('of level error in a trace without a failed span are reported: nobody marked it', () => {
    const fine = drawn(`
      root     |----|`)
    const entries = [
      line('bad', 1, { severity: { number: 17, text: 'error' } }),
      line('fine', 2, { severity: { number: 9, text: 'info' } }),
    ]
    expect(findErrors(fine, { entries }).unmarked.map((entry) => entry.line)).toEqual(['bad'])
    expect(findErrors(trace, { entries }).unmarked).toEqual([])
  })
})

describe('findErrors', () => {
  it('accounts for each failed span once: it is an origin, or on the spread of one; whatever the trace', () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const report = findErrors(deepFreeze(trace))
        const failed = trace.spans.filter((s) => s.status.code === 'error').map((s) => `${s.spanId} ${s.kind} ${s.name} ${s.service}`)
        const seen = new Set(
          origins(report)
            .flatMap((o) => [o, o.spread].flat())
            .map((s) => `${s.spanId} ${s.kind} ${s.name} ${s.service}`),
        )
        expect([...seen].toSorted()).toEqual([...new Set(failed)].toSorted())
        expect(report.groups.reduce((sum, { count }) => sum + count, 0)).toBe(origins(report).length)
      }),
    )
  })

  it('refuses a count of lines that is none', () => {
    expect(() => findErrors([], { lines: -1 })).toThrow('Expected `lines` to be a whole number from 0, got -1 (number)')
    expect(() => findErrors([], { line: 1 } as never)).toThrow('findErrors has no option `line`')
  })
})
