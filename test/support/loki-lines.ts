import type { PushedLine } from '../contract/log-source.js'
/** What is pushed: the time in nanoseconds, the line, its structured metadata. */
export type LokiValue = [bigint, string, Record<string, string>?]

export const TRACE = '0af7651916cd43dd8448eb211c80319c'
export const OTHER = '4bf92f3577b34da6a3ce929d0e0e4736'

/** So many minutes ago, on a whole second. */
export function minutesAgo(minutes: number): bigint {
  return BigInt(Math.floor(Date.now() / 1000) - minutes * 60) * 1_000_000_000n
}

/** The encodings in turn: JSON, structured metadata only, logfmt, and JSON under another name in upper case. */
export function mixedLines(traceId: string, count: number, start: bigint, gapNano: bigint): LokiValue[] {
  return Array.from({ length: count }, (_, n) => {
    // Not on whole steps of any grid.
    const at = start + BigInt(n) * gapNano + BigInt((n * 7919) % 977)
    if (n % 4 === 0) return [at, JSON.stringify({ level: 30, trace_id: traceId, n })]
    if (n % 4 === 1) return [at, `line ${n}`, { trace_id: traceId }]
    if (n % 4 === 2) return [at, `level=info trace_id=${traceId} n=${n}`]
    return [at, JSON.stringify({ TraceId: traceId.toUpperCase(), n })]
  })
}

/** The same as lines to push, over three streams. */
export function mixedPushes(traceId: string, count: number, start: bigint, gap: bigint): PushedLine[] {
  return mixedLines(traceId, count, start, gap).map(([timeUnixNano, line, metadata = {}], n) => ({
    timeUnixNano,
    line,
    labels: { pod: `p${n % 3}` },
    metadata,
  }))
}
