/** OTLP's spans, also as Tempo answers them, Jaeger's answers and downloads, Zipkin's. */
const spans = /^\s*(?:\{\s*"(?:resourceSpans|batches)":\s*\[|(?:\{\s*"data":\s*)?\[\s*\{\s*"trace(?:ID|Id)":)/

/**
 * Whether a line is a document of spans; it is no log line, whatever IDs it names.
 *
 * @param head - how it begins
 */
export function isSpanDocument(head: string): boolean {
  return spans.test(head)
}

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
