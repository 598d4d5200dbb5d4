import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CompletionLogger } from './http/completion-line.js'
import { guarded } from './http/guarded.js'
import { nodeEdge } from './http/node.js'
import type { EdgeOptions } from './http/options.js'

export { traceFetch } from './http/fetch.js'
export type { CompletionLogger }

/** How `traceHttp` treats requests. */
export type TraceHttpOptions = EdgeOptions<IncomingMessage>

/** A Connect-style middleware; for raw `node:http`, `next` is the handler. */
export type HttpMiddleware = <T>(req: IncomingMessage, res: ServerResponse, next: () => T) => T

/**
 * Makes a middleware that continues the trace of a request, or begins one, and keeps it through the events of request and
 * response. It opens the server span, named `METHOD /route`, unless an OpenTelemetry instrumentation already did; that one
 * is then used. A malformed `traceparent` begins a new trace.
 *
 * @throws SpanlogError INVALID_OPTION. The middleware itself throws only what `next` throws.
 * @example
 * ```ts
 * app.use(traceHttp({ logger })) // Express
 *
 * const trace = traceHttp({ logger, route: () => '/orders/:id' }) // node:http
 * createServer((req, res) => trace(req, res, () => handle(req, res)))
 * ```
 */
export function traceHttp(options: TraceHttpOptions = {}): HttpMiddleware {
  const edge = nodeEdge('traceHttp', options, expressRoute)
  return (req, res, next) => {
    const exchange = guarded('traceHttp: a request could not be traced', () => edge.begin(req, req, res))
    return exchange === undefined ? next() : exchange.run(next)
  }
}

function expressRoute(req: IncomingMessage): string | undefined {
  const { route, baseUrl = '' } = req as { route?: { path?: string | RegExp | (string | RegExp)[] }; baseUrl?: string }
  return route?.path === undefined ? undefined : `${lowCardinality(baseUrl)}${[route.path].flat().join('|')}`
}

/**
 * Express keeps the path that a router was found under (`/users/42`), not the pattern (`/users/:id`): what looks like an ID in it,
 * a number, a UUID or a long hex, becomes `:id`.
 */
function lowCardinality(mountPath: string): string {
  return mountPath.replaceAll(/(?<=\/)(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,})(?=\/|$)/gi, ':id')
}
