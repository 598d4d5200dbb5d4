import type { AttributeValue } from '@opentelemetry/api'
import { FieldNames } from './field-names.js'

/** A field of `withFields` or `addFields`, as JSON has it. */
export interface ContextField {
  readonly name: string
  readonly json: string
}

/** The fields that the lines of a context carry. Never changed: a holder gets another one, and what is made of it can be kept. */
export class ContextFields {
  /** As they stand in a JSON line, without braces. */
  readonly text: string
  readonly names: FieldNames

  constructor(readonly all: readonly ContextField[]) {
    this.text = all.map(memberText).join(',')
    this.names = new FieldNames(all.map(({ name }) => name))
  }
}

export function memberText({ name, json }: ContextField): string {
  return `${JSON.stringify(name)}:${json}`
}

/** A value like the one that was given: primitive, or an object for the caller alone, which formats may change. */
export function valueOf({ json }: ContextField): unknown {
  return JSON.parse(json)
}

/**
 * The fields of a context, with those of an object added, in place of the ones of the same names; one that has no form in JSON
 * (`undefined`, a function, a symbol) takes it away. Never throws for what the object holds.
 */
export function mergeFields(before: ContextFields | undefined, added: object): ContextFields | undefined {
  const fields = new Map(before?.all.map((field) => [field.name, field]))
  for (const name of Object.keys(added)) {
    // No property once it is assigned, as winston's formats do.
    if (name === '__proto__') continue
    const json = jsonOf(() => (added as Record<string, unknown>)[name])
    fields.delete(name)
    if (json !== undefined) fields.set(name, { name, json })
  }
  return fields.size === 0 ? undefined : new ContextFields([...fields.values()])
}

/** Serialised once, and here: what the value becomes later is not what was said. */
function jsonOf(read: () => unknown): string | undefined {
  try {
    return JSON.stringify(read(), replace)
  } catch {
    // A circle, a getter or `toJSON` that throws, or a text too long for a string.
    return '"[not serializable]"'
  }
}

function replace(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error && typeof (value as { toJSON?: unknown }).toJSON !== 'function')
    return Object.assign({}, value, { type: value.name, message: value.message, stack: value.stack })
  return value
}

const maxAttributeLength = 4096

/** A field as an attribute of a span: what is no primitive as its JSON. */
export function attributeOf(field: ContextField): AttributeValue {
  const value = valueOf(field)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  return (typeof value === 'string' ? value : field.json).slice(0, maxAttributeLength)
}
