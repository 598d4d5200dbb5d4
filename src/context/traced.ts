import type { Attributes } from '@opentelemetry/api'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import { activeContext, runIn } from './active.js'
import { checkAttributes } from './attributes.js'
import { reportFault } from './fault.js'
import { withSpan } from './span.js'
import { areLinks, checkSpanOptions, type WithSpanOptions } from './span-options.js'

// oxlint-disable-next-line typescript/no-explicit-any -- any function can be traced
type AnyFunction = (...args: any[]) => any

/** How a function is traced. */
export interface TracedOptions extends Pick<WithSpanOptions, 'kind' | 'links' | 'expectedErrors'> {
  /** The span's name. @defaultValue the function's; of a method `Class.method` */
  name?: string | undefined
  /** The same for each call, or made of its arguments. */
  attributes?: Attributes | ((...args: never[]) => Attributes | undefined) | undefined
  /** The last argument is a callback that is called once, with an error or null first: the span ends with it. @defaultValue false */
  callback?: boolean | undefined
}

/** A method decorator, TC39's as well as that of TypeScript's `experimentalDecorators`. */
export interface TracedDecorator {
  <F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext): F
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor
}

const optionNames = [
  'name',
  'kind',
  'attributes',
  'links',
  'expectedErrors',
  'callback',
] as const satisfies readonly (keyof TracedOptions)[]
const known = new WeakSet<object>()

/**
 * Traces every call of a function or method in a span of its own, as `withSpan` does: `this`, arguments, result and errors are as they
 * were; sync, async, generators and, by `callback`, callbacks.
 *
 * ```ts
 * const charge = traced(chargeCard, { kind: 'client' })   // a function
 * class Orders {
 *   @traced() place(order: Order) {}                      // a span "Orders.place"
 *   @traced('cancel order') cancel(id: string) {}
 * }
 * ```
 *
 * @returns the traced function, or, called without a function, a decorator
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const load = traced(loadOrder, { name: 'load order', attributes: (id: string) => ({ 'order.id': id }) })
 * ```
 */
export function traced<F extends AnyFunction>(fn: F, options?: TracedOptions | string): F
export function traced<F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext): F
export function traced(target: object, key: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor
export function traced(options?: TracedOptions | string): TracedDecorator
export function traced(first?: unknown, second?: unknown, third?: unknown): unknown {
  if (typeof first === 'function' && !isDescriptor(third))
    return isDecoratorContext(second) ? wrap(first as AnyFunction, {}, String(second.name)) : wrap(first as AnyFunction, optionsOf(second))
  if (isDescriptor(third)) return wrapDescriptor(third, second, {})
  const options = optionsOf(first)
  return (target: unknown, key: unknown, descriptor: unknown): unknown =>
    isDescriptor(descriptor) ? wrapDescriptor(descriptor, key, options) : wrap(target as AnyFunction, options, methodName(key))
}

/**
 * Traces the methods of an object, in place: each of its own, and each of its class, but for the constructor, accessors, and names that
 * begin with `_`.
 *
 * @param options - `methods` names those to be traced; the others as in `traced`, for all of them
 * @returns the same object
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const orders = traceMethods(new OrderRepository(pool), { kind: 'client' }) // "OrderRepository.find", …
 * ```
 */
export function traceMethods<T extends object>(
  object: T,
  options: Omit<TracedOptions, 'name'> & { methods?: readonly (keyof T & string)[] | undefined } = {},
): T {
  if (typeof object !== 'object' || object === null) throw unexpected('object', 'an object', object)
  refuseUnknownOptions('traceMethods', options, ['methods', ...optionNames.filter((name) => name !== 'name')])
  const { methods = methodsOf(object), ...rest } = options
  const checked = optionsOf(rest)
  if (!Array.isArray(methods)) throw unexpected('methods', 'an array of names of methods', methods)
  if (methods.length === 0) throw unexpected('object', 'an object with methods', object)
  for (const name of methods) {
    const method: unknown = object[name as keyof T]
    if (typeof method !== 'function') throw unexpected(`methods`, 'names of methods', name)
    if (known.has(method)) continue
    Object.defineProperty(object, name, {
      value: wrap(method as AnyFunction, checked, name),
      writable: true,
      configurable: true,
      enumerable: Object.prototype.propertyIsEnumerable.call(object, name),
    })
  }
  return object
}

function methodsOf(object: object): string[] {
  const names = new Set<string>()
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor' && !name.startsWith('_')) names.add(name)
    }
  }
  return [...names]
}

/** @param method - its name, where it is a method: the span is then named after the class of the object as well */
function wrap<F extends AnyFunction>(fn: F, options: TracedOptions, method?: string): F {
  if (typeof fn !== 'function') throw unexpected('fn', 'a function', fn)
  const { name, attributes, callback = false, ...rest } = options
  const ownName = name ?? method ?? fn.name
  if (ownName === '') throw unexpected('name', 'given, since the function has none', name)
  // It keeps all that the function has: its name, its length, its properties; `new` is not traced.
  const wrapped = new Proxy(fn, {
    apply(target, self: unknown, args: unknown[]) {
      const spanName = name === undefined && method !== undefined ? qualified(self, method) : ownName
      const spanOptions = { ...rest, attributes: attributesOf(attributes, args) }
      if (callback && typeof args.at(-1) === 'function') return callWithCallback(spanName, spanOptions, target, self, args)
      return withSpan(spanName, spanOptions, () => Reflect.apply(target, self, args) as unknown)
    },
  })
  known.add(wrapped)
  return wrapped
}

function callWithCallback(name: string, options: WithSpanOptions, fn: AnyFunction, self: unknown, args: unknown[]): unknown {
  const callback = args.at(-1) as AnyFunction
  const outside = activeContext()
  return withSpan(name, options, (_span, end) => {
    const called = function (this: unknown, ...results: unknown[]): unknown {
      end(results[0])
      // What comes after is no part of it.
      return runIn(outside, () => Reflect.apply(callback, this, results) as unknown)
    }
    return Reflect.apply(fn, self, [...args.slice(0, -1), called]) as unknown
  })
}

function wrapDescriptor(descriptor: PropertyDescriptor, key: unknown, options: TracedOptions): PropertyDescriptor {
  return { ...descriptor, value: wrap(descriptor.value as AnyFunction, options, methodName(key)) }
}

/** `Orders.place`, `Orders.open` of a static method; the class is that of the object, also where a parent has the method. */
function qualified(self: unknown, method: string): string {
  const owner = typeof self === 'function' ? self.name : (self as { constructor?: { name?: string } } | null | undefined)?.constructor?.name
  return owner === undefined || owner === '' || owner === 'Object' ? method : `${owner}.${method}`
}

function attributesOf(attributes: TracedOptions['attributes'], args: unknown[]): Attributes | undefined {
  if (typeof attributes !== 'function') return attributes
  try {
    return attributes(...(args as never[]))
  } catch (error) {
    reportFault('the attributes of a traced function could not be made', error)
    return undefined
  }
}

function optionsOf(given: unknown): TracedOptions {
  if (given === undefined) return {}
  const options = typeof given === 'string' ? { name: given } : given
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object, or a name', given)
  checkSpanOptions('traced', options, optionNames)
  const { name, attributes, links, callback } = options as TracedOptions
  if (name !== undefined && (typeof name !== 'string' || name === '')) throw unexpected('name', 'a non-empty string', name)
  if (typeof attributes !== 'function') checkAttributes('attributes', attributes)
  if (links !== undefined && !areLinks(links)) throw unexpected('links', 'an array of { context }, each with a span context', links)
  if (callback !== undefined && typeof callback !== 'boolean') throw unexpected('callback', 'a boolean', callback)
  return options
}

/** Of a TC39 decorator's context, or of a legacy one's key. */
function methodName(key: unknown): string {
  const name = isDecoratorContext(key) ? key.name : (key as string | symbol)
  return typeof name === 'symbol' ? (name.description ?? 'symbol') : name
}

function isDecoratorContext(value: unknown): value is ClassMethodDecoratorContext {
  return typeof value === 'object' && value !== null && 'addInitializer' in value
}

function isDescriptor(value: unknown): value is PropertyDescriptor {
  return typeof value === 'object' && value !== null && 'value' in value && 'writable' in value
}
