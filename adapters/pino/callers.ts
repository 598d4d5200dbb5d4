/**
 * The files of the calls that led to `callee`, nearest first, `callee`'s own left out: what pino resolves a transport's target
 * from. Seen from inside pino a drop-in's file would stand before the user's, so that `./http.js`, or a package that the user
 * has in another version, would be looked up beside the drop-in.
 *
 * @returns `undefined` where the stack cannot be read
 */
export function callersOf(callee: (...args: never[]) => unknown): string[] | undefined {
  // oxlint-disable-next-line typescript/unbound-method -- only put back
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    // As deep as pino's own look, whatever limit the user has set.
    Error.stackTraceLimit = Math.max(10, stackTraceLimit || 0)
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName())
    const trace: { stack?: unknown } = {}
    Error.captureStackTrace(trace, callee)
    const files = trace.stack
    return Array.isArray(files) ? files.filter((file): file is string => typeof file === 'string') : undefined
  } catch {
    // Frozen intrinsics.
    return undefined
  } finally {
    restore({ prepareStackTrace, stackTraceLimit })
  }
}

function restore(saved: object): void {
  try {
    Object.assign(Error, saved)
  } catch {
    // Frozen intrinsics: nothing was changed either.
  }
}
