/**
 * Names of fields that a line may have of its user's own, and how to see whether it has. A name with dots means the nested form as
 * well: `trace.id` is `{"trace":{"id":…}}`.
 */
export class FieldNames {
  /** What an object that has one of them has at its top: each name, and how its nested forms begin. */
  private readonly tops: ReadonlySet<string>
  private readonly keys: readonly string[]
  private readonly dotted: readonly string[]
  /** OpenTelemetry's own three: what is on the path of each line treats these apart. */
  readonly areDefault: boolean

  constructor(private readonly names: readonly string[]) {
    this.tops = new Set(names.flatMap((name) => [name, ...headsOf(name)]))
    this.keys = [...this.tops].map((top) => `${JSON.stringify(top)}:`)
    this.dotted = names.filter((name) => name.includes('.'))
    this.areDefault = names.join() === 'trace_id,span_id,trace_flags'
  }

  /** Whether an object has one of the names, if they can be enumerated: quick, and true once too often rather than too seldom. */
  areIn(object: object): boolean {
    // V8 answers for a name that stands in the code in no time, and for one in a variable as slowly as for all that the object has.
    if (this.areDefault) return 'trace_id' in object || 'span_id' in object || 'trace_flags' in object
    for (const key in object) if (this.tops.has(key)) return true
    return false
  }

  /** Whether a piece of JSON has one of the names as a key at any depth: quick, and true once too often rather than too seldom. */
  mentionedIn(json: string): boolean {
    for (const key of this.keys) if (json.includes(key)) return true
    return false
  }

  /** Whether one of the names would be the given key, or stand inside of it. */
  include(key: unknown): boolean {
    return (this.tops as ReadonlySet<unknown>).has(key)
  }

  /** Those of the names whose nested form an object has. */
  nestedIn(object: object): readonly string[] {
    return this.dotted.length === 0 ? none : this.dotted.filter((name) => hasNested(object, name))
  }

  /** Those of the names that a JSON object has. Of text that cannot be parsed, all, if it mentions one. */
  ownIn(json: string): readonly string[] {
    if (!this.mentionedIn(json)) return none
    try {
      const top = JSON.parse(json) as object
      return this.names.filter((name) => has(top, name))
    } catch {
      return this.names.filter((name) => [name, ...headsOf(name)].some((key) => json.includes(`${JSON.stringify(key)}:`)))
    }
  }
}

const none: readonly string[] = []

/** `a.b.c` -> `a`, `a.b` */
function headsOf(name: string): string[] {
  return [...name.matchAll(/\./g)].map(({ index }) => name.slice(0, index))
}

function has(object: object, name: string): boolean {
  return Object.hasOwn(object, name) || hasNested(object, name)
}

function hasNested(object: object, name: string): boolean {
  return headsOf(name).some((head) => {
    const inner: unknown = Object.hasOwn(object, head) ? (object as Record<string, unknown>)[head] : undefined
    return typeof inner === 'object' && inner !== null && has(inner, name.slice(head.length + 1))
  })
}
