import { reachExports } from './reach.js'

/**
 * Reaches the loggers that stand in one bundle with this file: their modules can be asked for here, and nowhere else. A
 * bundler follows the two calls; outside a bundle they do not run, and load nothing.
 */
export function reachBundled(): void {
  // A module of Node's knows its file; what bundlers put in its place does not.
  if (typeof module.filename === 'string') return
  try {
    reachExports(require('pino'))
  } catch {
    // Not installed.
  }
  try {
    reachExports(require('winston'))
  } catch {
    // Not installed.
  }
}
