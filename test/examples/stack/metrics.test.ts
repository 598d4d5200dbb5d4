import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { missing, read, readYaml, root, stackFiles } from '../../support/stack/files.js'
import { recorded, unknownIn } from '../../support/stack/metrics.js'

/** What Grafana's map of services asks Prometheus for. */
const serviceMap = ['request_total', 'request_failed_total', 'request_server_seconds_sum', 'request_server_seconds_bucket']

describe('what the Collector answered', () => {
  it('is of the release that the stack names everywhere', () => {
    const named = stackFiles().flatMap((file) =>
      [...read(file).matchAll(/opentelemetry-collector-contrib:([\d.]+)/g)].map(([, release]) => release),
    )
    expect(named.length).toBeGreaterThan(2)
    expect(new Set(named)).toEqual(new Set([recorded.collector]))
  })

  it('has names that begin as the settings say', () => {
    const { namespace = '' } = (readYaml('collector/collector.yaml').connectors?.spanmetrics ?? {}) as { namespace?: unknown }
    const prefix = String(namespace).replaceAll('.', '_')
    expect(Object.keys(recorded.names).filter((name) => name.startsWith(`${prefix}_`))).toHaveLength(4)
  })

  it('has what the map of services is drawn from', () => {
    expect(serviceMap.flatMap((name) => unknownIn(`sum by (client, server) (rate(traces_service_graph_${name}[5m]))`))).toEqual([])
  })

  it('has each metric of its own that the docs tell a reader to watch', () => {
    const told = readFileSync(path.join(root, 'docs/stack.md'), 'utf8').match(/\botelcol_\w+/g) ?? []
    expect(told.length).toBeGreaterThan(2)
    expect(missing(told, recorded.own)).toEqual([])
  })
})

describe('the check sees', () => {
  it.each([
    ['a metric of another name', 'sum(rate(traces_spanmetrics_calls_total[5m]))', ['no metric traces_spanmetrics_calls_total']],
    ['a label of another name', 'traces_span_metrics_calls_total{service="orders"}', ['no label service']],
    ['a label to group by', 'sum by (http_route) (traces_span_metrics_calls_total)', ['no label http_route']],
    ['another value', 'traces_span_metrics_calls_total{span_kind="SERVER"}', ['no span_kind SERVER']],
    ['buckets of what has none', 'sum by (le) (traces_span_metrics_calls_total)', ['no label le']],
    ['nothing where nothing is wrong', 'sum by (le) (rate(traces_span_metrics_duration_seconds_bucket{status_code!="x"}[5m]))', []],
  ])('%s', (_, query, problems) => {
    expect(unknownIn(query)).toEqual(problems)
  })
})
