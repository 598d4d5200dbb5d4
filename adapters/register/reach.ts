import { reportFault } from '../../src/context/fault.js'
import type { AsJson } from '../pino/internals.js'
import { isPino, winstonPrototype } from './exports.js'
import type { tracePinoCopy } from './pino.js'
import type { traceWinstonCopy } from './winston.js'

const seen = new WeakSet<object>()

/** Makes a copy of pino or winston trace-aware by what its module exports. Anything else is left alone. */
export function reachExports(exported: unknown): void {
  if (isPino(exported) && !seen.has(exported)) {
    seen.add(exported)
    // The prototype that its loggers share is not exported: one that writes nothing leads there.
    const asJson = ofPino().tracePinoCopy(exported({ level: 'silent' }, { write() {} }))
    if (asJson === undefined)
      reportFault(`the loggers of pino ${String(exported.version)} are not made trace-aware: only those of 9 and 10 are`)
  }
  const prototype = winstonPrototype(exported)
  if (prototype !== undefined) ofWinston().traceWinstonCopy(prototype)
}

/**
 * Makes the copy of pino trace-aware that a logger is from.
 *
 * @param logger - one that is about to write, by pino's own `asJson`
 * @returns what builds the line instead; `undefined` where the logger was trace-aware before
 */
export function reachLogger(logger: object): AsJson | undefined {
  const before = Symbol.for('spanlog.traced') in logger
  const asJson = ofPino().tracePinoCopy(logger)
  if (asJson === undefined) reportFault('the loggers of a pino inside a bundle are not made trace-aware: only those of 9 and 10 are')
  return before ? undefined : asJson
}

// Loaded with the first logger of the kind.
const ofPino = () => require('./pino.js') as { tracePinoCopy: typeof tracePinoCopy }
const ofWinston = () => require('./winston.js') as { traceWinstonCopy: typeof traceWinstonCopy }
