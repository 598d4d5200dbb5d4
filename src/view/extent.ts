import type { TraceSpan } from '../traces/types.js'

/** From the first start to the last end. */
export function extentOf(spans: readonly Pick<TraceSpan, 'startUnixNano' | 'endUnixNano'>[]): [start: bigint, end: bigint] {
  let [start, end] = [spans[0]?.startUnixNano ?? 0n, spans[0]?.endUnixNano ?? 0n]
  for (const { startUnixNano, endUnixNano } of spans) {
    if (startUnixNano < start) start = startUnixNano
    if (endUnixNano > end) end = endUnixNano
  }
  return [start, end]
}
