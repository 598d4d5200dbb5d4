import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CompletionLogger } from './any-logger.js'
import { type Exchange, serverEdge } from './http/edge.js'
import { guarded } from './http/guarded.js'
import { nodeEdge } from './http/node.js'
import type { EdgeOptions } from './http/options.js'
import { pathOf, type RequestFacts } from './http/request.js'

export type { CompletionLogger }

/** What the middleware uses of a Hono context. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request; readonly routeIndex: number }
  readonly res: Response
  readonly env: unknown
  readonly error: Error | undefined
}

/** How `traceHono` treats requests; `Context` is Hono's, for `ignore` and `route`. */
export type TraceHonoOptions<Context extends HonoContextLike = HonoContextLike> = EdgeOptions<Context>

// oxlint-disable-next-line typescript/no-explicit-any -- so that Hono's own types of the context stay as they are
type HonoMiddleware = (c: any, next: () => Promise<void>) => Promise<void>

/**
 * Makes a Hono middleware that continues the trace of a request, or begins one. Use it first. Its server span is named
 * `METHOD /route`; the errors that Hono answers with 5xx are recorded on it.
 *
 * On node (`@hono/node-server`) it holds until the response is sent, its stream included. Elsewhere (`app.request()`,
 * `app.fetch()`, a serverless adapter) a request is over when its `Response` is made. `stream` and `streamText` write in the
 * trace; of a `ReadableStream` of one's own, wrap `pull` with `bindTrace`.
 *
 * @throws SpanlogError INVALID_OPTION. The middleware itself rejects only with what the next ones do.
 * @example
 * ```ts
 * const app = new Hono()
 * app.use(traceHono({ logger }))
 * app.get('/orders/:id', (c) => {
 *   log.info('asked') // {…,"trace_id":"…","span_id":"…"}
 *   return c.text(correlationId() ?? '')
 * })
 * serve(app)
 * ```
 */
export function traceHono<Context extends HonoContextLike = HonoContextLike>(options: TraceHonoOptions<Context> = {}): HonoMiddleware {
  const edge = serverEdge('traceHono', options, honoRoute)
  const node = nodeEdge(edge)
  return async (c: Context, next) => {
    const { incoming, outgoing } = (c.env ?? {}) as { incoming?: IncomingMessage; outgoing?: ServerResponse }
    const onNode = incoming !== undefined && outgoing !== undefined
    const exchange = onNode ? node.begin(c, incoming, outgoing) : edge.open(c, c.req.raw, factsOf)
    if (exchange === undefined) return next()
    try {
      await exchange.run(next)
      if (c.error) exchange.fail(c.error)
      if (!onNode) answered(exchange, c.req.raw, c.res)
    } catch (error) {
      // Hono makes its answer further out.
      if (!onNode) exchange.over({ status: 500, sizes: { request: sizeOf(c.req.raw), response: undefined }, finished: true })
      throw error
    }
  }
}

function factsOf({ method, url, headers }: Request): RequestFacts {
  const [, scheme = 'http', rest = ''] = /^(\w+):\/\/[^/?#]*(.*)$/.exec(url) ?? []
  return { method, path: pathOf(rest), scheme, headers, userAgent: headers.get('user-agent') ?? undefined }
}

function answered(exchange: Exchange, request: Request, response: Response): void {
  for (const [name, value] of exchange.headers) {
    guarded('a response header could not be set', () => response.headers.has(name) || response.headers.set(name, value))
  }
  exchange.over({ status: response.status, sizes: { request: sizeOf(request), response: sizeOf(response) }, finished: true })
}

function sizeOf({ headers }: Request | Response): number | undefined {
  const declared = headers.get('content-length')
  return declared !== null && /^\d+$/.test(declared) ? Number(declared) : undefined
}

/** The path of the handler that answered; a middleware's pattern is no route. */
function honoRoute({ req }: HonoContextLike): string | undefined {
  const { matchedRoutes = [] } = req as { matchedRoutes?: readonly { method: string; path: string }[] }
  const route = matchedRoutes[req.routeIndex]
  return route === undefined || (route.method === 'ALL' && route.path.endsWith('*')) ? undefined : route.path
}
