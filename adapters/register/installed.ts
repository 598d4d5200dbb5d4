import { createRequire } from 'node:module'
import path from 'node:path'
import { reachExports } from './reach.js'

/**
 * Bun tells nobody of a module that it loads: there the project's own pino and winston are loaded at once, and other copies that are there
 * later are not reached.
 */
export function reachInstalled(): void {
  if (process.versions['bun'] === undefined) return
  const load = createRequire(path.join(process.cwd(), 'package.json'))
  for (const name of ['pino', 'winston']) {
    try {
      reachExports(load(name))
    } catch {
      // Not installed.
    }
  }
}
