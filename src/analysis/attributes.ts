import type { TraceSpan } from '../traces/types.js'

/** The first of these attributes that holds text or a number, as text: today's name first, then those of older conventions. */
export function textOf(attributes: Readonly<Record<string, unknown>> | undefined, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = attributes?.[name]
    if (typeof value === 'string' && value !== '') return value
    if (typeof value === 'number') return String(value)
  }
  return undefined
}

export function hasText(attributes: Readonly<Record<string, unknown>>, ...names: string[]): boolean {
  return textOf(attributes, ...names) !== undefined
}

export function httpStatus({ attributes }: TraceSpan): number | undefined {
  const status = Number(textOf(attributes, 'http.response.status_code', 'http.status_code'))
  return Number.isInteger(status) ? status : undefined
}

export function queryText({ attributes }: TraceSpan): string | undefined {
  return textOf(attributes, 'db.query.text', 'db.statement')
}

export function urlOf({ attributes }: TraceSpan): string | undefined {
  return textOf(attributes, 'url.full', 'http.url', 'url.path', 'http.target')
}

/** What the call is about, exactly: two calls with the same target ask for the same. Absent where the span does not say. */
export function targetOf(span: TraceSpan): string | undefined {
  const { attributes } = span
  return (
    queryText(span) ??
    urlOf(span) ??
    textOf(attributes, 'messaging.destination.name', 'db.collection.name', 'db.sql.table', 'server.address', 'net.peer.name')
  )
}
