import fc from 'fast-check'
import { fromJson, type LogEntry, toJson } from 'spanlog/logs'
import { describe, expect, it } from 'vitest'
import { type RawLine, readEntry } from '../../src/logs/entry.js'
import { traceForms } from '../../src/logs/needles.js'
import { compareEntries } from '../../src/logs/order.js'
import { parseLogfmt } from '../../src/logs/parse.js'
import { parseTime } from '../../src/logs/time.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const OTHER = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const DECIMAL = BigInt(`0x${TRACE.slice(16)}`).toString()
const forms = traceForms(TRACE)

const read = (raw: RawLine | string) => readEntry(typeof raw === 'string' ? { line: raw } : raw, forms)
function entryOf(raw: RawLine | string): LogEntry {
  const reading = read(raw)
  if (!('entry' in reading)) throw new Error(`${reading.kind}, not an entry`)
  return reading.entry
}
/** A line of the trace with more JSON text in it. */
const withFields = (json: string): string => `{"trace_id":"${TRACE}",${json}}`

describe('whose line it is', () => {
  it.each<[string, 'entry' | 'mention' | 'other' | 'unreadable', RawLine | string]>([
    ['a JSON line with the ID in its field', 'entry', `{"trace_id":"${TRACE}"}`],
    ['one that has an ID of its own in another field too', 'entry', `{"traceId":"${OTHER}","trace_id":"${TRACE}"}`],
    ['one with the ID deep in metadata, as winston puts it', 'entry', `{"metadata":{"trace_id":"${TRACE}"}}`],
    ['one with the ID as Google Cloud writes it', 'entry', `{"logging.googleapis.com/trace":"projects/shop/traces/${TRACE}"}`],
    ['one with the ID as Lambda writes it', 'entry', `{"xray_trace_id":"1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}"}`],
    ['one with the low bits as a JSON number', 'entry', `{"dd.trace_id":${DECIMAL}}`],
    ['a line with the ID in its metadata', 'entry', { line: 'plain', metadata: { trace_id: TRACE } }],
    ['a line with the ID in a label', 'entry', { line: 'plain', labels: { traceID: TRACE.toUpperCase() } }],
    ['broken JSON that shows the field', 'entry', `{"msg":"a","trace_id":"${TRACE}","err":{"sta`],
    ['broken JSON with the ID in its metadata', 'entry', { line: '{"a', metadata: { trace_id: TRACE } }],
    ['broken logfmt that shows the field', 'entry', `level=info msg="cut trace_id=${TRACE}`],
    [
      'text as Python’s OpenTelemetry writes it',
      'entry',
      `2026-11-21 03:44:00,123 INFO [app] [a.py:1] [trace_id=${TRACE} span_id=${SPAN}] - x`,
    ],
    ['the layout behind a time, a level and a process', 'entry', `[03:44:00.123] INFO (4711 on host): [${TRACE}:${SPAN}] x`],
    ['the layout in colours', 'entry', `\u001B[32m[${TRACE}:${SPAN}]\u001B[39m INFO x`],
    ['a JSON line of another trace with the ID in its text', 'mention', `{"trace_id":"${OTHER}","msg":"after ${TRACE}"}`],
    ['Spring Boot’s [app,trace,span]', 'entry', `2026-11-21 03:44:00.123  INFO [orders,${TRACE},${SPAN}] 4711 --- [nio-1] c.e.Foo : x`],
    ['Sleuth’s, with its flag', 'entry', `2026-11-21 03:44:00.123  WARN [orders,${TRACE},${SPAN},true] 1 --- [main] c.e.Foo : x`],
    ['Spring Boot’s without a name', 'entry', `INFO [,${TRACE},${SPAN}] x`],
    [
      'Spring Boot’s [trace-span] behind its name and thread',
      'entry',
      `2026-11-21T03:44:00.123Z  INFO 4711 --- [orders] [nio-8080-exec-1] [${TRACE}-${SPAN}] c.e.Foo : x`,
    ],
    [
      'an access log with a traceparent',
      'entry',
      `10.0.0.1 - - [21/Nov/2026:03:44:00 +0000] "GET / HTTP/1.1" 200 5 "00-${TRACE}-${SPAN}-01"`,
    ],
    ['one with the traceparent of another trace', 'mention', `"GET /?id=${TRACE}" 200 "00-${OTHER}-${SPAN}-01"`],
    ['a text that has a trace, and another one’s traceparent', 'mention', `trace of trace_id=${OTHER} sent 00-${TRACE}-${SPAN}-01`],
    ['a text with a part of a traceparent', 'mention', `sent 00-${TRACE}`],
    ['a text with something longer than a traceparent', 'mention', `sent 00-${TRACE}-${SPAN}-01-x`],
    ['Spring Boot’s layout among words', 'mention', `2026-11-21 03:44:00.123 retry since [orders,${TRACE},${SPAN}] failed`],
    ['Spring Boot’s layout of another trace', 'mention', `INFO [orders,${OTHER},${SPAN}] after [${TRACE}-${SPAN}]`],
    ['a JSON line of another trace with the field deeper', 'mention', `{"trace_id":"${OTHER}","meta":{"trace_id":"${TRACE}"}}`],
    ['one that names it in another way', 'mention', `{"dd":{"trace_id":"${TRACE}"},"traceId":"${OTHER}"}`],
    [
      'metadata of another trace, and the field deep in the line',
      'mention',
      { line: `{"meta":{"trace_id":"${TRACE}"}}`, metadata: { trace_id: OTHER } },
    ],
    ['a JSON line with zeros outside and the field deeper', 'entry', `{"trace_id":"${'0'.repeat(32)}","meta":{"trace_id":"${TRACE}"}}`],
    ['a JSON line with a word outside and the field deeper', 'entry', `{"traceId":"none","meta":{"trace_id":"${TRACE}"}}`],
    ['a JSON line without a trace', 'mention', `{"msg":"after ${TRACE}"}`],
    ['a JSON line whose ID is all zeros', 'mention', `{"trace_id":"${'0'.repeat(32)}","msg":"after ${TRACE}"}`],
    ['a JSON line whose ID is longer', 'mention', `{"trace_id":"${TRACE}00"}`],
    ['a JSON line with the ID in a request header', 'mention', `{"req":{"headers":{"traceparent":"00-${TRACE}-${SPAN}-01"}}}`],
    ['a JSON line with the ID in the fields of its error', 'mention', `{"err":{"trace_id":"${TRACE}"}}`],
    ['a JSON line with the parent’s trace', 'mention', `{"parent_trace_id":"${TRACE}"}`],
    ['a JSON line of another trace behind a prefix', 'mention', `orders-1  | {"trace_id":"${OTHER}","meta":{"trace_id":"${TRACE}"}}`],
    ['broken JSON behind a prefix', 'unreadable', `orders-1  | {"msg":"after ${TRACE}`],
    ['broken JSON of another trace', 'mention', `{"trace_id":"${OTHER}","msg":"after ${TRACE}`],
    ['logfmt that quotes the field', 'mention', `trace_id=${OTHER} msg="caused by trace_id=${TRACE}"`],
    ['text of another trace by its layout', 'mention', `[${OTHER}:${SPAN}] INFO after trace_id=${TRACE}`],
    ['text with the layout among its words', 'mention', `retry since [${TRACE}:${SPAN}] failed`],
    ['text with the ID', 'mention', `after ${TRACE}`],
    ['metadata of another trace', 'mention', { line: `after ${TRACE}`, metadata: { trace_id: OTHER } }],
    ['broken JSON that does not show it', 'unreadable', `{"msg":"after ${TRACE}`],
    ['broken JSON that shows it inside a text', 'unreadable', `{"msg":"\\"trace_id\\":\\"${TRACE}\\"`],
    ['a line without the ID', 'other', `{"trace_id":"${OTHER}"}`],
    ['a line that holds a part of it', 'other', `{"trace_id":"${TRACE.slice(1)}"}`],
    ['an empty line', 'other', ''],
  ])('%s: %s', (_, kind, raw) => {
    const reading = read(raw)
    expect(reading.kind).toBe(kind)
    if ('entry' in reading) expect(reading.entry.mention).toBe(kind === 'mention' ? true : undefined)
    if (reading.kind === 'entry') expect(reading.entry.traceId).toBe(TRACE)
  })

  it('a search for few decimal digits would find every line: such an ID is not looked for in decimal', () => {
    const small = traceForms('0af7651916cd43dd000000000000002a')
    expect(small.needles).not.toContain('42')
    expect(readEntry({ line: '{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","n":42}' }, small).kind).toBe('other')
  })

  it('never throws, whatever the line', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '"',
      '\\',
      ':',
      ',',
      '=',
      ' ',
      '[',
      ']',
      'trace_id',
      'time',
      '1',
      '.',
      TRACE,
      SPAN,
      'é',
      '\u001B[1m',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const line = pieces.join('')
        const reading = read(line)
        if ('entry' in reading) expect(reading.entry.line).toBe(line)
        else expect(reading.kind === 'other').toBe(!forms.isIn(line))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['JSON with a text of 16 MB', `{"a":"${'x'.repeat(16e6)}","trace_id":"${TRACE}"}`],
    ['JSON with a number of 16 MB', `{"a":${'1'.repeat(16e6)},"trace_id":"${TRACE}"}`],
    ['logfmt with 5 million escapes', `a="${'x\\n'.repeat(5e6)}" trace_id=${TRACE}`],
    ['broken JSON of quotes', `{${'"a'.repeat(5e6)}"trace_id":"${TRACE}"`],
    ['text of 16 MB', `${'x '.repeat(8e6)} trace_id=${TRACE}`],
  ])('%s is read', (_, line) => {
    expect(read(line).kind).toBe('entry')
  })
})

describe('what a line says', () => {
  const nano = 1_700_000_000_123_456_789n
  it.each<[string, bigint | undefined, RawLine | string]>([
    ['seconds', 1_700_000_000_000_000_000n, withFields('"time":1700000000')],
    ['seconds with a fraction', nano, withFields('"ts":1700000000.123456789')],
    ['milliseconds', 1_700_000_000_123_000_000n, withFields('"time":1700000000123')],
    ['microseconds', 1_700_000_000_123_456_000n, withFields('"timestamp":1700000000123456')],
    ['nanoseconds as a number', nano, withFields('"time":1700000000123456789')],
    ['nanoseconds as a text', nano, withFields('"time":"1700000000123456789"')],
    ['ISO 8601 with nanoseconds', nano, withFields('"@timestamp":"2023-11-14T22:13:20.123456789Z"')],
    ['ISO 8601 with an offset', nano, withFields('"time":"2023-11-14T23:43:20.123456789+01:30"')],
    ['ISO 8601 with no offset, as UTC', nano, withFields('"time":"2023-11-14 22:13:20,123456789"')],
    ['digits past the ninth, cut off', nano, withFields('"time":"2023-11-14T22:13:20.1234567899Z"')],
    ['the store’s own time first', 5n, { line: withFields('"time":1700000000'), timeUnixNano: 5n }],
    ['the time in front of a text', nano, `2023-11-14T22:13:20.123456789Z INFO trace_id=${TRACE}`],
    ['the time of broken JSON', nano, `{"time":1700000000123456789,"trace_id":"${TRACE}","x`],
    ['a text that is no time', undefined, withFields('"time":"soon"')],
    ['a day that does not exist', undefined, withFields('"time":"2023-13-45T00:00:00Z"')],
    ['a negative number', undefined, withFields('"time":-5')],
  ])('its time: %s', (_, time, raw) => {
    expect(entryOf(raw).timeUnixNano).toBe(time)
  })

  it.each<[string, string | undefined, RawLine | string]>([
    ['service', 'shop', withFields('"service":"shop"')],
    ['Spring Boot’s layout', 'shop', `INFO [shop,${TRACE},${SPAN}] x`],
    ['service.name', 'shop', withFields('"service.name":"shop"')],
    ['service and name', 'shop', withFields('"service":{"name":"shop","version":"1"}')],
    ['service_name', 'shop', withFields('"service_name":"shop"')],
    ['the resource', 'shop', withFields('"resource":{"service.name":"shop"}')],
    ['the attributes of the resource', 'shop', withFields('"resource":{"attributes":{"service.name":"shop"}}')],
    ['the name of a pino logger', 'shop', withFields('"level":30,"name":"shop"')],
    ['the label', 'shop', { line: withFields('"a":1'), labels: { service_name: 'shop' } }],
    ['the line before the label', 'shop', { line: withFields('"service":"shop"'), labels: { service_name: 'unknown_service' } }],
    ['not a name beside a level in words', undefined, withFields('"level":"info","name":"order"')],
  ])('its service: %s', (_, service, raw) => {
    expect(entryOf(raw).service).toBe(service)
  })

  it.each<[string, LogEntry['severity'], RawLine | string]>([
    ['pino’s number', { number: 17, text: 'error' }, withFields('"level":50')],
    ['a name, as it is written', { number: 13, text: 'WARNING' }, withFields('"severity":"WARNING"')],
    ['a name in colours', { number: 9, text: 'info' }, withFields('"level":"\\u001b[32minfo\\u001b[39m"')],
    ['log.level', { number: 5, text: 'debug' }, withFields('"log":{"level":"debug"}')],
    [
      'structured metadata',
      { number: 18, text: 'ERROR2' },
      { line: withFields('"a":1'), metadata: { severity_number: '18', severity_text: 'ERROR2' } },
    ],
    ['what Loki detected', { number: 13, text: 'warn' }, { line: withFields('"a":1'), metadata: { detected_level: 'warn' } }],
    ['the layout', { number: 17, text: 'ERROR' }, `[${TRACE}:${SPAN}] ERROR it failed`],
    ['a word of one’s own: none', undefined, withFields('"level":"audit"')],
  ])('its severity: %s', (_, severity, raw) => {
    expect(entryOf(raw).severity).toEqual(severity)
  })

  it.each<[string, string | undefined, string]>([
    ['msg', 'hi', withFields('"msg":"hi","message":"ho"')],
    ['message', 'hi', withFields('"message":"hi"')],
    ['body', 'hi', withFields('"body":"hi"')],
    ['logfmt', 'say "hi"', `msg="say \\"hi\\"" trace_id=${TRACE}`],
    ['behind docker compose’s prefix', 'hi', `orders-1  | ${withFields('"msg":"hi"')}`],
    ['behind the layout', 'it works', `2026-11-21T03:44:00Z [${TRACE}:${SPAN}] INFO it works`],
    ['none', undefined, withFields('"a":1')],
  ])('its message: %s', (_, message, raw) => {
    expect(entryOf(raw).message).toBe(message)
  })

  it.each<[string, string | undefined, string]>([
    ['span_id', SPAN, withFields(`"span_id":"${SPAN}"`)],
    ['in upper case', SPAN, withFields(`"SpanId":"${SPAN.toUpperCase()}"`)],
    ['span and id', SPAN, withFields(`"span":{"id":"${SPAN}"}`)],
    ['Datadog’s decimal', SPAN, withFields(`"dd":{"span_id":${BigInt(`0x${SPAN}`)}}`)],
    ['the layout', SPAN, `[${TRACE}:${SPAN}] INFO x`],
    ['Spring Boot’s layout', SPAN, `INFO [orders,${TRACE},${SPAN}] x`],
    ['a traceparent', SPAN, `GET / 00-${TRACE}-${SPAN}-01`],
    ['zeros: none', undefined, withFields(`"span_id":"${'0'.repeat(16)}"`)],
    ['a word: none', undefined, withFields('"span_id":"root"')],
  ])('its span: %s', (_, spanId, raw) => {
    expect(entryOf(raw).spanId).toBe(spanId)
  })

  it('numbers that a double cannot hold stay texts, in fields only and never inside texts', () => {
    const msg = '\\"id\\":12345678901234567890, \\\\'
    expect(entryOf(withFields(`"big":12345678901234567890,"small":1.5,"exact":0.30000000000000004,"msg":"${msg}"`)).fields).toEqual({
      trace_id: TRACE,
      big: '12345678901234567890',
      small: 1.5,
      exact: 0.30000000000000004,
      msg: '"id":12345678901234567890, \\',
    })
  })
})

describe('logfmt', () => {
  it('gives back every pair that was written', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '_', '.', '1', 'é'), minLength: 1, maxLength: 5 })
    const value = fc.string({ unit: fc.constantFrom('a', '"', '\\', ' ', '=', '\n', 'é'), maxLength: 8 })
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name }), (pairs) => {
        const text = pairs.map(([name, content]) => `${name}=${JSON.stringify(content)}`).join(' ')
        expect(parseLogfmt(text)).toEqual(Object.fromEntries(pairs))
      }),
    )
  })

  it('takes a key alone as true, an empty value, and a key named __proto__', () => {
    const fields = parseLogfmt('debug a= __proto__=x b=c=d')
    expect(Object.entries(fields)).toEqual([
      ['debug', true],
      ['a', ''],
      ['__proto__', 'x'],
      ['b', 'c=d'],
    ])
  })
})

describe('a time as a caller gives it', () => {
  const now = 1_700_000_000_000
  it.each<[string, unknown, bigint]>([
    ['a bigint', 5n, 5n],
    ['a Date', new Date(1), 1_000_000n],
    ['nanoseconds', '1700000000000000001', 1_700_000_000_000_000_001n],
    ['ISO 8601', '2023-11-14T22:13:20.000000001Z', 1_700_000_000_000_000_001n],
    ['a day', '1970-01-02', 86_400_000_000_000n],
    ['seconds ago', '90s', 1_699_999_910_000_000_000n],
    ['hours ago', '2h', 1_699_992_800_000_000_000n],
    ['days ago', '7d', 1_699_395_200_000_000_000n],
  ])('%s', (_, value, nano) => {
    expect(parseTime('from', value, now)).toBe(nano)
  })

  it.each([
    ['words', 'an hour ago'],
    ['a number', 5],
    ['seconds', '1700000000'],
    ['a negative bigint', -1n],
    ['nothing', ''],
    ['null', null],
  ])('%s is refused', (_, value) => {
    expect(() => parseTime('from', value, now)).toThrow(/INVALID_TIME: Expected `from` to be an ISO 8601 time/)
  })
})

describe('toJson and fromJson', () => {
  it('give back the same entry, through JSON text', () => {
    for (const line of [withFields('"time":1700000000123456789,"level":30,"msg":"é"'), `after ${TRACE}`, `[${TRACE}:${SPAN}] INFO x`]) {
      const entry = entryOf({ line, metadata: { a: 'b' }, labels: { file: 'x' } })
      expect(fromJson(JSON.parse(JSON.stringify(toJson(entry))))).toEqual(entry)
    }
    expect(toJson(entryOf(withFields('"time":1700000000123456789')))).toMatchObject({ timeUnixNano: '1700000000123456789' })
  })

  it.each([
    ['nothing', null],
    ['a list', []],
    ['no line', { fields: {}, metadata: {}, labels: {} }],
    ['no fields', { line: '', metadata: {}, labels: {} }],
    ['a time that is a number', { line: '', fields: {}, metadata: {}, labels: {}, timeUnixNano: 5 }],
    ['a severity that is a text', { line: '', fields: {}, metadata: {}, labels: {}, severity: 'info' }],
    ['a service that is a number', { line: '', fields: {}, metadata: {}, labels: {}, service: 5 }],
  ])('refuse %s', (_, value) => {
    expect(() => fromJson(value)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

it('compareEntries is a total order by time, labels, metadata and line, which the order of names does not change', () => {
  const record = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'))
  const entry = fc.record({
    timeUnixNano: fc.bigInt(0n, 2n),
    line: fc.constantFrom('l', 'm'),
    labels: record,
    metadata: record,
    fields: fc.constant({}),
  })
  fc.assert(
    fc.property(entry, entry, entry, (a, b, c) => {
      expect(compareEntries(a, b)).toBe(-compareEntries(b, a) + 0)
      if (compareEntries(a, b) <= 0 && compareEntries(b, c) <= 0) expect(compareEntries(a, c)).toBeLessThanOrEqual(0)
      if (a.timeUnixNano < b.timeUnixNano) expect(compareEntries(a, b)).toBe(-1)
      const turned = { ...a, labels: Object.fromEntries(Object.entries(a.labels).toReversed()) }
      expect(compareEntries(a, turned)).toBe(0)
    }),
  )
})
