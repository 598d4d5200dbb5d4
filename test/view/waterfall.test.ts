import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import type { LogEntry } from 'spanlog/logs'
import type { TraceSpan } from 'spanlog/traces'
import { describe, expect, it } from 'vitest'
import { outline } from '../../src/view/outline.js'
import { displayWidth } from '../../src/view/terminal/text.js'
import { drawWaterfall, type WaterfallOptions } from '../../src/view/terminal/waterfall.js'
import { arrange } from '../../src/view/tree.js'
import { anyTrace, idOf } from '../analysis/traces.js'
import { line, span, t0, traceId } from './draw.js'

function draw(spans: TraceSpan[], entries: LogEntry[], options: WaterfallOptions = {}): string[] {
  return [...drawWaterfall({ traceId, trace: { traceId, spans }, entries }, options)]
}

/** A picture as it stands in this file, without its indentation and the line breaks around it. */
function drawn(strings: TemplateStringsArray): string {
  return (strings.raw[0] ?? '').replaceAll('\n      ', '\n').trim()
}

const checkout = [
  span('a', undefined, 'gateway/POST /checkout', 0, 1200),
  span('b', 'a', 'orders/POST /orders', 100, 1000),
  span('c', 'b', 'payments/charge', 480, 780, {
    status: { code: 'error', message: 'refused' },
    events: [{ timeUnixNano: t0, name: 'exception', attributes: { 'exception.type': 'CardError', 'exception.message': 'card refused' } }],
  }),
  span('d', 'a', 'gateway/render', 1150, 1150.5),
]

const pictures: { name: string; spans: TraceSpan[]; entries: LogEntry[]; picture: string }[] = [
  {
    name: 'a trace over three services: each line under its span, between its children by time; the failure marked',
    spans: checkout,
    entries: [
      line('a', 0, 'info', 'request received', { fields: { url: '/checkout' } }),
      line('b', 101, 'debug', 'creating order', { fields: { orderId: 7, note: 'two words' } }),
      line('c', 700, 'error', 'charging failed', { fields: { err: { type: 'CardError' } } }),
      line('b', 990, 'warn', 'order failed'),
      line('a', 1100, 'info', 'between two children'),
      line('a', 1199, 'info', 'done'),
    ],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  1.20s  4 spans  3 services  1 error  6 lines
      The error began in payments "charge" (CardError: card refused); 50 % of the time
      (600ms) went into orders "POST /orders".

      gateway POST /checkout                ███░░░░░░░░░░░░░░░░░░░░░░░░█████     1.20s
      │ info  request received  url=/checkout                                      +0s
      ├ orders POST /orders                    ██████████░░░░░░░░██████          900ms
      │ │ debug creating order  orderId=7 note="two words"                      +101ms
      │ └ ✗ payments charge                              ████████                300ms
      │     ✗ CardError: card refused
      │     ERROR charging failed  err={"type":"CardError"}                     +700ms
      │   warn  order failed                                                    +990ms
      │ info  between two children                                              +1.10s
      └ render                                                             ▏     500µs
        info  done                                                              +1.20s
    `,
  },
  {
    name: 'calls whose names are a method or a command alone, told apart by where they go; a headline that says no path twice',
    spans: [
      span('a', undefined, 'gateway/POST /checkout', 0, 100, { kind: 'server', attributes: { 'url.path': '/checkout' } }),
      span('b', 'a', 'gateway/GET', 10, 30, {
        kind: 'client',
        attributes: { 'http.request.method': 'GET', 'url.full': 'http://me:secret@shop:8080/items/7?key=secret' },
      }),
      span('c', 'b', 'catalog/GET', 12, 28, { kind: 'server', attributes: { 'http.method': 'GET', 'http.target': '/items/7' } }),
      span('d', 'c', 'catalog/GET', 14, 20, { kind: 'client', attributes: { 'db.operation.name': 'GET', 'db.system.name': 'redis' } }),
    ],
    entries: [],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  100ms  4 spans  2 services  0 errors  0 lines
      80 % of the time (80.0ms) went into gateway "POST /checkout".

      gateway POST /checkout                ███░░░░░░░██████████████████████     100ms
      └ GET shop:8080/items/7                  █░░░░░█                          20.0ms
        └ catalog GET /items/7                  ░░███                           16.0ms
          └ GET redis                           ██                              6.00ms
    `,
  },
  {
    name: 'several roots and an orphan, each at the top by its start, the missing parent named',
    spans: [
      span('b', undefined, 'mail/send', 20, 30),
      span('c', 'f', 'orders/lost child', 10, 20),
      span('a', undefined, 'gateway/GET /', 0, 40),
    ],
    entries: [],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  40.0ms  3 spans  3 services  0 errors  0 lines
      100 % of the time (40.0ms) went into gateway "GET /".
      1 span that others name as their parent is missing: what it did is not shown.

      gateway GET /                         ████████████████████████████████    40.0ms
      orders lost child                             ░░░░░░░░                    10.0ms
        ? its parent f000000000000000 is not in the trace
      mail send                                             ░░░░░░░░            10.0ms
    `,
  },
  {
    name: 'lines of a missing span, without a span, without a time, and mentions: each in a section of its own',
    spans: [span('a', undefined, 'api/GET /', 0, 10)],
    entries: [
      line('a', 1, 'info', 'has a time'),
      line('a', undefined, 'info', 'has none: stays behind the one before'),
      line('9', 5, 'warn', 'its span was not exported', { service: 'db' }),
      line('', 7, 'info', 'logged outside of any span'),
      line('', 12, 'info', 'retry of that trace', { mention: true }),
    ],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  10.0ms  1 span  1 service  0 errors  4 lines

      api GET /                             ████████████████████████████████    10.0ms
        info  has a time                                                       +1.00ms
        info  has none: stays behind the one before

      1 line of a span not in the trace
        9000000000000000 db warn  its span was not exported                    +5.00ms

      1 line without a span
        api info  logged outside of any span                                   +7.00ms

      1 line mentioning the trace only
        api info  retry of that trace                                          +12.0ms
    `,
  },
  {
    name: 'a cycle of parents, cut at its earliest span, and a span that is its own parent',
    spans: [
      span('a', 'c', 'api/first', 0, 30),
      span('b', 'a', 'api/second', 5, 20),
      span('c', 'b', 'api/third', 10, 15),
      span('d', 'd', 'api/own parent', 20, 30),
    ],
    entries: [],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  30.0ms  4 spans  1 service  0 errors  0 lines
      50 % of the time (15.0ms) went into api "first".
      2 cycles of spans that are each other’s ancestors were cut.

      api first                             █████░░░░░░░░░░░░░░░░███████████    30.0ms
      │ ? its parent c000000000000000 is its own descendant: the cycle is cut here
      └ second                                   ██████░░░░░█████               15.0ms
        └ third                                        █████                    5.00ms
      api own parent                                             ░░░░░░░░░░░    10.0ms
        ? its parent d000000000000000 is its own descendant: the cycle is cut here
    `,
  },
  {
    name: 'a trace without a length, and a span that ends before it starts',
    spans: [span('a', undefined, 'api/instant', 0, 0), span('b', 'a', 'api/clock went back', 0, -5)],
    entries: [],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  0s  2 spans  1 service  0 errors  0 lines

      api instant                           ▏                                       0s
      └ clock went back                     ▏                                  -5.00ms
    `,
  },
  {
    name: 'an exception that the span survived, and a status message that no exception holds',
    spans: [
      span('a', undefined, 'api/GET /', 0, 10, {
        events: [{ timeUnixNano: t0, name: 'exception', attributes: { 'exception.type': 'Timeout', 'exception.message': 'tried again' } }],
      }),
      span('b', 'a', 'api/retry', 5, 10, { status: { code: 'error', message: 'gave up' } }),
    ],
    entries: [],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  10.0ms  2 spans  1 service  1 error  0 lines
      The error began in api "retry" (gave up); 50 % of the time (5.00ms) went into
      api "GET /".

      api GET /                             ████████████████░░░░░░░░░░░░░░░░    10.0ms
      │ ! Timeout: tried again
      └ ✗ retry                                             ████████████████    5.00ms
          ✗ gave up
    `,
  },
  {
    name: 'hostile text in every place: nothing of it acts on the terminal',
    spans: [
      span('a', undefined, 'a\u001b[2Jpi/GET \u202e/\u0000', 0, 10, {
        parentSpanId: '\u001b[0m',
        status: { code: 'error', message: 'line one\nline two \u001b]8;;http://evil\u0007link' },
      }),
    ],
    entries: [
      line('a', 1, 'info', 'bell\u0007 \u009b31m del\u007f \u2028', { fields: { 'k\r': '\u200b' } }),
      line('', 2, 'info', 'x', { service: '\u001b[31m', severity: { number: 9, text: 'i\u0008o' } }),
    ],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  10.0ms  1 span  1 service  1 error  2 lines
      The error began in a\x1b[2Jpi "GET \u202e/\x00" (line one line two
      \x1b]8;;http://evil\x07link).
      The span that caused this is not in the trace.

      ✗ a\x1b[2Jpi GET \u202e/\x00          ████████████████████████████████    10.0ms
        ? its parent \x1b[0m is not in the trace
        ✗ line one\nline two \x1b]8;;http://evil\x07link
        info  bell\x07 \x9b31m del\x7f \u2028  k\r=\u200b                      +1.00ms

      1 line without a span
        \x1b[31m i\x08o x                                                      +2.00ms
    `,
  },
  {
    name: 'wide characters and emoji, the columns still straight',
    spans: [span('a', undefined, '注文/注文を作成する処理の名前がとても長い場合', 0, 10), span('b', 'a', '注文/👩‍👩‍👧 e\u0301 🇯🇵', 5, 10)],
    entries: [line('a', 1, 'info', '注文を受け付けました '.repeat(6))],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  10.0ms  2 spans  1 service  0 errors  1 line
      50 % of the time (5.00ms) went into 注文
      "注文を作成する処理の名前がとても長い場合".

      注文 注文を作成する処理の名前がとて…  ████████████████░░░░░░░░░░░░░░░░    10.0ms
      │ info  注文を受け付けました 注文を受け付けました 注文を受け付けまし…    +1.00ms
      └ 👩‍👩‍👧 é 🇯🇵                                             ████████████████    5.00ms
    `,
  },
  {
    name: 'an error that only a line tells of, said above',
    spans: [span('a', undefined, 'orders/POST /orders', 0, 10), span('b', 'a', 'orders/charge', 2, 8)],
    entries: [line('b', 5, 'error', 'payment refused'), line('a', 9, 'error', 'gave up')],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  10.0ms  2 spans  1 service  2 lines (2 errors)
      No span failed, but orders "charge" logged the first of 2 errors: payment
      refused; 60 % of the time (6.00ms) went into orders "charge".

      orders POST /orders                   ██████░░░░░░░░░░░░░░░░░░░░██████    10.0ms
      └ charge                                    ████████████████████          6.00ms
          ERROR payment refused                                                +5.00ms
        ERROR gave up                                                          +9.00ms
    `,
  },
  {
    name: 'a failure that error.type alone tells of',
    spans: [span('a', undefined, 'orders/GET', 0, 10, { attributes: { 'error.type': '503', 'http.response.status_code': 503 } })],
    entries: [],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  10.0ms  1 span  1 service  1 error  0 lines
      The error began in orders "GET" (HTTP 503).

      ✗ orders GET                          ████████████████████████████████    10.0ms
        ✗ HTTP 503
    `,
  },
  {
    name: 'levels past the room for guides, as a number and the last few guides',
    spans: Array.from({ length: 13 }, (_, i) => span(`a${i}b`, i === 0 ? undefined : `a${i - 1}b`, `api/level ${i}`, i, 20)),
    entries: [line('a12b', 15, 'info', 'deep down')],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  20.0ms  13 spans  1 service  0 errors  1 line
      40 % of the time (8.00ms) went into api "level 12".

      api level 0                           ██░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    20.0ms
      └ level 1                               █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    19.0ms
        └ level 2                              ██░░░░░░░░░░░░░░░░░░░░░░░░░░░    18.0ms
          └ level 3                              █░░░░░░░░░░░░░░░░░░░░░░░░░░    17.0ms
            └ level 4                             ██░░░░░░░░░░░░░░░░░░░░░░░░    16.0ms
              └ level 5                             ██░░░░░░░░░░░░░░░░░░░░░░    15.0ms
                └ level 6                             █░░░░░░░░░░░░░░░░░░░░░    14.0ms
                  └ level 7                            ██░░░░░░░░░░░░░░░░░░░    13.0ms
                    └ level 8                            █░░░░░░░░░░░░░░░░░░    12.0ms
                      └ level 9                           ██░░░░░░░░░░░░░░░░    11.0ms
      10›             └ level 10                            ██░░░░░░░░░░░░░░    10.0ms
      11›             └ level 11                              █░░░░░░░░░░░░░    9.00ms
      12›             └ level 12                               █████████████    8.00ms
      13›               info  deep down                                        +15.0ms
    `,
  },
  {
    name: 'lines alone, where no span of the trace was found',
    spans: [],
    entries: [line('a', 1, 'info', 'one'), line('', 3, 'error', 'two', { service: 'orders' })],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  2.00ms  0 spans  2 services  2 lines (1 error)

      2 lines and no span of the trace
        api info  one                                                              +0s
        orders ERROR two                                                       +2.00ms
    `,
  },
]

const query = { kind: 'client' as const, attributes: { 'db.query.text': 'SELECT *\n  FROM item WHERE id = $1' } }
const list = [
  span('a', undefined, 'shop/GET /items', 0, 100, { kind: 'server' }),
  ...Array.from({ length: 9 }, (_, i) => span(`b${i}`, 'a', 'shop/SELECT item', 5 + 10 * i, 13 + 10 * i, query)),
  span('c', 'a', 'bank/charge', 96, 98, { status: { code: 'error', message: 'refused' }, resource: { 'host.name': 'bank-1' } }),
  span('d', 'c', 'bank/audit', 96.5, 97, { links: [{ traceId: 'e'.repeat(32), spanId: 'f'.repeat(16), attributes: { reason: 'batch' } }] }),
]
const listLines = [
  line('a', 1, 'info', 'listing', { service: 'shop' }),
  line('b3', 36, 'debug', 'a row', { service: 'shop' }),
  line('c', 97, 'error', 'no money', { service: 'bank' }),
]

const heading = drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  100ms  12 spans  2 services  1 error  3 lines
      The error began in bank "charge" (refused); shop "GET /items" did not fail with
      it; 72 % of the time (72.0ms) went into 9 × shop "SELECT item": SELECT * FROM
      item WHERE id = $1.
`
/** What stands below the heading, and below a further sentence of it. */
const choices: { name: string; options: WaterfallOptions; picture: string; further?: string }[] = [
  {
    name: 'calls alike as one row, and in the first sentence what they ask for',
    options: {},
    picture: drawn`
      shop GET /items                       ██░░█░░█░░░░░░░░░█░░█░░█░░░░░░██     100ms
      │ info  listing                                                          +1.00ms
      ├ 9 × SELECT item                       ██ ██ █████████ ██ ██ ██████      88.0ms
      │   … 8.00ms each, with 1 line; --all shows them one by one
      └ ✗ bank charge                                                      ▏    2.00ms
        │ ✗ refused
        └ audit                                                            ▏     500µs
          ERROR no money                                                       +97.0ms
    `,
  },
  {
    name: 'all of them, where that is asked for, down to a depth',
    options: { all: true, depth: 1 },
    picture: drawn`
      shop GET /items                       ██░░█░░█░░░░░░░░░█░░█░░█░░░░░░██     100ms
      │ info  listing                                                          +1.00ms
      ├ SELECT item                           ██                                8.00ms
      ├ SELECT item                              ██                             8.00ms
      ├ SELECT item                                 ███                         8.00ms
      ├ SELECT item                                    ███                      8.00ms
      │   debug a row                                                          +36.0ms
      ├ SELECT item                                       ███                   8.00ms
      ├ SELECT item                                           ██                8.00ms
      ├ SELECT item                                              ██             8.00ms
      ├ SELECT item                                                 ███         8.00ms
      ├ SELECT item                                                    ███      8.00ms
      └ ✗ bank charge                                                      ▏    2.00ms
          ✗ refused
          … 1 span below
          ERROR no money                                                       +97.0ms
    `,
  },
  {
    name: 'only what failed, and what stands above it without its lines',
    options: { only: 'errors' },
    picture: drawn`
      shop GET /items                       ██░░█░░█░░░░░░░░░█░░█░░█░░░░░░██     100ms
      └ ✗ bank charge                                                      ▏    2.00ms
          ✗ refused
          ERROR no money                                                       +97.0ms
      … 10 spans and 2 lines not shown
    `,
  },
  {
    name: 'only one service, with all that its spans say',
    options: { services: ['bank'], attributes: true },
    picture: drawn`
      shop GET /items                       ██░░█░░█░░░░░░░░░█░░█░░█░░░░░░██     100ms
      └ ✗ bank charge                                                      ▏    2.00ms
        │ ✗ refused
        │ resource
        │   host.name bank-1
        └ audit                                                            ▏     500µs
            link to trace eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee span ffffffffffffffff
              reason batch
          ERROR no money                                                       +97.0ms
      … 9 spans and 2 lines not shown
    `,
  },
  {
    name: 'spans against their budgets: the slowest call of a fold, and the root',
    options: { budgets: { operations: [{ name: 'SELECT item', p95Ms: 5, maxMs: 7 }], traces: { criticalPathMs: 200 } } },
    further: '9 of 10 spans that have a budget took longer.',
    picture: drawn`
      shop GET /items                       ██░░█░░█░░░░░░░░░█░░█░░█░░░░░░██     100ms
      │ ✓ within its budget: criticalPathMs allows 200ms
      │ info  listing                                                          +1.00ms
      ├ 9 × SELECT item                       ██ ██ █████████ ██ ██ ██████      88.0ms
      │   ! over its budget: 8.00ms, maxMs allows 7.00ms
      │   … 8.00ms each, with 1 line; --all shows them one by one
      └ ✗ bank charge                                                      ▏    2.00ms
        │ ✗ refused
        └ audit                                                            ▏     500µs
          ERROR no money                                                       +97.0ms
    `,
  },
]

describe('the waterfall', () => {
  it.each(pictures)('draws $name', ({ spans, entries, picture }) => {
    expect(draw(spans, entries).join('\n')).toBe(picture)
    expect(draw(spans, entries).filter((row) => displayWidth(row) > 80)).toEqual([])
  })

  it.each(pictures)('says the same in colour: $name', ({ spans, entries }) => {
    const colored = draw(spans, entries, { color: true })
    expect(colored.map((row) => stripVTControlCharacters(row))).toEqual(draw(spans, entries))
  })

  it.each(choices)('shows $name', ({ options, picture, further }) => {
    const sentences = further === undefined ? [heading] : [heading, further]
    expect(draw(list, listLines, options).join('\n')).toBe([...sentences, '', picture].join('\n'))
  })

  it('shows or counts every span and every line, whatever is chosen', () => {
    const option = fc.record(
      {
        only: fc.constant('errors' as const),
        services: fc.subarray(['shop', 'bank', 'mail'], { minLength: 1 }),
        depth: fc.nat(4),
        all: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(anyTrace, fc.array(fc.nat(12)), option, (trace, spanIds, options) => {
        const entries = spanIds.map((id, i) => line(idOf(`s${id}`), i, i % 3 === 0 ? 'error' : 'info', `line ${i}`))
        const tree = arrange(trace, entries)
        const { roots, hidden } = outline(tree.roots, options)
        const sum = { ...hidden }
        const todo = [...roots]
        for (const { span: one, children, lines, folded = [one], below = { spans: 0, lines: 0 } } of todo) {
          sum.spans += folded.length + below.spans
          sum.lines += lines.length + below.lines
          todo.push(...children)
        }
        expect(sum).toEqual({ spans: trace.spans.length, lines: entries.length - tree.astray.length - tree.spanless.length })
      }),
    )
  })

  it('colours each service by itself, errors in red', () => {
    const rows = draw(checkout, [], { color: true })
    expect(rows[4]).toContain('\u001b[36m')
    expect(rows[5]).toContain('\u001b[35m')
    expect(rows[6]).toContain('\u001b[31m')
  })

  it.each([40, 60, 80, 200])('keeps to %i columns', (width) => {
    for (const { spans, entries } of pictures)
      expect(draw(spans, entries, { width }).filter((row) => displayWidth(row) > width)).toEqual([])
  })

  const hexId = (i: number) => i.toString(16).padStart(16, '0')
  it.each([
    ['a chain of 100,000 spans', 100_000, (i: number) => (i === 0 ? undefined : hexId(i - 1))],
    // A stack overflows long before.
    ['a span with 30,000 children', 30_000, (i: number) => (i === 0 ? undefined : hexId(0))],
    ['a ring of 30,000 spans', 30_000, (i: number) => hexId((i + 29_999) % 30_000)],
  ])('draws %s without overflowing the stack', (_name, count, parent) => {
    const spans = Array.from({ length: count }, (_, i) => span(hexId(i), parent(i), `api/${i}`, i, 100_000))
    const rows = draw(spans, [line(hexId(count - 1), count - 1, 'info', 'the last')], { all: true })
    expect(rows.filter((row) => /[█░▏]/.test(row))).toHaveLength(count)
    expect(rows.at(-1)).toContain('the last')
    expect(Math.max(...rows.slice(-1000).map(displayWidth))).toBe(80)
  })

  it('draws every span and every line once, in rows of the width without control characters, whatever the text and the parents', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', '\u001b')
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    const anySpan = fc
      .tuple(id, fc.option(id, { nil: undefined }), text, fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }))
      .map(([own, parent, name, from, to]) => span(own, parent, `${name}/${name}`, from, to))
    const anyLine = fc
      .tuple(fc.option(id, { nil: '' }), fc.option(fc.integer({ min: -90, max: 90 }), { nil: undefined }), text, fc.dictionary(text, text))
      .map(([own, ms, message, fields]) => line(own, ms, 'error', message, { fields }))
    fc.assert(
      fc.property(fc.array(anySpan), fc.array(anyLine), fc.integer({ min: 40, max: 100 }), (spans, entries, width) => {
        const rows = draw(spans, entries, { width, all: true })
        expect(rows.filter((row) => /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(row) || displayWidth(row) > width)).toEqual([])
        expect(rows.filter((row) => /[█░▏] *-?(\d[\d.]*([nµm]?s)|\d+m \d\ds)$/.test(row))).toHaveLength(spans.length)
        expect(rows.filter((row) => /(^|[ │›])ERROR( |$)/.test(row))).toHaveLength(entries.length)
      }),
    )
  })
})
