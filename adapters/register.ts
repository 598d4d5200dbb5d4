/**
 * Makes the pino and winston loggers of the process trace-aware, those of dependencies too, those that exist already and those that
 * are made later: as `tracePino` and `traceWinston` do it for one. By `import`, `require`, `node --import` or `node --require`,
 * first or last. Without loader hooks; docs/register.md says what is out of its reach.
 *
 * @example
 * ```ts
 * import 'spanlog/register'
 * import pino from 'pino'
 *
 * const log = pino()
 * withSpan('charge card', () => log.info('charged')) // {"level":30,…,"trace_id":"…","span_id":"…","trace_flags":"02","msg":"charged"}
 * ```
 * @module
 */
import { reportFault } from '../src/context/fault.js'
import { state } from '../src/context/state.js'
import { reachBundled } from './register/bundled.js'
import { reachInstalled } from './register/installed.js'
import { watchModules } from './register/modules.js'
import { watchPinoChannel } from './register/pino-channel.js'
import { reachExports, reachLogger } from './register/reach.js'
import { warnOfUnreached } from './register/unreached.js'

try {
  reachBundled()
  // Another copy of this file, in ESM and CommonJS or in a bundle, does the rest for all.
  if (state.registered !== true) {
    state.registered = true
    watchModules(reachExports)
    reachInstalled()
    watchPinoChannel(reachLogger)
    warnOfUnreached()
  }
} catch (error) {
  // An import of it must not stop a program from starting.
  reportFault('spanlog/register could not start', error)
}
