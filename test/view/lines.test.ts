import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineDrawer } from '../../src/view/terminal/lines.js'
import { displayWidth } from '../../src/view/terminal/text.js'
import { line, t0, traceId } from './draw.js'

function draw(lines: ReturnType<typeof line>[], options = {}): string[] {
  return lines.flatMap(lineDrawer(options))
}

describe('a list of lines', () => {
  it('shows time, service, level, message and remaining fields, and the date once a day', () => {
    const day = 86_400_000
    expect(
      draw([
        line('a', 1, 'info', 'request received', {
          service: 'gateway',
          fields: { msg: 'request received', time: 1, level: 30, url: '/x' },
        }),
        line('b', 301.5, 'error', 'card refused', {
          service: 'pay',
          fields: { trace_id: 'x', span_id: 'y', orderId: 7, note: 'two words' },
        }),
        line('a', undefined, 'warn', 'no time', { service: 'gateway' }),
        line('a', day, 'debug', 'next day', { metadata: { pod: 'p-1' }, mention: true }),
      ]),
    ).toEqual([
      '2026-11-21 UTC',
      '04:00:00.001 gateway info  request received  url=/x',
      '04:00:00.301 pay     ERROR card refused  orderId=7 note="two words"',
      '             gateway warn  no time',
      '2026-11-22 UTC',
      '04:00:00.000 api     debug (mention) next day  pod=p-1',
    ])
  })

  it('leaves out what Loki adds to a line, and what OTLP says of the process', () => {
    const metadata = {
      detected_level: 'unknown',
      flags: '1',
      observed_timestamp: '1',
      scope_name: 'jobs',
      process_pid: '7',
      host_name: 'h',
    }
    const { severity: _, ...unknown } = line('a', 1, 'info', 'm', { metadata, fields: { flags: 'own' } })
    expect(draw([unknown]).at(-1)).toBe('04:00:00.001 api       m  scope_name=jobs flags=own')
  })

  it('shows a text line whole, and a line that has neither message nor fields as it was written', () => {
    const { severity: _, service: __, message: ___, ...bare } = line('a', 1, 'info', 'kernel: oops')
    expect(draw([bare]).at(-1)).toBe('04:00:00.001       kernel: oops')
  })

  it("shows the logger's own word for the level, and a field that only looks like one with its own column", () => {
    const notice = line('a', 1, 'info', 'm', { severity: { number: 10, text: 'notice' }, fields: { message: 'another', service: 'other' } })
    expect(draw([notice]).at(-1)).toBe('04:00:00.001 api notice m  message=another service=other')
  })

  it('wraps what is long under the message, up to 20 rows, and counts the rest', () => {
    const rows = draw([line('a', 1, 'info', 'word '.repeat(1000))], { width: 80 })
    expect(rows[1]).toBe(`04:00:00.001 api info  ${'word '.repeat(11).trim()}`)
    expect(rows[2]).toBe(`             ${'word '.repeat(13).trim()}`)
    expect(rows).toHaveLength(22)
    expect(rows.at(-1)).toMatch(/^ {13}… \d{4} more characters$/)
  })

  it.each([
    [
      'an error under `err`',
      { err: { type: 'TypeError', message: 'no card', stack: 'TypeError: no card\n    at pay (pay.js:1:2)\n    at run\u001b[2J' } },
    ],
    ['a stack beside the message', { stack: 'TypeError: no card\n    at pay (pay.js:1:2)\n    at run\u001b[2J' }],
    ['an exception in OpenTelemetry names', { 'exception.stacktrace': 'TypeError: no card\n    at pay (pay.js:1:2)\n    at run\u001b[2J' }],
  ])('puts the frames of %s below the line, one a row, escaped', (_, fields) => {
    const [head, ...frames] = draw([line('a', 1, 'error', 'failed', { fields })]).slice(1)
    expect(head).toBe(`04:00:00.001 api ERROR failed  ${Object.keys(fields)[0]}="TypeError: no card"`)
    expect(frames).toEqual(['               at pay (pay.js:1:2)', '               at run\\x1b[2J'])
  })

  it('keeps what else an error holds, and counts frames past 20', () => {
    const err = {
      type: 'E',
      message: '5 m',
      code: 7,
      details: 'm',
      at: { row: 1 },
      stack: `E: 5 m\n${'    at f (x.js)\n'.repeat(25)}`.trimEnd(),
    }
    const rows = draw([line('a', 1, 'error', 'failed', { fields: { err } })]).slice(1)
    expect(rows[0]).toBe('04:00:00.001 api ERROR failed  err="E: 5 m" err.code=7 err.at={"row":1}')
    expect(rows.at(-1)).toBe('               … 5 more frames')
  })

  it('counts the frames of packages and of Node.js, but for the first, and shows all where nothing bounds a row', () => {
    const frames = [
      'at a (/x/node_modules/pg/a.js:1:1)',
      'at b (node:net:1:1)',
      'at new Promise (<anonymous>)',
      'at own (/srv/b.js:1:1)',
      'at c (C:\\node_modules\\d.js:1:1)',
    ]
    const entry = line('a', 1, 'error', 'm', { fields: { stack: ['E: m', ...frames].join('\n    ') } })
    const shown = (options = {}) =>
      draw([entry], options)
        .slice(2)
        .map((row) => row.trim())
    expect(shown()).toEqual([frames[0], '… 2 frames of packages and Node.js', frames[3], frames[4]])
    expect(shown({ width: Number.POSITIVE_INFINITY })).toEqual(frames)
  })

  it('shows how it ended before what was asked for, and no field that is the ID of the trace', () => {
    const fields = { reqId: traceId, method: 'GET', path: '/orders', status: 500, err: 'refused' }
    expect(draw([line('a', 1, 'error', 'm', { fields })]).at(-1)).toBe(
      '04:00:00.001 api ERROR m  status=500 err=refused method=GET path=/orders',
    )
    const others = { reqId: 'f'.repeat(32), ref: undefined }
    expect(draw([line('a', 1, 'error', 'm', { fields: others })]).at(-1)).toContain(`m  reqId=${others.reqId} ref=undefined`)
  })

  it.each([
    [
      'before a word that the next row can hold, so that an ID stays whole',
      `${'a'.repeat(20)} ${'b'.repeat(60)}`,
      ['a'.repeat(20), 'b'.repeat(60)],
    ],
    [
      'behind a comma of one that no row could hold',
      `x {${'"key":1,'.repeat(12)}}`,
      [`x {${'"key":1,'.repeat(6)}`, `${'"key":1,'.repeat(6)}}`],
    ],
    ['in the midst of one that has neither', 'c'.repeat(100), ['c'.repeat(57), 'c'.repeat(43)]],
  ])('breaks %s', (_, message, expected) => {
    const [first = '', ...more] = draw([line('a', 1, 'info', message)], { width: 80 }).slice(1)
    expect([first.slice(23), ...more.map((row) => row.slice(13))]).toEqual(expected)
  })

  it('wraps and cuts nothing in a width without end', () => {
    const long = `${'漢字 '.repeat(2000)}end`
    const service = 'a-service-with-a-name-of-forty-characters'
    const stack = `E: m\n${`    at ${'x'.repeat(300)}\n`.repeat(25)}`.trimEnd()
    const rows = draw([line('a', 1, 'error', long, { service, fields: { stack } })], { width: Number.POSITIVE_INFINITY }).slice(1)
    expect(rows[0]).toBe(`04:00:00.001 ${service} ERROR ${long}  stack="E: m"`)
    expect(rows.slice(1)).toEqual(Array.from({ length: 25 }, () => `               at ${'x'.repeat(300)}`))
  })

  it('is quick about a line of 10 MB', () => {
    const rows = draw([line('a', 1, 'info', '漢'.repeat(10_000_000))])
    expect(rows).toHaveLength(22)
  })

  it('keeps columns for services that are known before', () => {
    expect(draw([line('a', 1, 'info', 'm')], { services: ['inventory'] }).at(-1)).toBe('04:00:00.001 api       info  m')
  })

  it('shows times that no calendar holds as nanoseconds', () => {
    expect(draw([line('a', undefined, 'info', 'm', { timeUnixNano: 2n ** 80n })])[0]).toBe(`${2n ** 80n} ns UTC`)
  })

  it('shows values that JSON has no form for', () => {
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const fields = { big: 1n, circular, none: undefined, empty: '' }
    expect(draw([line('a', 1, 'info', 'm', { fields })]).at(-1)).toContain('m  big="1" circular=[unprintable] none=undefined empty=""')
  })

  it('has no control characters and no row wider than the width, whatever the line says, and the same in colour', () => {
    const text = fc.string({ unit: 'binary', maxLength: 100 })
    const anyLine = fc
      .tuple(text, text, text, fc.dictionary(text, fc.jsonValue()), fc.option(fc.integer()))
      .map(([message, service, level, fields, ms]) =>
        line('a', ms ?? undefined, 'error', message, { service, fields, metadata: { service }, severity: { number: 17, text: level } }),
      )
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 4 }), fc.integer({ min: 40, max: 120 }), (lines, width) => {
        const rows = draw(lines, { width })
        expect(rows.filter((row) => /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(row) || displayWidth(row) > width)).toEqual([])
        const colored = draw(lines, { width, color: true })
        expect(colored.map((row) => stripVTControlCharacters(row).trimEnd())).toEqual(rows.map((row) => row.trimEnd()))
      }),
    )
  })

  it('takes its times from nanoseconds exactly', () => {
    expect(draw([line('a', undefined, 'info', 'm', { timeUnixNano: t0 + 999_999_999n })]).at(-1)).toMatch(/^04:00:00\.999 /)
  })
})
