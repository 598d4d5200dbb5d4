import { type VictoriaLogsOptions, victoriaLogs } from 'spanlog/logs'
import { describe, expect, it } from 'vitest'
import { minutesAgo } from '../support/loki-lines.js'
import { newId, second, victoria } from '../support/victorialogs-session.js'
import { victoriaStore } from '../support/victorialogs-store.js'

const start = minutesAgo(15)

describe('options', () => {
  it.each<[string, object, string]>([
    ['a URL that is none', { url: 'localhost' }, 'INVALID_URL'],
    ['a tenant in words', { url: 'http://x', tenant: 'shop' }, 'INVALID_OPTION'],
    ['an empty selector', { url: 'http://x', selector: ' ' }, 'INVALID_OPTION'],
    ['another way to look', { url: 'http://x', text: 'fuzzy' }, 'INVALID_OPTION'],
    ['traces that are none', { url: 'http://x', traces: {} }, 'INVALID_OPTION'],
    ['a misspelt option', { url: 'http://x', selectors: '*' }, 'INVALID_OPTION'],
  ])('%s is refused', (_, options, code) => {
    expect(() => victoriaLogs(options as unknown as VictoriaLogsOptions)).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['12:34', '12', '34'],
    ['12', '12', '0'],
  ])('the tenant %s goes into its headers, and a URL may show the API', async (tenant, account, project) => {
    const double = await victoria()
    await victoriaLogs({ url: `${double.url}/select/logsql/query?x=1`, tenant })
      .forTrace(newId(), { from: '1h' })
      .collect()
    expect(double.seen[0]).toMatchObject({
      path: '/select/logsql/query',
      headers: { accountid: account, projectid: project },
    })
    expect(new URLSearchParams(double.seen[0]?.body).get('allow_partial_response')).toBe('0')
  })

  it('the window is that of the spans where they are known', async () => {
    const double = await victoria()
    const [store, id] = [victoriaStore(double.url), newId()]
    await store.push([{ timeUnixNano: start, line: `trace_id=${id}` }])
    const span = { startUnixNano: start, endUnixNano: start + second }
    const traces = { trace: () => Promise.resolve({ trace: { traceId: id, spans: [span] }, complete: true, reasons: [] }) }
    const source = victoriaLogs({ url: double.url, traces: traces as unknown as NonNullable<VictoriaLogsOptions['traces']> })
    const { verdict } = await source.forTrace(id).collect()
    expect(verdict).toMatchObject({ complete: true, entries: 1, from: start - 3600n * second })
  })
})
