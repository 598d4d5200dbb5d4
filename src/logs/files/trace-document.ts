const beginning = /^\s*\{\s*"trace":\s*(?:null\s*,\s*"entries"|\{\s*"traceId":\s*"[\da-f]{32}"\s*,\s*"spans":\s*\[)/

/**
 * Whether a file is what `spanlog trace --json` prints and `spanlog watch --collect` keeps: a trace with its lines, copied from where
 * they were written. It is no log.
 *
 * @param head - a hundred bytes or more, if the file has them
 */
export function isTraceDocument(head: Uint8Array): boolean {
  return beginning.test(Buffer.from(head.subarray(0, 200)).toString('latin1'))
}
