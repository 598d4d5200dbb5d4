import { EventEmitter } from 'node:events'
import type { Context } from '@opentelemetry/api'
import { unexpected } from '../errors.js'
import { activeContext, runIn } from './active.js'

// oxlint-disable-next-line typescript/no-explicit-any -- any function can be bound
type AnyFunction = (...args: any[]) => unknown

/**
 * Binds a function, or the listeners of an event emitter, to the trace that is active now. A bound function runs in that
 * trace wherever it is called from; a bound emitter runs the listeners that are added *after* the call in it, and is
 * changed in place: bind what belongs to one request (`req`, a cursor), not a pool or a socket that many share. Of two calls for
 * one emitter the later holds for the listeners that come after it.
 *
 * Context does not cross worker threads or processes: pass a carrier there (`injectTrace`, `runWithTrace`).
 *
 * @returns a bound function of the same signature, or the same emitter
 * @throws SpanlogError INVALID_OPTION if the target is neither
 * @example
 * ```ts
 * pool.acquire(bindTrace((connection) => log.info('connected')))
 * bindTrace(req).on('end', () => log.info('body read'))
 * ```
 */
export function bindTrace<T extends AnyFunction | EventEmitter>(target: T): T {
  const context = activeContext()
  if (target instanceof EventEmitter) return bindEmitter(target, context)
  if (typeof target === 'function') return bindFunction(target as T & AnyFunction, context)
  throw unexpected('target', 'a function or an event emitter', target)
}

function bindFunction<F extends AnyFunction>(fn: F, context: Context): F {
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return runIn(context, () => fn.apply(this, args))
  }
  Object.defineProperty(bound, 'length', { value: fn.length, configurable: true })
  Object.defineProperty(bound, 'name', { value: fn.name, configurable: true })
  return bound as unknown as F
}

/** Which context the listeners of a bound emitter get; by `Symbol.for`, so that two copies of the package do not wrap twice. */
const bindingKey = Symbol.for('spanlog.bound')

/**
 * Each listener goes in as a bound wrapper that carries the original as `listener`, by which node itself finds it again for
 * `removeListener` and shows it in `listeners()`. `once` is built on `on`, since node's own would remove its wrapper by an
 * identity that ours hides. Binding again changes the context of later listeners and wraps nothing twice.
 */
function bindEmitter<E extends EventEmitter>(emitter: E, context: Context): E {
  const bound = (emitter as { [bindingKey]?: { context: Context } })[bindingKey]
  if (bound !== undefined) {
    bound.context = context
    return emitter
  }
  // oxlint-disable-next-line typescript/unbound-method -- called with the emitter as `this`
  const { on, prependListener } = emitter
  const value: Binding = { context, on, prependListener, isWrapped: Object.hasOwn(emitter, 'on') }
  Object.defineProperty(emitter, bindingKey, { value })
  for (const [name, descriptor] of boundMethods) Object.defineProperty(emitter, name, descriptor)
  return emitter
}

interface Binding {
  context: Context
  readonly on: Add
  readonly prependListener: Add
  /** Somebody else's `on` is below ours, such as that of OpenTelemetry's context manager, and may wrap what we add. */
  readonly isWrapped: boolean
}
type Bound = EventEmitter & { readonly [bindingKey]: Binding }
type Listener = AnyFunction & { listener?: unknown }
type Add = (event: string | symbol, listener: AnyFunction) => EventEmitter

/** The same functions for all emitters: an HTTP server binds two for each request. */
const boundMethods = [
  ['on', method('on', false)],
  ['addListener', method('on', false)],
  ['prependListener', method('prependListener', false)],
  ['once', method('on', true)],
  ['prependOnceListener', method('prependListener', true)],
] as const

function method(add: 'on' | 'prependListener', once: boolean): PropertyDescriptor {
  const value = function (this: Bound, event: string | symbol, listener: unknown): EventEmitter {
    const wrapped = typeof listener === 'function' ? boundListener(this, event, listener as Listener, once) : (listener as AnyFunction)
    const binding = this[bindingKey]
    binding[add].call(this, event, wrapped)
    if (binding.isWrapped) showOriginal(this.rawListeners(event).at(add === 'on' ? -1 : 0) as Listener | undefined, wrapped)
    return this
  }
  return { value, writable: true, configurable: true, enumerable: false }
}

function boundListener(emitter: Bound, event: string | symbol, listener: Listener, once: boolean): AnyFunction {
  const { context } = emitter[bindingKey]
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    if (once) emitter.removeListener(event, wrapper)
    return runIn(context, () => listener.apply(this, args))
  }
  wrapper.listener = listener.listener ?? listener
  return wrapper
}

/** A wrapper around ours hides the original from node, which would never remove it again. */
function showOriginal(added: Listener | undefined, wrapper: Listener): void {
  if (added !== undefined && added !== wrapper) added.listener ??= wrapper.listener
}
