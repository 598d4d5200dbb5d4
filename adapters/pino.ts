import type { callersOf } from './pino/callers.js'

type Pino = typeof import('pino')

const pino = installedPino()

/**
 * A drop-in for `pino` 9 and 10: exactly the surface of the pino that is installed, its loggers made trace-aware.
 *
 * @throws SpanlogError PEER_MISSING where the module is loaded without pino; else what pino throws
 * @example
 * ```ts
 * import { pino } from 'spanlog/pino'
 *
 * const log = pino()
 * withSpan('charge card', () => log.info('charged')) // {"level":30,…,"trace_id":"…","span_id":"…","trace_flags":"02","msg":"charged"}
 * ```
 */
const traced = function (...args: unknown[]): unknown {
  return tracing().tracePino(Reflect.apply(pino, undefined, withCallers(args)) as object)
} as Pino

Object.defineProperties(traced, Object.getOwnPropertyDescriptors(pino))
module.exports = traced
// Node finds the names that `import { destination }` may ask for in the text of the file, so that each has to stand here.
module.exports.destination = pino.destination
module.exports.transport = pino.transport
module.exports.multistream = pino.multistream
module.exports.levels = pino.levels
module.exports.stdSerializers = pino.stdSerializers
module.exports.stdTimeFunctions = pino.stdTimeFunctions
module.exports.symbols = pino.symbols
module.exports.version = pino.version
module.exports.default = traced
module.exports.pino = traced
export = traced

/** Loaded with the first logger: a program may import pino for its types, its serializers, or for no logger yet. */
function tracing(): typeof import('./pino/trace.js') {
  return require('./pino/trace.js') as typeof import('./pino/trace.js')
}

function installedPino(): Pino {
  try {
    return require('pino') as Pino
  } catch (cause) {
    const { SpanlogError } = require('../src/errors.js') as typeof import('../src/errors.js')
    throw new SpanlogError('PEER_MISSING', 'spanlog/pino needs the package `pino`, version 9 or 10', { cause })
  }
}

/** A target such as `./my-transport.js` is the user's: pino is told whose call it is. */
function withCallers(args: readonly unknown[]): readonly unknown[] {
  const [options, ...rest] = args
  if (typeof options !== 'object' || options === null || !('transport' in options)) return args
  const { transport } = options
  if (typeof transport !== 'object' || transport === null || 'caller' in transport) return args
  // A stream: pino refuses it by what it is.
  if ('write' in transport) return args
  const callers = require('./pino/callers.js') as { callersOf: typeof callersOf }
  const caller = callers.callersOf(traced)
  return caller === undefined ? args : [{ ...options, transport: { caller, ...transport } }, ...rest]
}
