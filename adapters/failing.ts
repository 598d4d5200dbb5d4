/** Calls `fail` with what `fn` throws or rejects with, which goes on to the caller. */
export function failing<T>(fn: () => T, fail: (error: unknown) => void): T {
  let result: T
  try {
    result = fn()
  } catch (error) {
    fail(error)
    throw error
  }
  if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') return result
  return (result as T & PromiseLike<unknown>).then(undefined, (error: unknown) => {
    fail(error)
    throw error
  }) as T
}
