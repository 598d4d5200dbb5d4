import { describe, expect, it } from 'vitest'
import { collectorProblems, merge } from '../../support/stack/collector.js'
import { type Data, readYaml, stackFiles, texts } from '../../support/stack/files.js'

const base = 'collector/collector.yaml'
const exporters = stackFiles().filter((file) => file.startsWith('collector/exporters/'))

describe('each configuration of the Collector names what it defines, batches last and measures before it samples', () => {
  it.each([base, 'collector/agent.yaml', 'collector/regional.yaml'])('%s alone', (file) => {
    expect(collectorProblems(readYaml(file))).toEqual([])
  })

  it.each(exporters)('%s after the base', (file) => {
    expect(collectorProblems(merge(readYaml(base), readYaml(file)))).toEqual([])
  })

  it('all exporters at once', () => {
    const all = exporters.map(readYaml).reduce(merge, readYaml(base))
    expect(collectorProblems(all)).toEqual([])
    expect(Object.keys(all.service?.pipelines ?? {})).toHaveLength(5 + exporters.length + 2)
  })

  it.each(exporters)('%s adds to the base, and changes nothing of it', (file) => {
    const names = ({ connectors, exporters: stores, service }: Data) =>
      [connectors, stores, service?.pipelines].flatMap((part) => Object.keys(part ?? {}))
    const known = names(readYaml(base))
    expect(names(readYaml(file)).filter((name) => known.includes(name))).toEqual([])
  })
})

describe('spans', () => {
  const { receivers, processors, service } = readYaml(base)

  it('come in by OTLP over gRPC and HTTP, by Jaeger and by Zipkin', () => {
    expect(service?.pipelines?.['traces/in']?.receivers).toEqual(['otlp', 'jaeger', 'zipkin'])
    expect(Object.keys(receivers?.otlp?.protocols ?? {})).toEqual(['grpc', 'http'])
  })

  it.each([
    ['/health', true],
    ['/healthz', true],
    ['/-/ready', true],
    ['/livez/', true],
    ['/metrics', true],
    ['/orders', false],
    ['/health-plans', false],
    ['/orders/status', false],
  ])('of %s are left out: %s', (path, leftOut) => {
    const [condition = ''] = texts(processors?.['filter/health']?.trace_conditions)
    const [, flags = '', pattern = ''] = /url\.path"\], "\(\?(\w)\)(.*)"\)/.exec(condition) ?? []
    expect(new RegExp(pattern, flags).test(path)).toBe(leftOut)
  })
})

/** A copy of the base in which one thing is wrong. */
const broken = (change: (config: Data) => void): Data => {
  const config = structuredClone(readYaml(base))
  change(config)
  return config
}
const pipelines = (config: Data) => config.service?.pipelines as unknown as Record<string, Record<string, string[]>>

describe('the checks see', () => {
  it.each<[string, (config: Data) => void, string]>([
    [
      'an exporter that nobody defined',
      (c) => pipelines(c)['traces/tempo']?.exporters?.push('otlp_grpc/jaeger'),
      'exporters otlp_grpc/jaeger: used, not defined',
    ],
    ['a receiver that nobody uses', (c) => pipelines(c)['traces/in']?.receivers?.pop(), 'receivers zipkin: defined, not used'],
    [
      'a processor behind batch',
      (c) => pipelines(c)['traces/tempo']?.processors?.push('memory_limiter'),
      'traces/tempo: batch is not last',
    ],
    ['a pipeline without batch', (c) => pipelines(c).logs?.processors?.pop(), 'logs: batch is not last'],
    [
      'rates that are taken of what sampling kept',
      (c) => pipelines(c)['traces/in']?.processors?.push('tail_sampling'),
      'traces/in: measured after sampling',
    ],
    [
      'rates behind sampling, one connector further on',
      (c) => pipelines(c)['traces/tempo']?.exporters?.push('spanmetrics'),
      'traces/tempo: measured after sampling',
    ],
    ['health checks that are measured', (c) => pipelines(c)['traces/in']?.processors?.pop(), 'traces/in: health checks are measured'],
    ['spans that nothing holds back', (c) => pipelines(c)['traces/in']?.processors?.shift(), 'traces/in: memory_limiter is not first'],
    ['a connector into nowhere', (c) => pipelines(c)['traces/tempo']?.receivers?.pop(), 'connectors forward/kept: nobody receives from it'],
    [
      'a misspelt setting',
      (c) => Object.assign(c.processors?.tail_sampling ?? {}, { decision_weight: '5s' }),
      'processors tail_sampling: / must NOT have additional properties "decision_weight"',
    ],
    ['a component of no type that is known', (c) => Object.assign(c.exporters ?? {}, { kafka: {} }), 'exporters kafka: unknown type'],
  ])('%s', (_, change, problem) => {
    expect(collectorProblems(broken(change))).toContain(problem)
  })
})
