import { LokiTransport, type LokiTransportOptions, lokiStream } from 'spanlog/loki'
import { afterEach, describe, expect, it } from 'vitest'
import { Lines } from '../../../adapters/loki/lines.js'
import { lokiSettings } from '../../../adapters/loki/settings.js'
import { TRACE } from './shipping.js'

const good: LokiTransportOptions = { url: 'http://127.0.0.1:1', service: 'orders', spool: false }
const service = process.env['OTEL_SERVICE_NAME']
afterEach(() => {
  if (service === undefined) delete process.env['OTEL_SERVICE_NAME']
  else process.env['OTEL_SERVICE_NAME'] = service
})

describe('options', () => {
  it.each<[string, object, RegExp]>([
    ['no URL', { url: undefined }, /^INVALID_URL/],
    ['a URL with a password', { url: 'http://a:b@x' }, /^INVALID_URL/],
    ['no service', { service: '' }, /^INVALID_OPTION: Expected `service`/],
    ['no decision about the spool', { spool: undefined }, /^INVALID_OPTION: Expected `spool` to be a folder, or false/],
    ['a misspelt one', { batchAge: 5 }, /has no option `batchAge`/],
    ['retries, which never end', { retries: 3 }, /has no option `retries`/],
    ['a tiny cap', { maxBytes: 100 }, /^INVALID_OPTION: Expected `maxBytes`/],
    ['a time-out that is a text', { timeoutMs: '5' }, /^INVALID_OPTION: Expected `timeoutMs`/],
    ['gzip as a text', { gzip: 'yes' }, /^INVALID_OPTION: Expected `gzip` to be a boolean/],
    ['a trace ID as a label', { labels: { trace_id: 'x' } }, /^INVALID_OPTION: `trace_id` as a label makes a stream of each trace/],
    ['a span ID as a label, in another case', { labels: { spanId: 'x' } }, /^INVALID_OPTION: `spanId` as a label/],
    ['a label with a dash', { labels: { 'a-b': 'x' } }, /^INVALID_OPTION: Expected the name of the label `a-b`/],
    ['a label that is no text', { labels: { a: 1 } }, /^INVALID_OPTION: Expected `labels.a`/],
    ['more labels than Loki takes', { labels: Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`l${i}`, 'x'])) }, /at most 10/],
    ['metadata that is no list', { metadata: 'orderId' }, /^INVALID_OPTION: Expected `metadata`/],
  ])('%s is refused, by both transports', (_, wrong, message) => {
    const options = { ...good, ...wrong }
    expect(() => lokiStream(options)).toThrow(message)
    expect(() => new LokiTransport(options)).toThrow(message)
  })

  it('the service may stand in OTEL_SERVICE_NAME, and the URL may be that which Grafana Cloud shows', () => {
    process.env['OTEL_SERVICE_NAME'] = 'from-env'
    const { labels, remote } = lokiSettings({ url: 'https://logs.example.net/loki/api/v1/push', spool: false })
    expect({ labels, base: remote.base }).toEqual({ labels: { service_name: 'from-env' }, base: 'https://logs.example.net' })
  })

  it('labels of many values become structured metadata, with a warning', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const { labels, everyLine } = lokiSettings({ ...good, labels: { pid: '17', region: 'eu', requestId: 'r' } })
    expect({ labels, everyLine }).toEqual({ labels: { region: 'eu', service_name: 'orders' }, everyLine: { pid: '17', requestId: 'r' } })
    expect((await warned).message).toContain('`pid` has too many values for a label')
  })
})

describe('a line', () => {
  const entryOf = (line: string, options: Partial<LokiTransportOptions> = {}) => {
    const { labels, value } = new Lines(lokiSettings({ ...good, ...options })).entry(line)
    const [time, text, metadata] = JSON.parse(value) as [string, string, Record<string, string>]
    expect(text).toBe(line)
    return { labels: JSON.parse(labels) as unknown, time, metadata }
  }
  const SPAN = 'b7ad6b7169203331'

  it.each<[string, string, Record<string, string>]>([
    ['of pino', `{"level":50,"time":1,"trace_id":"${TRACE}","span_id":"${SPAN}"}`, { level: 'error', trace_id: TRACE, span_id: SPAN }],
    ['with a level as a word', '{"level":"WARN","time":1}', { level: 'warn' }],
    ['with other names of the trace', `{"level":30,"time":1,"traceId":"${TRACE.toUpperCase()}"}`, { level: 'info', trace_id: TRACE }],
    [
      'with the names of ECS',
      `{"log.level":"info","@timestamp":"2026-01-01T00:00:00Z","trace.id":"${TRACE}"}`,
      { level: 'info', trace_id: TRACE },
    ],
    ['of text', `level=error trace_id=${TRACE} span_id=${SPAN} refused`, { level: 'error', trace_id: TRACE, span_id: SPAN }],
    ['that is no JSON although it begins so', '{ not json', {}],
    ['that is null', 'null', {}],
    ['with an ID that is none', '{"level":30,"time":1,"trace_id":"none"}', { level: 'info' }],
  ])('%s gets its structured metadata', (_, line, metadata) => {
    expect(entryOf(line).metadata).toEqual(metadata)
  })

  it('gets chosen fields, those of every line, and none that are missing, empty or long', () => {
    const line = JSON.stringify({ time: 1, a: 'x', b: 7, c: null, d: '', e: 'y'.repeat(2000), f: { g: true } })
    const options = { metadata: ['a', 'b', 'c', 'd', 'e', 'f', 'h'], labels: { pid: '5' } }
    expect(entryOf(line, options).metadata).toEqual({ pid: '5', a: 'x', b: '7', f: '{"g":true}' })
  })

  it.each([
    ['milliseconds', '{"time":1795256020280}', 1795256020280],
    ['seconds', '{"time":1795256020}', 1795256020000],
    ['ISO 8601', '{"time":"2026-11-21T10:13:40.280Z"}', 1795256020280],
  ])('has its own time, from %s, and a number behind the milliseconds', (_, line, ms) => {
    expect(Math.floor(Number(entryOf(line).time.slice(0, -6)))).toBe(ms)
  })

  it('that says nanoseconds has exactly that time, and one more where it comes again', () => {
    const lines = new Lines(lokiSettings(good))
    const times = Array.from({ length: 3 }, () => lines.entry('{"time":"2026-11-21T10:13:40.280123456Z"}').value.slice(2, 21))
    expect(times).toEqual(['1795256020280123456', '1795256020280123457', '1795256020280123458'])
  })

  it('without a time has that of now', () => {
    const before = Date.now()
    expect(Number(entryOf('just text').time.slice(0, -6))).toBeGreaterThanOrEqual(before)
  })

  it('has its level as a label only where that is wanted', () => {
    expect(entryOf('{"level":30,"time":1}').labels).toEqual({ service_name: 'orders' })
    expect(entryOf('{"level":30,"time":1}', { levelLabel: true }).labels).toEqual({ level: 'info', service_name: 'orders' })
  })
})
