import { lokiLogs } from 'spanlog/logs'
import { describe, expect, it } from 'vitest'
import { refuse } from '../support/faults.js'
import { type LokiValue, minutesAgo, OTHER, TRACE } from '../support/loki-lines.js'
import { collect, loki, pagesOf } from '../support/loki-session.js'

describe('where a trace ID stands', () => {
  const decimal = BigInt(`0x${TRACE.slice(16)}`).toString()
  it.for<[string, Record<string, string>, LokiValue]>([
    ['in structured metadata only', {}, [0n, 'plain', { trace_id: TRACE }]],
    ...['traceId', 'traceID', 'TraceId', 'TraceID', 'traceid', 'otel_trace_id', 'otelTraceID', 'xray_trace_id'].map(
      (name): [string, Record<string, string>, LokiValue] => [`in structured metadata named ${name}`, {}, [0n, 'plain', { [name]: TRACE }]],
    ),
    ['in structured metadata in upper case', {}, [0n, 'plain', { traceID: TRACE.toUpperCase() }]],
    ['in structured metadata as Datadog writes it', {}, [0n, 'plain', { dd_trace_id: decimal }]],
    ['in a label', { trace_id: TRACE }, [0n, 'plain']],
    ['in a label named traceId', { traceId: TRACE }, [0n, 'plain']],
    ...['trace_id', 'traceId', 'traceID', 'TraceId', 'TraceID', 'otel_trace_id', 'trace.id'].map(
      (name): [string, Record<string, string>, LokiValue] => [`in JSON as ${name}`, {}, [0n, JSON.stringify({ [name]: TRACE })]],
    ),
    ['in JSON as dd.trace_id, the low 64 bits in decimal', {}, [0n, JSON.stringify({ dd: { trace_id: decimal } })]],
    ['in JSON as X-Ray writes it', {}, [0n, JSON.stringify({ traceId: `1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}` })]],
    ['in JSON in upper case', {}, [0n, JSON.stringify({ trace_id: TRACE.toUpperCase() })]],
    ['in logfmt', {}, [0n, `level=info trace_id=${TRACE} msg="x"`]],
  ])('%s: found and proven', async ([, labels, [, line, metadata]]) => {
    const double = await loki()
    double.push({ service_name: 'shop', ...labels }, [[minutesAgo(5), line, metadata ?? {}]])
    double.push({ service_name: 'noise' }, [
      [minutesAgo(5), 'no trace'],
      [minutesAgo(4), JSON.stringify({ trace_id: OTHER })],
    ])
    const { entries, verdict } = await collect(double)
    expect(entries).toMatchObject([{ line, traceId: TRACE, labels: { service_name: 'shop', ...labels }, metadata: metadata ?? {} }])
    expect(verdict).toMatchObject({ complete: true, entries: 1, mentions: 0 })
  })

  it('a line that another trace owns and that names the ID is a mention, yielded only if asked for', async () => {
    const double = await loki()
    const mention = JSON.stringify({ trace_id: OTHER, msg: `retry of ${TRACE}` })
    double.push({ app: 'shop' }, [
      [minutesAgo(5), mention],
      [minutesAgo(4), JSON.stringify({ trace_id: TRACE })],
    ])
    expect(await collect(double)).toMatchObject({ verdict: { complete: true, entries: 1, mentions: 1 } })
    const asked = await collect(double, { mentions: true })
    expect(asked.entries).toMatchObject([{ line: mention, mention: true, traceId: OTHER }, { traceId: TRACE }])
  })

  it('only metadata of the names given is asked, or none, and the verdict says so', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [
      [minutesAgo(5), 'plain', { traceId: TRACE }],
      [minutesAgo(4), `trace_id=${TRACE}`],
    ])
    const known = await collect(double, {}, { metadataNames: ['traceId'] })
    expect(known.lines).toEqual(['plain', `trace_id=${TRACE}`])
    expect(known.verdict.reasons).toMatchObject([{ message: expect.stringContaining('metadata named traceId, and the text') }])
    double.seen.length = 0
    const none = await collect(double, {}, { metadataNames: [] })
    expect(none.lines).toEqual([`trace_id=${TRACE}`])
    expect(none.verdict.reasons).toMatchObject([{ message: expect.not.stringContaining('metadata') }])
    expect(pagesOf(double)).toHaveLength(1)
    expect(() => lokiLogs({ url: double.url, metadataNames: ['trace_id="x" or'] })).toThrow(/metadataNames.*letters, digits/)
  })

  it('a name that is a label of some streams is one wherever it stands; where Loki does not tell the names, all are', async () => {
    const double = await loki()
    const at = minutesAgo(5)
    double.push({ app: 'shop', pod: 'a' }, [[at, 'of a', { trace_id: TRACE, user: 'u' }]])
    double.push({ app: 'shop' }, [[at + 1n, 'of none', { trace_id: TRACE, pod: 'b' }]])
    const shop = { app: 'shop', service_name: 'shop' }
    expect((await collect(double)).entries).toMatchObject([
      { line: 'of a', labels: { ...shop, pod: 'a' }, metadata: { trace_id: TRACE, user: 'u' } },
      { line: 'of none', labels: { ...shop, pod: 'b' }, metadata: { trace_id: TRACE } },
    ])
    double.inject(refuse(403, 'no'), { times: 1000, on: '/labels' })
    const { entries, verdict } = await collect(double)
    expect(entries).toMatchObject([{ labels: { ...shop, pod: 'a', trace_id: TRACE }, metadata: {} }, { traceId: TRACE }])
    expect(verdict).toMatchObject({ complete: true, entries: 2 })
  })

  it('a line that both forms find is one entry; equal lines of two streams are two', async () => {
    const double = await loki()
    const at = minutesAgo(5)
    const line = JSON.stringify({ trace_id: TRACE, msg: 'twin' })
    for (const pod of ['a', 'b'])
      double.push({ app: 'shop', pod }, [
        [at, line, { trace_id: TRACE }],
        [at, line, { trace_id: TRACE }],
      ])
    const { entries, verdict } = await collect(double)
    expect(entries.map(({ labels }) => labels['pod'])).toEqual(['a', 'b'])
    expect(verdict.complete).toBe(true)
  })
})

describe('how it asks', () => {
  it('sends tenant, credentials, headers and what keeps answers fresh, below a prefix', async () => {
    const double = await loki({ prefix: '/gateway/tenant-a', auth: true })
    double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]], 'team')
    const options = { url: `${double.url}/`, tenant: 'team', headers: { 'X-Extra': 'yes' }, basicAuth: { username: 'u', password: 'p:w' } }
    const { verdict } = await collect(double, { from: '1h' }, options)
    expect(verdict).toMatchObject({ complete: true, entries: 1 })
    for (const { path, headers } of double.seen) {
      expect(path).toMatch(/^\/gateway\/tenant-a\/loki\/api\/v1\//)
      expect(headers).toMatchObject({
        'x-scope-orgid': 'team',
        'x-extra': 'yes',
        'cache-control': 'no-cache',
        authorization: 'Basic dTpwOnc=',
      })
    }
    for (const { query, headers } of pagesOf(double)) {
      // Under a flag Loki forgets that reading failed.
      expect(headers).not.toHaveProperty('x-loki-response-encoding-flags')
      expect(query.has('step')).toBe(false)
      expect([query.get('start'), query.get('end')]).toEqual([expect.stringMatching(/^\d{19}$/), expect.stringMatching(/^\d{19}$/)])
    }
  })

  it('takes the address that Grafana Cloud shows for pushing, and a bearer token', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [[minutesAgo(5), 'of no trace']])
    const { verdict } = await collect(double, { from: '1h' }, { url: `${double.url}/loki/api/v1/push`, bearerToken: 'secret' })
    expect(verdict.complete).toBe(true)
    expect(double.seen[0]).toMatchObject({ path: '/loki/api/v1/drilldown-limits', headers: { authorization: 'Bearer secret' } })
  })
})
