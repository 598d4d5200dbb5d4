import type { Attributes } from '@opentelemetry/api'
import { isRecord } from '../../context/attributes.js'
import { state } from '../../context/state.js'
import { unexpected } from '../../errors.js'
import { type RedactOptions, type RedactSettings, redactSettings } from '../../redaction/settings.js'
import { hideSqlLiterals } from '../../redaction/sql.js'
import { type Changes, changedSpan } from './changed-span.js'
import { stage } from './stage.js'
import type { EndedSpan, SpanStage } from './types.js'

/** The rules of `redactSpans`, and of `configure({ redact })`. */
export type RedactSpansOptions = RedactOptions

const sqlKeys = new Set(['db.query.text', 'db.statement'])
const doubleQuotedTexts = new Set(['mysql', 'mariadb', 'sqlite'])

/**
 * Hides what must not leave the process: in names, statuses, attributes, events, links and resources of spans. Hands on a copy; what
 * stands beside it still sees the span as it was, so let it stand before every exporter. It reads a span only if it is exported.
 *
 * @param options - @defaultValue the rules of `configure({ redact })`; where there are none, the usual ones
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * startTracing({ serviceName: 'orders', redact: { keys: [...usualKeys, 'iban'] } })
 * new NodeTracerProvider({ spanProcessors: [redactSpans()(new BatchSpanProcessor(exporter))] })
 * ```
 */
export function redactSpans(options?: RedactSpansOptions): SpanStage {
  const own = redactSettings(options === undefined ? true : rulesOf(options))
  return stage('redactSpans', { ends: changeBy(() => (options === undefined ? (state.settings.redact ?? own) : own)) })
}

function rulesOf(options: RedactSpansOptions): RedactSpansOptions {
  if (!isRecord(options)) throw unexpected('the options of redactSpans', 'an object', options)
  return options
}

/** By the rules of `configure({ redact })`, as long as there are any. */
export function redactAsConfigured(): SpanStage {
  return stage('redactSpans', { ends: changeBy(() => state.settings.redact) })
}

function changeBy(current: () => RedactSettings | undefined): (span: EndedSpan) => EndedSpan {
  const changes = new WeakMap<RedactSettings, Changes>()
  return (span) => {
    const settings = current()
    if (settings === undefined) return span
    let ours = changes.get(settings)
    if (ours === undefined) changes.set(settings, (ours = changesOf(settings)))
    return changedSpan(span, ours)
  }
}

function changesOf({ redactor, sqlLiterals }: RedactSettings): Changes {
  const resources = new WeakMap<object, EndedSpan['resource']>()

  return {
    name: ({ name }) => redactor.text(name),
    status: ({ status }) => {
      const message = redactor.text(status.message ?? '')
      return message === (status.message ?? '') ? status : { ...status, message }
    },
    attributes: ({ attributes }) => clean(attributes),
    events: ({ events }) =>
      mapped(events, (event) => {
        const name = redactor.text(event.name)
        const shown = withAttributes(event)
        return name === event.name ? shown : { ...shown, name }
      }),
    links: ({ links }) => mapped(links, withAttributes),
    resource: ({ resource }) => cleanResource(resource),
  }

  /** The same object, where it holds nothing to hide. */
  function clean(attributes: Attributes): Attributes {
    let shown: Attributes | undefined
    for (const key of Object.keys(attributes)) {
      const value = attributes[key]
      const sql = sqlLiterals && typeof value === 'string' && sqlKeys.has(key)
      const plain = redactor.value(key, sql ? hideSqlLiterals(value, doubleQuoted(attributes)) : value) as Attributes[string]
      if (plain === value) continue
      shown ??= { ...attributes }
      Object.defineProperty(shown, key, { value: plain, enumerable: true, writable: true, configurable: true })
    }
    return shown ?? attributes
  }

  function withAttributes<T extends { readonly attributes?: Attributes | undefined }>(given: T): T {
    const attributes = given.attributes && clean(given.attributes)
    return attributes === given.attributes ? given : { ...given, attributes }
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

function doubleQuoted(attributes: Attributes): 'texts' | 'names' {
  return doubleQuotedTexts.has(String(attributes['db.system.name'] ?? attributes['db.system'])) ? 'texts' : 'names'
}

/** The same list, where nothing in it is another. */
function mapped<T>(list: readonly T[], change: (item: T) => T): T[] {
  let shown: T[] | undefined
  for (let i = 0; i < list.length; i++) {
    const item = list[i] as T
    const changed = change(item)
    if (changed !== item) (shown ??= [...list])[i] = changed
  }
  return shown ?? (list as T[])
}
