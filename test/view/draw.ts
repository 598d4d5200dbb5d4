import type { LogEntry } from 'spanlog/logs'
import type { TraceSpan } from 'spanlog/traces'

export const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
/** 2026-11-21T04:00:00Z */
export const t0 = 1_795_233_600_000_000_000n

const levels = { debug: 5, info: 9, warn: 13, error: 17 } as const

/** A span, named `service/operation`, from `from` to `to`, in milliseconds after `t0`. IDs are filled with zeros. */
export function span(
  id: string,
  parent: string | undefined,
  name: string,
  from: number,
  to: number,
  more: Partial<TraceSpan> = {},
): TraceSpan {
  const slash = name.indexOf('/')
  const [service, operation] = [name.slice(0, slash), name.slice(slash + 1)]
  return {
    traceId,
    spanId: id.padEnd(16, '0'),
    ...(parent !== undefined && { parentSpanId: parent.padEnd(16, '0') }),
    name: operation,
    service,
    kind: 'internal',
    startUnixNano: at(from),
    endUnixNano: at(to),
    status: { code: 'unset' },
    attributes: {},
    resource: {},
    events: [],
    links: [],
    ...more,
  }
}

/** A line of a span (none: ''), `ms` after `t0` (none: undefined). */
export function line(
  spanId: string,
  ms: number | undefined,
  level: keyof typeof levels,
  message: string,
  more: Partial<LogEntry> = {},
): LogEntry {
  return {
    ...(ms !== undefined && { timeUnixNano: at(ms) }),
    line: message,
    service: 'api',
    severity: { number: levels[level], text: level },
    message,
    traceId,
    ...(spanId !== '' && { spanId: spanId.padEnd(16, '0') }),
    fields: {},
    metadata: {},
    labels: {},
    ...more,
  }
}

function at(ms: number): bigint {
  return t0 + BigInt(Math.round(ms * 1e6))
}
