import type { TraceSpan } from 'spanlog/traces'
import { otlp } from '../support/otlp.js'

/** How requests went in a stretch of time. */
export interface Traffic {
  /** Of the first request, nanoseconds since the epoch. */
  from: bigint
  requests: number
  /** Of `orders`. */
  version?: string
  /** How long the database takes; the others take 10 ms each on top. */
  queryMs?: number
  /** Every so many requests the query fails. */
  failEvery?: number
  everyMs?: number
}

let seed = 0
const hex = (digits: number) => (++seed).toString(16).padStart(digits, '0')

/** One request through `gateway`, `orders` and its database. */
export function request(
  at: bigint,
  { version = '1.4', queryMs = 20, fails = false }: { version?: string; queryMs?: number; fails?: boolean },
): TraceSpan[] {
  const traceId = `7ab${hex(29)}`
  const [server, call, order, query] = [hex(16), hex(16), hex(16), hex(16)]
  const span = (
    spanId: string,
    parent: string | undefined,
    service: string,
    kind: TraceSpan['kind'],
    name: string,
    from: number,
    to: number,
  ): TraceSpan => ({
    traceId,
    spanId,
    ...(parent !== undefined && { parentSpanId: parent }),
    name,
    service,
    kind,
    startUnixNano: at + BigInt(Math.round(from * 1e6)),
    endUnixNano: at + BigInt(Math.round(to * 1e6)),
    status: fails ? { code: 'error', message: 'deadlock' } : { code: 'unset' },
    attributes:
      kind === 'client' && service === 'orders'
        ? { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT 1', 'db.namespace': 'shop' }
        : { 'http.route': '/' },
    resource: { 'service.name': service, 'service.version': service === 'orders' ? version : '9.0' },
    events: [],
    links: [],
  })
  return [
    span(server, undefined, 'gateway', 'server', 'POST /checkout', 0, queryMs + 30),
    span(call, server, 'gateway', 'client', 'POST', 5, queryMs + 25),
    span(order, call, 'orders', 'server', 'POST /orders', 10, queryMs + 20),
    span(query, order, 'orders', 'client', 'SELECT shop', 15, queryMs + 15),
  ]
}

/** Lines of OTLP/JSON, one a trace. Durations vary by a few per cent, the same each time. */
export function traffic({ from, requests, failEvery = 0, everyMs = 1000, queryMs = 20, ...rest }: Traffic): object[] {
  return Array.from({ length: requests }, (_, i) =>
    otlp(
      ...request(from + BigInt(i * everyMs) * 1_000_000n, {
        ...rest,
        queryMs: queryMs * (1 + ((i * 7) % 10) / 100),
        fails: failEvery > 0 && i % failEvery === 0,
      }),
    ),
  )
}
