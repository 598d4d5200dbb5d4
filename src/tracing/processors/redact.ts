import type { Attributes } from '@opentelemetry/api'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { createRedactor, type RedactionRules } from '../../redaction/redactor.js'
import { hideSqlLiterals } from '../../redaction/sql.js'
import { type Changes, changedSpan } from './changed-span.js'
import { stage } from './stage.js'
import type { EndedSpan, SpanStage } from './types.js'

/** What `redactSpans` hides: keys and patterns, by default those that are secrets or personal in any service, and literals of SQL. */
export interface RedactSpansOptions extends RedactionRules {
  /**
   * Whether the literals of `db.query.text` (and `db.statement`) are hidden. What stands in double quotes is a name, but in MySQL, MariaDB
   * and SQLite, by the span's `db.system.name`.
   *
   * @defaultValue true
   */
  sqlLiterals?: boolean
}

const sqlKeys = new Set(['db.query.text', 'db.statement'])
const doubleQuotedTexts = new Set(['mysql', 'mariadb', 'sqlite'])

/**
 * Hides what must not leave the process: in names, statuses, attributes, events, links and resources of spans. Hands on a copy; what
 * stands beside it still sees the span as it was, so let it stand before every exporter. It reads a span only if it is exported.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * startTracing({ serviceName: 'orders', redact: { keys: [...usualKeys, 'iban'] } })
 * new NodeTracerProvider({ spanProcessors: [redactSpans()(new BatchSpanProcessor(exporter))] })
 * ```
 */
export function redactSpans(options: RedactSpansOptions = {}): SpanStage {
  refuseUnknownOptions('redactSpans', options, ['keys', 'patterns', 'allow', 'replacement', 'sqlLiterals'])
  const { sqlLiterals = true, ...rules } = options
  if (typeof sqlLiterals !== 'boolean') throw unexpected('sqlLiterals', 'a boolean', sqlLiterals)
  const redactor = createRedactor(rules)
  const resources = new WeakMap<object, EndedSpan['resource']>()

  const changes: Changes = {
    name: ({ name }) => redactor.text(name),
    status: ({ status }) => (status.message === undefined ? status : { ...status, message: redactor.text(status.message) }),
    attributes: ({ attributes }) => clean(attributes),
    events: ({ events }) =>
      events.map((event) => ({
        ...event,
        name: redactor.text(event.name),
        ...(event.attributes && { attributes: clean(event.attributes) }),
      })),
    links: ({ links }) => links.map((link) => (link.attributes === undefined ? link : { ...link, attributes: clean(link.attributes) })),
    resource: ({ resource }) => cleanResource(resource),
  }
  return stage('redactSpans', { ends: (span) => changedSpan(span, changes) })

  function clean(attributes: Attributes): Attributes {
    const system = String(attributes['db.system.name'] ?? attributes['db.system'])
    const shown: Attributes = {}
    for (const [key, value] of Object.entries(attributes)) {
      const sql = sqlLiterals && typeof value === 'string' && sqlKeys.has(key)
      const plain = sql ? hideSqlLiterals(value, doubleQuotedTexts.has(system) ? 'texts' : 'names') : value
      shown[key] = redactor.value(key, plain) as Attributes[string]
    }
    return shown
  }

  /** One copy for each: exporters group spans by it. Some of its attributes are found out later. */
  function cleanResource(resource: EndedSpan['resource']): EndedSpan['resource'] {
    let shown = resources.get(resource)
    if (shown === undefined) {
      shown = Object.create(resource, { attributes: { get: () => clean(resource.attributes), enumerable: true } }) as EndedSpan['resource']
      resources.set(resource, shown)
    }
    return shown
  }
}
