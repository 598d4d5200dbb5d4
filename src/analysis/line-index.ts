import type { LogEntry } from '../logs/types.js'
import type { TraceSpan } from '../traces/types.js'
import { firstIndex } from './statistics.js'
import { compare } from './tree.js'

/** OpenTelemetry's severity numbers from here on are errors. */
const ERROR_SEVERITY = 17

export function isErrorLine({ severity }: LogEntry): boolean {
  return severity !== undefined && severity.number >= ERROR_SEVERITY
}

interface PlacedLine {
  entry: LogEntry
  atUnixNano: bigint
  /** As given: lines of one moment keep it. */
  order: number
}

/** Log lines by the trace and the span that they belong to, ready to be asked what was said about a moment. */
export class LineIndex {
  readonly #byTrace = new Map<string, PlacedLine[]>()
  readonly #bySpan = new Map<string, PlacedLine[]>()

  constructor(entries: Iterable<LogEntry>) {
    let order = 0
    for (const entry of entries) {
      if (entry.traceId === undefined || entry.mention === true) continue
      // A line without a time stays behind its predecessor.
      const atUnixNano = entry.timeUnixNano ?? this.#byTrace.get(entry.traceId)?.at(-1)?.atUnixNano ?? 0n
      const line: PlacedLine = { entry, atUnixNano, order: order++ }
      append(this.#byTrace, entry.traceId, line)
      if (entry.spanId !== undefined) append(this.#bySpan, `${entry.traceId} ${entry.spanId}`, line)
    }
    for (const index of [this.#byTrace, this.#bySpan]) for (const lines of index.values()) lines.sort(byTime)
  }

  /** In time order. */
  of(traceId: string): LogEntry[] {
    return (this.#byTrace.get(traceId) ?? []).map(({ entry }) => entry)
  }

  /** At most `count` lines in time order: those of the span first, then the trace's, the nearest to the moment before others. */
  around({ traceId, spanId }: TraceSpan, moment: bigint, count: number): LogEntry[] {
    const chosen = new Set<PlacedLine>()
    for (const lines of [this.#bySpan.get(`${traceId} ${spanId}`), this.#byTrace.get(traceId)]) {
      if (lines === undefined) continue
      for (const line of nearest(lines, moment)) {
        if (chosen.size >= count) break
        chosen.add(line)
      }
    }
    return [...chosen].toSorted(byTime).map(({ entry }) => entry)
  }
}

function append(index: Map<string, PlacedLine[]>, key: string, line: PlacedLine): void {
  const lines = index.get(key)
  if (lines === undefined) index.set(key, [line])
  else lines.push(line)
}

function byTime(a: PlacedLine, b: PlacedLine): number {
  return compare(a.atUnixNano, b.atUnixNano) || a.order - b.order
}

/** From the moment outwards, to both sides. */
function* nearest(lines: readonly PlacedLine[], moment: bigint): Generator<PlacedLine, void, undefined> {
  let after = firstIndex(lines.length, (i) => lines[i]!.atUnixNano >= moment)
  let before = after - 1
  for (;;) {
    const left = lines[before]
    const right = lines[after]
    if (left === undefined && right === undefined) return
    const isLeft = right === undefined || (left !== undefined && moment - left.atUnixNano <= right.atUnixNano - moment)
    yield isLeft ? left! : right
    if (isLeft) before--
    else after++
  }
}
