import { parser as logql } from '@grafana/lezer-logql'
import { parser as traceql } from '@grafana/lezer-traceql'
import { parser as promql } from '@prometheus-io/lezer-promql'

const parsers = { logql, promql, traceql }

/** What Grafana puts in place of its variables, of the kind that stands there. */
const values: [RegExp, string][] = [
  [/\$\{__tags\}/g, 'service_name="orders"'],
  [/\$__tags/g, 'service_name="orders"'],
  [/\$\{__trace\.traceId\}/g, '0af7651916cd43dd8448eb211c80319c'],
  [/\$\{__value\.raw\}/g, '0.38749999999999996'],
  [/\$__(?:rate_interval|interval|auto)\b/g, '5m'],
  [/\$\{?service\}?/g, 'orders'],
]

/** A query as the store gets it. @throws Error where a variable is none that is known here */
export function interpolate(query: string): string {
  const filled = values.reduce((text, [variable, value]) => text.replaceAll(variable, value), query)
  if (filled.includes('$')) throw new Error(`unknown variable in ${query}`)
  return filled
}

/** The first part of a query that its grammar does not know, or undefined. */
export function syntaxError(language: keyof typeof parsers, query: string): string | undefined {
  let error: string | undefined
  parsers[language].parse(query).iterate({
    enter(node) {
      if (node.type.isError) error ??= `${language}, at ${node.from}: ${query.slice(Math.max(0, node.from - 20), node.to + 20)}`
    },
  })
  return error
}
