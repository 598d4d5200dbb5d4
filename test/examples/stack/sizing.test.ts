import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readYaml, root, scalar } from '../../support/stack/files.js'
import { assumed, costOfTrace, sizingTable } from '../../support/stack/sizing.js'

const page = readFileSync(path.join(root, 'docs/stack.md'), 'utf8')

describe('docs/stack.md', () => {
  it('has the table that follows from what it assumes', () => {
    expect(page).toContain(sizingTable())
  })

  it('says what a trace costs', () => {
    const { lines, spans, linesStored, spansStored, tracesOfGigabyte } = costOfTrace()
    const exact = (value: number) => Math.round(value).toLocaleString('en')
    expect(page).toContain(
      `${assumed.linesOfTrace} × ${assumed.line} = ${exact(lines)} bytes of lines, of which ${exact(lines)} × ${assumed.linesStored} = ${exact(linesStored)}`,
    )
    expect(page).toContain(
      `${assumed.spansOfTrace} × ${assumed.span} = ${exact(spans)} bytes of spans, of which ${exact(spans)} × ${assumed.spansStored} = ${exact(spansStored)}`,
    )
    expect(page).toContain(`10⁹ ÷ ${exact(lines)} = ${Math.round(tracesOfGigabyte / 1000)},000 requests`)
  })

  it('assumes what the settings of the stack say', () => {
    const collector = readYaml('collector/collector.yaml')
    expect(scalar(collector.processors?.tail_sampling?.decision_wait)).toBe(`${assumed.decisionWait}s`)
    expect(collector.processors?.tail_sampling?.num_traces).toBe(50_000)
    expect(scalar(readYaml('loki/loki.yaml').limits_config?.retention_period)).toBe(`${assumed.days * 24}h`)
    expect(scalar(readYaml('loki/loki.yaml').limits_config?.per_stream_rate_limit)).toBe('3MB')
    expect(readYaml('loki/loki-s3.yaml').limits_config?.ingestion_rate_mb).toBe(16)
    const { sending_queue: queue, retry_on_failure: retry } = collector.exporters?.['otlp_grpc/tempo'] ?? {}
    expect({ queue, retry }).toEqual({ queue: { queue_size: 5000 }, retry: { max_elapsed_time: '10m' } })
  })
})
