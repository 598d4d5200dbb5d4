import { types } from 'node:util'
import { valueOf } from '../../src/fields/context-fields.js'
import type { Said, TraceFields } from '../../src/fields/format.js'

/** What winston's streams carry: the fields of one line, and under `Symbol.for('level')`, `'splat'`, `'message'` what winston adds. */
export type Info = Record<string | symbol, unknown>

/**
 * Puts what is said of a line's context where formats, the layouts of `printf` and JSON all see it; what the user's own info or
 * metadata has under these names stays.
 */
export function addFields(info: Info, { fields, format, context }: Said): void {
  if (format.names.areDefault) addDefault(info, fields)
  else {
    const nested = format.names.nestedIn(info)
    for (const name in fields) if (lacks(info, name) && !nested.includes(name)) info[name] = fields[name]
  }
  // Values of their own, since formats may change them.
  for (const field of context?.all ?? []) if (lacks(info, field.name)) info[field.name] = valueOf(field)
}

/** The same for names that stand in the code, which V8 reads and writes in a fraction of the time. */
function addDefault(info: Info, { trace_id, span_id, trace_flags }: TraceFields): void {
  if (trace_id !== undefined && (info.trace_id === undefined || !Object.hasOwn(info, 'trace_id'))) info.trace_id = trace_id
  if (span_id !== undefined && (info.span_id === undefined || !Object.hasOwn(info, 'span_id'))) info.span_id = span_id
  if (trace_flags !== undefined && (info.trace_flags === undefined || !Object.hasOwn(info, 'trace_flags'))) info.trace_flags = trace_flags
}

function lacks(info: Info, name: string): boolean {
  return info[name] === undefined || !Object.hasOwn(info, name)
}

/**
 * An info like the given one, for the fields to go into: formats and transports find the same in it.
 *
 * @returns `undefined` for what has no like, and no place for fields in JSON: no object, or an array, a date or a boxed primitive
 */
export function copyInfo(info: unknown): Info | undefined {
  if (typeof info !== 'object' || info === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(info)
  // By spreading only where assigning would set the prototype: V8 is several times slower with what is added to a spread object.
  if (prototype === Object.prototype) return Object.hasOwn(info, '__proto__') ? { ...info } : Object.assign({} as Info, info)
  // An Error has none any more where default metadata have a `__proto__`.
  if (prototype === null) return Object.create(null, ownOf(info)) as Info
  return Array.isArray(info) || types.isDate(info) || types.isBoxedPrimitive(info) ? undefined : copyInstance(info)
}

/** A copy of an Error, or of another class's instance. */
function copyInstance(info: object): Info {
  const copy = Object.create(Object.getPrototypeOf(info) as object, ownOf(info)) as Info
  // Getters of a class, such as a DOMException's, may read private fields, which no copy has: they are asked about the original.
  // Its own properties are not, since a format may have deleted them.
  return new Proxy(copy, {
    get: (target, key) => Reflect.get(Object.hasOwn(target, key) ? target : Object.getPrototypeOf(target), key, info) as unknown,
  })
}

/** Own properties, also those that no loop shows, by value: `stack` is an accessor in newer V8 and knows its own error only. */
function ownOf(info: object): PropertyDescriptorMap {
  const properties: PropertyDescriptorMap = {}
  for (const key of Reflect.ownKeys(info)) {
    const { enumerable = false } = Object.getOwnPropertyDescriptor(info, key) ?? {}
    const value: unknown = Reflect.get(info, key)
    Object.defineProperty(properties, key, { value: { value, enumerable, writable: true, configurable: true }, enumerable: true })
  }
  return properties
}

/** An info that says itself what it is in JSON would leave out the fields. */
export function showInJson(copy: Info, original: unknown, said: Said): void {
  const { toJSON } = copy
  if (typeof toJSON !== 'function') return
  const value = function (this: Info, key: string): unknown {
    const json = inJson(this, original, toJSON as ToJson, key)
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
    const shown: Info = { ...json }
    addFields(shown, said)
    return shown
  }
  Object.defineProperty(copy, 'toJSON', { value, enumerable: false, writable: true, configurable: true })
}

type ToJson = (this: unknown, key: string) => unknown

function inJson(copy: Info, original: unknown, toJSON: ToJson, key: string): unknown {
  try {
    return toJSON.call(copy, key)
  } catch {
    // Either it throws for the original as well, or it reads private fields, which no copy has. What it makes of the original is
    // not used: a format may have hidden in the copy what stands there.
    toJSON.call(original, key)
    return { ...copy }
  }
}
