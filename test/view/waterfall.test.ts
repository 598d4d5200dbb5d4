import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import type { LogEntry } from 'spanlog/logs'
import type { TraceSpan } from 'spanlog/traces'
import { describe, expect, it } from 'vitest'
import { displayWidth } from '../../src/view/terminal/text.js'
import { drawWaterfall } from '../../src/view/terminal/waterfall.js'
import { line, span, t0, traceId } from './draw.js'

function draw(spans: TraceSpan[], entries: LogEntry[], options = {}): string[] {
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

      gateway POST /checkout                ████████████████████████████████     1.20s
      │ info  request received  url=/checkout                                      +0s
      ├ orders POST /orders                    ████████████████████████          900ms
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
    name: 'several roots and an orphan, each at the top by its start, the missing parent named',
    spans: [
      span('b', undefined, 'mail/send', 20, 30),
      span('c', 'f', 'orders/lost child', 10, 20),
      span('a', undefined, 'gateway/GET /', 0, 40),
    ],
    entries: [],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  40.0ms  3 spans  3 services  0 errors  0 lines

      gateway GET /                         ████████████████████████████████    40.0ms
      orders lost child                             ████████                    10.0ms
        ? its parent f000000000000000 is not in the trace
      mail send                                             ████████            10.0ms
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

      api first                             ████████████████████████████████    30.0ms
      │ ? its parent c000000000000000 is its own descendant: the cycle is cut here
      └ second                                   ████████████████               15.0ms
        └ third                                        █████                    5.00ms
      api own parent                                             ███████████    10.0ms
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

      api GET /                             ████████████████████████████████    10.0ms
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

      注文 注文を作成する処理の名前がとて…  ████████████████████████████████    10.0ms
      │ info  注文を受け付けました 注文を受け付けました 注文を受け付けまし…    +1.00ms
      └ 👩‍👩‍👧 é 🇯🇵                                             ████████████████    5.00ms
    `,
  },
  {
    name: 'levels past the room for guides, as a number and the last few guides',
    spans: Array.from({ length: 13 }, (_, i) => span(`a${i}b`, i === 0 ? undefined : `a${i - 1}b`, `api/level ${i}`, i, 20)),
    entries: [line('a12b', 15, 'info', 'deep down')],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  20.0ms  13 spans  1 service  0 errors  1 line

      api level 0                           ████████████████████████████████    20.0ms
      └ level 1                               ██████████████████████████████    19.0ms
        └ level 2                              █████████████████████████████    18.0ms
          └ level 3                              ███████████████████████████    17.0ms
            └ level 4                             ██████████████████████████    16.0ms
              └ level 5                             ████████████████████████    15.0ms
                └ level 6                             ██████████████████████    14.0ms
                  └ level 7                            █████████████████████    13.0ms
                    └ level 8                            ███████████████████    12.0ms
                      └ level 9                           ██████████████████    11.0ms
      10›             └ level 10                            ████████████████    10.0ms
      11›             └ level 11                              ██████████████    9.00ms
      12›             └ level 12                               █████████████    8.00ms
      13›               info  deep down                                        +15.0ms
    `,
  },
  {
    name: 'lines alone, where no span of the trace was found',
    spans: [],
    entries: [line('a', 1, 'info', 'one'), line('', 3, 'error', 'two', { service: 'orders' })],
    picture: drawn`
      4bf92f3577b34da6a3ce929d0e0e4736  2.00ms  0 spans  2 services  1 error  2 lines

      2 lines and no span of the trace
        api info  one                                                              +0s
        orders ERROR two                                                       +2.00ms
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

  it('colours each service by itself, errors in red', () => {
    const rows = draw(checkout, [], { color: true })
    expect(rows[2]).toContain('\u001b[36m')
    expect(rows[3]).toContain('\u001b[35m')
    expect(rows[4]).toContain('\u001b[31m')
  })

  it.each([40, 60, 80, 200])('keeps to %i columns', (width) => {
    for (const { spans, entries } of pictures)
      expect(draw(spans, entries, { width }).filter((row) => displayWidth(row) > width)).toEqual([])
  })

  it.each([
    ['a chain of 100,000 spans', (i: number) => (i === 0 ? undefined : (i - 1).toString(16).padStart(16, '0'))],
    ['a span with 100,000 children', (i: number) => (i === 0 ? undefined : (0).toString(16).padStart(16, '0'))],
    ['a ring of 100,000 spans', (i: number) => ((i + 99_999) % 100_000).toString(16).padStart(16, '0')],
  ])(
    'draws %s without overflowing the stack',
    (_name, parent) => {
      const spans = Array.from({ length: 100_000 }, (_, i) => span(i.toString(16).padStart(16, '0'), parent(i), `api/${i}`, i, 100_000))
      const rows = draw(spans, [line((99_999).toString(16).padStart(16, '0'), 99_999, 'info', 'the last')])
      expect(rows.filter((row) => row.includes('█') || row.includes('▏'))).toHaveLength(100_000)
      expect(rows.at(-1)).toContain('the last')
      expect(Math.max(...rows.slice(-1000).map(displayWidth))).toBe(80)
    },
    60_000,
  )

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
        const rows = draw(spans, entries, { width })
        expect(rows.filter((row) => /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(row) || displayWidth(row) > width)).toEqual([])
        expect(rows.filter((row) => /[█▏] *-?(\d[\d.]*([nµm]?s)|\d+m \d\ds)$/.test(row))).toHaveLength(spans.length)
        expect(rows.filter((row) => /(^|[ │›])ERROR( |$)/.test(row))).toHaveLength(entries.length)
      }),
    )
  })
})
