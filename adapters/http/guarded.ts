import { reportFault } from '../../src/context/fault.js'

/** Runs what must not break the request: a function of the user's, a header that cannot be set, a span of some SDK. */
export function guarded<T>(fault: string, fn: () => T): T | undefined {
  try {
    return fn()
  } catch (error) {
    reportFault(fault, error)
    return undefined
  }
}
