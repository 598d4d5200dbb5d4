import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { otlpAttributes, randomId } from '../../support/otlp.js'
import { recorded } from '../../support/stack/metrics.js'
import { start, startCollector } from '../../support/stack/servers.js'

interface Sent {
  service: string
  kind: 'server' | 'client'
  ms?: number
  failed?: boolean
  path?: string
  traceId?: string
  spanId?: string
  parentSpanId?: string
}
/** Sends one span by OTLP and returns the ID of its trace. */
async function send(
  url: string,
  { service, kind, ms = 20, failed, path = '/orders', traceId = randomId(16), spanId = randomId(8), parentSpanId }: Sent,
) {
  const end = BigInt(Date.now()) * 1_000_000n
  const [startTimeUnixNano, endTimeUnixNano] = [`${end - BigInt(ms) * 1_000_000n}`, `${end}`]
  const does = { name: `GET ${path}`, kind: kind === 'server' ? 2 : 3, attributes: otlpAttributes({ 'url.path': path }) }
  const span = { traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano, ...does, status: failed ? { code: 2 } : {} }
  const resource = { attributes: otlpAttributes({ 'service.name': service, 'service.instance.id': '1' }) }
  const answer = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  })
  expect(answer.status).toBe(200)
  return traceId
}

/** Each metric of an exposition with the labels of its series, and of its exemplars. */
function exposed(text: string): Record<string, { labels: string[]; exemplars: string[] }> {
  const metrics: Record<string, { labels: Set<string>; exemplars: Set<string> }> = {}
  const namesIn = (labels = '') => [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, name = '']) => name)
  for (const [, name = '', labels, exemplar] of text.matchAll(/^(traces_\w+)\{([^}]*)\} \S+(?: # \{([^}]*)\})?/gm)) {
    const metric = (metrics[name] ??= { labels: new Set(), exemplars: new Set() })
    for (const label of namesIn(labels)) metric.labels.add(label)
    for (const label of namesIn(exemplar)) metric.exemplars.add(label)
  }
  return Object.fromEntries(
    Object.entries(metrics).map(([name, { labels, exemplars }]) => [
      name,
      { labels: [...labels].toSorted(), exemplars: [...exemplars].toSorted() },
    ]),
  )
}

// A minute, and servers that no package brings: SPANLOG_STACK=1, with `otelcol-contrib` and `tempo` on the PATH.
it.runIf(process.env.SPANLOG_STACK)(
  'the Collector keeps what failed or was slow, drops the rest and health checks, and makes the metrics that were recorded',
  async () => {
    const tempo = await start('tempo')
    const { otlpUrl, metricsUrl } = await startCollector({ TEMPO_ENDPOINT: tempo.otlpGrpc, SAMPLING_PERCENTAGE: '0' })
    const sent = {
      failed: await send(otlpUrl, { service: 'orders', kind: 'server', failed: true }),
      slow: await send(otlpUrl, { service: 'orders', kind: 'server', ms: 350 }),
      fast: await send(otlpUrl, { service: 'orders', kind: 'server' }),
      healthCheck: await send(otlpUrl, { service: 'orders', kind: 'server', path: '/healthz', failed: true }),
    }
    // A call from one service to another, without which there are no edges between services.
    const spanId = randomId(8)
    for (const failed of [false, true]) {
      const traceId = await send(otlpUrl, { service: 'gateway', kind: 'client', spanId, failed })
      await send(otlpUrl, { service: 'orders', kind: 'server', parentSpanId: spanId, traceId, failed })
    }

    await wait(20_000)
    const inTempo = async (id: string) => (await fetch(`${tempo.url}/api/traces/${id}`)).status === 200
    const kept = await Promise.all(Object.entries(sent).map(async ([what, id]) => [what, await inTempo(id)]))
    expect(Object.fromEntries(kept)).toEqual({ failed: true, slow: true, fast: false, healthCheck: false })

    const answer = await fetch(metricsUrl, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } })
    const expected = Object.entries(recorded.names).map(([name, kind]) => [
      name,
      {
        labels: [...Object.keys(recorded.labels[kind]), ...(name.endsWith('_bucket') ? ['le'] : [])].toSorted(),
        exemplars: (recorded.exemplars[name] ?? []).toSorted(),
      },
    ])
    const text = await answer.text()
    expect(exposed(text)).toEqual(Object.fromEntries(expected))
    expect(text).not.toContain('/healthz')
  },
  150_000,
)
