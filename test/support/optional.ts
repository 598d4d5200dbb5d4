import { createRequire } from 'node:module'

/** A package that not every checkout has; `undefined` where it is missing. */
export function optional(name: string): unknown {
  try {
    return createRequire(import.meta.url)(name)
  } catch {
    return undefined
  }
}
