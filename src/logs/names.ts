/** A field of a line whose name says something, under its folded name. */
interface KnownField {
  name: string
  value: unknown
  /** 0 for what stands outermost. */
  depth: number
}

/**
 * The fields of a line that are known by their folded name, outermost first: case and `_ . -` do not count, and nested names are
 * joined, so `trace_id`, `traceID`, `trace.id` and `{"trace":{"id":…}}` are all `traceid`.
 */
export type FieldIndex = readonly KnownField[]

/** Names of the field that holds a line's own trace ID, folded. */
export const traceNames = [
  'traceid',
  'oteltraceid',
  'ddtraceid',
  'xraytraceid',
  'awsxraytraceid',
  'logginggoogleapiscom/trace',
  '@tr',
] as const
/** Holds a W3C traceparent: where the request came from, so it tells the trace of a line that has no field of its own for it. */
export const traceparentNames = ['traceparent'] as const
/** Names of the field that holds its span ID, folded. */
export const spanNames = ['spanid', 'otelspanid', 'logginggoogleapiscom/spanid', '@sp'] as const
/** Holds a span ID in decimal. */
export const decimalSpanNames = ['ddspanid'] as const
export const serviceNames = ['service', 'servicename', 'ddservice'] as const
export const timeNames = [
  'time',
  'timestamp',
  '@timestamp',
  'ts',
  '@t',
  'datetime',
  'asctime',
  'timeunixnano',
  'observedtimeunixnano',
] as const
export const messageNames = ['msg', 'message', '@m', 'body', 'event', 'log'] as const
export const levelNames = ['level', 'severity', 'lvl', 'loglevel', 'levelname', 'severitytext', 'detectedlevel', '@l'] as const
/** Holds OpenTelemetry's number of a severity. */
export const severityNumberNames = ['severitynumber'] as const

/** Objects whose name says nothing: what is inside counts as if it stood outside, behind what does. */
const holders = new Set(['metadata', 'meta', 'mdc', 'contextmap', 'attributes', 'resource', 'properties', 'extra'])
const maxDepth = 3

const known = new Set<string>([
  ...traceNames,
  ...traceparentNames,
  ...spanNames,
  ...decimalSpanNames,
  ...serviceNames,
  ...timeNames,
  ...messageNames,
  ...levelNames,
  ...severityNumberNames,
])
/** The beginnings of all names: an object under another one holds nothing that is known. */
const beginnings = new Set(
  [...known, ...holders].flatMap((name) => Array.from({ length: name.length + 1 }, (_, end) => name.slice(0, end))),
)

// Lines repeat their names; how many there are, and how long, is up to whoever writes them.
const folded = new Map<string, string>()
const maxFolded = 4096
const maxFoldedLength = 64

function foldName(name: string): string {
  let fold = folded.get(name)
  if (fold === undefined) {
    fold = name.toLowerCase().replace(/[_.-]/g, '')
    if (folded.size < maxFolded && name.length <= maxFoldedLength) folded.set(name, fold)
  }
  return fold
}

export function indexFields(...sources: readonly Readonly<Record<string, unknown>>[]): FieldIndex {
  const index: KnownField[] = []
  let level = sources.map((fields) => ({ prefix: '', fields }))
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: typeof level = []
    for (const { prefix, fields } of level) {
      for (const key of Object.keys(fields)) {
        const name = prefix === '' ? foldName(key) : prefix + foldName(key)
        if (!beginnings.has(name)) continue
        const value = fields[key]
        if (typeof value !== 'object' || value === null || Array.isArray(value)) index.push({ name, value, depth })
        else next.push({ prefix: holders.has(name) ? '' : name, fields: value as Record<string, unknown> })
      }
    }
    level = next
  }
  return index
}

/** The first value that `read` makes something of, by the order of the names. */
export function firstOf<T>(index: FieldIndex, names: readonly string[], read: (value: unknown) => T | undefined): T | undefined {
  for (const name of names) {
    for (const field of index) {
      if (field.name !== name) continue
      const result = read(field.value)
      if (result !== undefined) return result
    }
  }
  return undefined
}

/**
 * All values that are texts or numbers, by the order of the names: of the outermost depth that has one which `counts`, or of all
 * depths where none does.
 */
export function outermostTexts(index: FieldIndex, names: readonly string[], counts: (text: string) => boolean): string[] {
  const decides = index.find(({ name, value }) => names.includes(name) && counts(textOf(value) ?? ''))
  const texts: string[] = []
  for (const name of names) {
    for (const field of index) {
      const isSought = field.name === name && (decides === undefined || field.depth === decides.depth)
      const text = isSought ? textOf(field.value) : undefined
      if (text !== undefined) texts.push(text)
    }
  }
  return texts
}

/** A text or a number as text; `undefined` for an empty one and for everything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}
