import Module from 'node:module'
import { reportFault } from '../../src/context/fault.js'

interface Loader {
  _load(this: unknown, ...args: unknown[]): unknown
  _cache: Readonly<Record<string, { exports: unknown } | undefined>>
}

/**
 * Shows the exports of each CommonJS module: of those that are loaded, and of each that is required later. A CommonJS module that
 * is imported is loaded in the same way. Nothing is loaded for it.
 *
 * @param see - sees the same exports many times over, some of them while their module is still being loaded
 */
export function watchModules(see: (exported: unknown) => void): void {
  const loader = Module as unknown as Loader
  for (const module of Object.values(loader._cache)) guarded(see, module?.exports)
  // oxlint-disable-next-line typescript/unbound-method -- called with the `this` that it is given
  const load = loader._load
  loader._load = function (...args) {
    const exported = load.apply(this, args)
    guarded(see, exported)
    return exported
  }
}

function guarded(see: (exported: unknown) => void, exported: unknown): void {
  try {
    see(exported)
  } catch (error) {
    // Of a proxy that throws whatever it is asked, for one.
    reportFault('the exports of a module could not be looked at', error)
  }
}
