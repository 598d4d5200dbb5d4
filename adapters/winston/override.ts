// oxlint-disable-next-line typescript/no-explicit-any -- any method can be overridden
type AnyMethod = (this: any, ...args: any[]) => unknown

/** Puts a method in the place of an object's own or inherited one. Nothing is done where there is none. */
export function override(object: object, name: string, make: (original: AnyMethod) => AnyMethod): void {
  const original: unknown = Reflect.get(object, name)
  if (typeof original !== 'function') return
  const enumerable = Object.prototype.propertyIsEnumerable.call(object, name)
  const value = make(original as AnyMethod)
  // winston takes a transport whose `log` has more than two parameters for one of winston 2.
  Object.defineProperty(value, 'length', { value: original.length, configurable: true })
  Object.defineProperty(value, 'name', { value: original.name, configurable: true })
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
}
