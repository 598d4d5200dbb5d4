import { reportFault } from '../../src/context/fault.js'
import { type ContextField, type ContextFields, memberText, valueOf } from '../../src/fields/context-fields.js'
import type { Internals, Logger } from './internals.js'

type Serializer = (value: unknown) => unknown
// What redaction leaves of a number or a boolean may be one.
type Stringifier = (value: unknown, safe?: unknown) => string | number | boolean | undefined

const serializersKey = Symbol.for('pino.serializers')

/**
 * The fields of `withFields` and `addFields` as a logger has the bindings of a child: through its serializers and its redaction.
 * Text behind the bindings would pass by both.
 *
 * @param without - fields that the line has of its user's own
 * @returns the fields, each with a comma before it
 */
export function contextText(logger: Logger, internals: Internals, fields: ContextFields, without: readonly string[]): string {
  const serializers = logger[serializersKey] as Record<string, Serializer>
  const stringifiers = logger[internals.stringifiers] as Record<string | symbol, Stringifier>
  const ofAll = Object.getOwnPropertySymbols(stringifiers).find((symbol) => symbol.description === 'pino.wildcardFirst')
  let text = ''
  for (const field of fields.all) {
    if (without.includes(field.name)) continue
    const serialize = own(serializers, field.name)
    const redact = own(stringifiers, field.name) ?? (ofAll && stringifiers[ofAll])
    const json = serialize || redact ? left(field, serialize, redact, logger[internals.stringifySafe]) : field.json
    if (json !== undefined) text += `,${memberText({ name: field.name, json })}`
  }
  return text
}

function own<T>(object: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** What the user's own functions leave of a field; nothing where one throws, since it may be what hides the value. */
function left(field: ContextField, serialize: Serializer | undefined, redact: Stringifier | undefined, safe: unknown): string | undefined {
  try {
    const value = serialize ? serialize(valueOf(field)) : valueOf(field)
    const json = redact ? redact(value, safe) : (JSON.stringify(value) as string | undefined)
    return json === undefined ? undefined : String(json)
  } catch (error) {
    reportFault('a field of the context could not be serialized or redacted, and is left out', error)
    return undefined
  }
}
