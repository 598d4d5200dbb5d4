import { describe, expect, it } from 'vitest'
import { type Data, list, readYaml, scalar } from '../../support/stack/files.js'
import { syntaxError } from '../../support/stack/grammar.js'
import { unknownIn } from '../../support/stack/metrics.js'
import { duration, keys, listOf, mapOf, number, schemaProblems, text } from '../../support/stack/schema.js'

const groups = (readYaml('prometheus/rules/services.yml').groups ?? []) as Data[]
const rules = groups.flatMap((group) => group.rules as unknown as Record<string, string>[])
const recordedRules = rules.flatMap(({ record }) => record ?? [])
const alerts = rules.flatMap(({ alert }) => alert ?? [])
const tests = readYaml('prometheus/rules.test.yml')

const rule = keys({ record: text, alert: text, 'expr!': text, for: duration, labels: mapOf(text), annotations: mapOf(text) })
const schemas = {
  'prometheus/prometheus.yml': keys({
    global: keys({ scrape_interval: duration, evaluation_interval: duration }),
    'rule_files!': listOf(text),
    'scrape_configs!': listOf(
      keys({ 'job_name!': text, metrics_path: text, 'static_configs!': listOf(keys({ 'targets!': listOf(text), labels: mapOf(text) })) }),
    ),
  }),
  'prometheus/rules/services.yml': keys({ 'groups!': listOf(keys({ 'name!': text, interval: duration, 'rules!': listOf(rule) })) }),
  'prometheus/rules.test.yml': keys({
    'rule_files!': listOf(text),
    evaluation_interval: duration,
    'tests!': listOf(
      keys({
        'name!': text,
        'interval!': duration,
        'input_series!': listOf(keys({ 'series!': text, 'values!': text })),
        promql_expr_test: listOf(
          keys({ 'expr!': text, 'eval_time!': duration, 'exp_samples!': listOf(keys({ 'labels!': text, 'value!': number })) }),
        ),
        alert_rule_test: listOf(
          keys({
            'eval_time!': duration,
            'alertname!': text,
            exp_alerts: listOf(keys({ exp_labels: mapOf(text), exp_annotations: mapOf(text) })),
          }),
        ),
      }),
    ),
  }),
}

it.each(Object.entries(schemas))('%s has settings that Prometheus knows', (file, schema) => {
  expect(schemaProblems(schema, readYaml(file))).toEqual([])
  expect(schemaProblems(schema, { ...readYaml(file), misspelt: [] })).not.toEqual([])
})

describe('rules', () => {
  it.each(rules.map(({ record, alert, expr = '' }) => [record ?? alert, expr]))('%s is PromQL', (_, expr = '') => {
    expect(syntaxError('promql', expr)).toBeUndefined()
  })

  it('use what the Collector makes, or what another rule records', () => {
    expect(rules.flatMap(({ expr = '' }) => unknownIn(expr, ['up', ...recordedRules]))).toEqual([])
    // Their names come of these settings.
    const { namespace, histogram, exemplars } = readYaml('collector/collector.yaml').connectors?.spanmetrics ?? {}
    expect({ namespace, unit: histogram?.unit, exemplars: exemplars?.enabled }).toEqual({
      namespace: 'traces.span.metrics',
      unit: 's',
      exemplars: true,
    })
  })

  it('are tested with series that the Collector makes', () => {
    const series = list(tests.tests).flatMap((test) => list(test.input_series).map((one) => scalar(one.series)))
    expect(series.flatMap((one) => unknownIn(one, ['up']))).toEqual([])
  })

  it('tell of p95 and of the share of errors, and lead to the dashboard', () => {
    expect(alerts).toEqual(['ServiceIsSlow', 'ServiceIsFailing', 'TelemetryIsDown'])
    for (const { annotations } of rules.filter(({ alert = '' }) => alert.startsWith('Service')))
      expect((annotations as unknown as Record<string, string>).dashboard).toBe('/d/spanlog-service?var-service={{ $labels.service_name }}')
  })

  it('each alert is tested, both when it is raised and when it is not', () => {
    const cases = list(tests.tests).flatMap(
      (test) => (test.alert_rule_test ?? []) as unknown as { alertname: string; exp_alerts?: object[] }[],
    )
    const named = (raised: boolean) =>
      new Set(cases.filter(({ exp_alerts }) => (exp_alerts !== undefined) === raised).map(({ alertname }) => alertname))
    expect(named(true)).toEqual(new Set(alerts))
    expect(named(false)).toEqual(new Set(alerts))
  })
})
