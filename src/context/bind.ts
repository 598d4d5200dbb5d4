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
  const binding = { context }
  Object.defineProperty(emitter, bindingKey, { value: binding })
  // oxlint-disable-next-line typescript/unbound-method -- called with the emitter as `this` in `define`
  const { on, prependListener } = emitter
  define(emitter, ['on', 'addListener'], on, (listener) => bindFunction(listener, binding.context))
  define(emitter, ['prependListener'], prependListener, (listener) => bindFunction(listener, binding.context))
  define(emitter, ['once'], on, bindOnce)
  define(emitter, ['prependOnceListener'], prependListener, bindOnce)
  return emitter

  function bindOnce(listener: AnyFunction, event: string | symbol): AnyFunction {
    const wrapper = bindFunction(function (this: unknown, ...args: unknown[]): unknown {
      emitter.removeListener(event, wrapper)
      return listener.apply(this, args)
    }, binding.context)
    return wrapper
  }
}

type Add = (event: string | symbol, listener: AnyFunction) => EventEmitter

function define(
  emitter: EventEmitter,
  names: string[],
  add: Add,
  wrap: (listener: AnyFunction, event: string | symbol) => AnyFunction,
): void {
  const value = function (this: EventEmitter, event: string | symbol, listener: unknown): EventEmitter {
    if (typeof listener !== 'function') return add.call(this, event, listener as AnyFunction)
    const original = (listener as { listener?: unknown }).listener ?? listener
    return add.call(this, event, Object.assign(wrap(listener as AnyFunction, event), { listener: original }))
  }
  for (const name of names) Object.defineProperty(emitter, name, { value, writable: true, configurable: true, enumerable: false })
}
