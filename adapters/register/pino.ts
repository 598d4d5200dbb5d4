import { type AsJson, type Internals, internalsOf, type Logger } from '../pino/internals.js'
import { mirrorAfterHook } from '../pino/mirror.js'
import { keepBelowLevel } from '../pino/recorder.js'
import { tracedAsJson } from '../pino/trace.js'

const brand = Symbol.for('spanlog.traced')

/**
 * Makes all loggers of a copy of pino trace-aware, whenever they were made: `asJson` is replaced once, on the prototype that they share.
 *
 * @param logger - any of them
 * @returns what builds their lines from now on; `undefined` if it is no logger of pino 9 or 10
 */
export function tracePinoCopy(logger: object): AsJson | undefined {
  const internals = internalsOf(logger)
  const prototype = internals && ownersOf(logger, internals.asJson).at(-1)
  if (internals === undefined || prototype === undefined) return undefined
  if (!Object.hasOwn(prototype, brand)) {
    Object.defineProperty(prototype, brand, { value: true })
    const prepare = prepareOnce(internals)
    const asJson = tracedAsJson(prototype[internals.asJson] as AsJson, internals, undefined, (met) => {
      // Made before: it was not seen when its level was set.
      prepare(met, (root) => keepBelowLevel(root, internals))
    })
    replace(prototype, internals.asJson, asJson)
    keepBelowLevel(prototype, internals)
    // The last thing that pino does to make a logger.
    const setLevel = prototype[internals.setLevel] as (this: Logger, level: unknown) => unknown
    replace(prototype, internals.setLevel, function (this: Logger, level: unknown) {
      const result = setLevel.call(this, level)
      prepare(this)
      return result
    })
  }
  return prototype[internals.asJson] as AsJson
}

/** What a logger needs of its own, done once for it and its children. */
function prepareOnce(internals: Internals): (logger: Logger, more?: (root: Logger) => void) => void {
  const prepared = new WeakSet<Logger>()
  return (logger, more) => {
    const root = ownersOf(logger, internals.stream).at(-1)
    if (root === undefined || prepared.has(root) || !Object.isExtensible(root)) return
    prepared.add(root)
    mirrorAfterHook(root)
    more?.(root)
  }
}

/** The objects of a logger's chain of prototypes that have it, nearest first. */
function ownersOf(logger: object, key: symbol): Logger[] {
  const owners: Logger[] = []
  for (let object: object | null = logger; object !== null; object = Object.getPrototypeOf(object) as object | null) {
    if (Object.hasOwn(object, key)) owners.push(object as Logger)
  }
  return owners
}

function replace(prototype: Logger, key: symbol, value: unknown): void {
  Object.defineProperty(prototype, key, { value, writable: true, configurable: true, enumerable: false })
}
