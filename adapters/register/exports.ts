/** What a copy of pino exports. */
export type PinoExports = ((options: object, stream: object) => object) & { version?: unknown }

/** Whether a module's exports are those of pino. */
export function isPino(exported: unknown): exported is PinoExports {
  return typeof exported === 'function' && typeof ownValue(ownValue(exported, 'symbols'), 'asJsonSym') === 'symbol'
}

const methodsOfLogger = ['_transform', 'configure', 'log', 'profile', 'startTimer']

/** The prototype that the loggers of winston 3 share, if a module's exports are those of winston, or of its `logger.js`. */
export function winstonPrototype(exported: unknown): object | undefined {
  const Logger = ownValue(exported, 'Logger') ?? exported
  if (typeof Logger !== 'function') return undefined
  const prototype = ownValue(Logger, 'prototype')
  return methodsOfLogger.every((name) => typeof ownValue(prototype, name) === 'function') ? (prototype as object) : undefined
}

/** Getters are not asked: winston's deprecated names throw, and those of others load packages. */
function ownValue(object: unknown, key: string): unknown {
  const isObject = (typeof object === 'object' && object !== null) || typeof object === 'function'
  return isObject ? (Object.getOwnPropertyDescriptor(object, key)?.value as unknown) : undefined
}
