/**
 * The fields of a line by folded name, outermost first: case and `_ . -` do not count, and nested names are joined, so `trace_id`,
 * `traceID`, `trace.id` and `{"trace":{"id":…}}` are all `traceid`.
 */
export type FieldIndex = ReadonlyMap<string, readonly unknown[]>

/** Objects whose name says nothing: what is inside counts as if it stood outside, behind what does. */
const holders = new Set(['metadata', 'meta', 'mdc', 'contextmap', 'attributes', 'resource', 'properties', 'extra'])
const maxDepth = 3

function foldName(name: string): string {
  return name.toLowerCase().replace(/[_.-]/g, '')
}

export function indexFields(...sources: readonly Readonly<Record<string, unknown>>[]): FieldIndex {
  const index = new Map<string, unknown[]>()
  let level = sources.map((fields) => ({ prefix: '', fields }))
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: typeof level = []
    for (const { prefix, fields } of level) {
      for (const [key, value] of Object.entries(fields)) {
        const name = prefix + foldName(key)
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
          next.push({ prefix: holders.has(name) ? '' : name, fields: value as Record<string, unknown> })
        } else if (index.has(name)) {
          index.get(name)?.push(value)
        } else {
          index.set(name, [value])
        }
      }
    }
    level = next
  }
  return index
}

/** The first value that `read` makes something of, by the order of the names. */
export function firstOf<T>(index: FieldIndex, names: readonly string[], read: (value: unknown) => T | undefined): T | undefined {
  for (const name of names) {
    for (const value of index.get(name) ?? []) {
      const result = read(value)
      if (result !== undefined) return result
    }
  }
  return undefined
}

/** A text or a number as text; `undefined` for an empty one and for everything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** Names of the field that holds a line's own trace ID, folded. */
export const traceNames = ['traceid', 'oteltraceid', 'ddtraceid', 'xraytraceid', 'logginggoogleapiscom/trace'] as const
/** Names of the field that holds its span ID, folded. */
export const spanNames = ['spanid', 'otelspanid', 'logginggoogleapiscom/spanid'] as const
export const serviceNames = ['service', 'servicename', 'ddservice'] as const
export const timeNames = ['time', 'timestamp', '@timestamp', 'ts'] as const
export const messageNames = ['msg', 'message', 'body', 'event', 'log'] as const
export const levelNames = ['level', 'severity', 'lvl', 'loglevel', 'levelname', 'severitytext', 'detectedlevel'] as const
