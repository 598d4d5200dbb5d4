import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CompletionLogger } from './any-logger.js'
import { serverEdge } from './http/edge.js'
import { expressRoute } from './http/express.js'
import { nodeEdge } from './http/node.js'
import type { EdgeOptions } from './http/options.js'

export { traceFetch } from './http/fetch.js'
export type { TraceClientOptions } from './http/propagate-to.js'
export { traceRequest } from './http/request-client.js'
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
  const edge = nodeEdge(serverEdge('traceHttp', options, expressRoute))
  // Its name is what OpenTelemetry's instrumentation of Express calls the span that it puts around it.
  const spanlog: HttpMiddleware = (req, res, next) => {
    const exchange = edge.begin(req, req, res)
    return exchange === undefined ? next() : exchange.run(next)
  }
  return spanlog
}
