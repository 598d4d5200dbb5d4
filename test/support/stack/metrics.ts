import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'

/** What a Collector with the stack's file answered on /metrics while the shop was busy: its own release, on that day. */
export const recorded = JSON.parse(readFileSync(path.join(import.meta.dirname, 'collector-metrics.json'), 'utf8')) as {
  collector: string
  day: string
  /** Each metric, and which of `labels` it has; a histogram's buckets have `le` as well. */
  names: Record<string, 'spans' | 'calls'>
  /** Each label with the values that were seen; none where they are the service's own. */
  labels: Record<'spans' | 'calls', Record<string, string[]>>
  exemplars: Record<string, string[]>
  /** Some of what it says of itself, on its other port. */
  own: string[]
}

/** What a query asks for that the Collector does not make: a metric, a label of it, a value of the label. */
export function unknownIn(promql: string, rules: readonly string[] = []): string[] {
  const problems: string[] = []
  const metrics: string[] = []
  const asked: { label: string; value?: string }[] = []
  const said = (node: { from: number; to: number }) => promql.slice(node.from, node.to)
  parser.parse(promql).iterate({
    enter({ name, node }) {
      if (name === 'Identifier') metrics.push(said(node))
      if (name === 'UnquotedLabelMatcher') {
        const [label, operator, value] = [node.firstChild, node.firstChild?.nextSibling, node.lastChild]
        if (label && operator && value)
          asked.push({ label: said(label), ...(said(operator) === '=' && { value: said(value).slice(1, -1) }) })
      }
      if (name === 'LabelName' && node.parent?.name === 'GroupingLabels') asked.push({ label: said(node) })
    },
  })
  for (const metric of metrics) if (!(metric in recorded.names) && !rules.includes(metric)) problems.push(`no metric ${metric}`)
  const kinds = new Set(metrics.flatMap((metric) => recorded.names[metric] ?? []))
  for (const kind of kinds)
    for (const { label, value } of asked) {
      const values = label === 'le' && metrics.some((metric) => metric.endsWith('_bucket')) ? [] : recorded.labels[kind][label]
      if (!values) problems.push(`no label ${label}`)
      else if (value !== undefined && values.length > 0 && !values.includes(value)) problems.push(`no ${label} ${value}`)
    }
  return problems
}
