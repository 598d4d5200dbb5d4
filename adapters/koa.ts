import type { IncomingMessage, ServerResponse } from 'node:http'
import { bindTrace } from '../src/context/bind.js'
import type { CompletionLogger } from './any-logger.js'
import { type Exchange, serverEdge } from './http/edge.js'
import { guarded } from './http/guarded.js'
import { nodeEdge } from './http/node.js'
import type { EdgeOptions } from './http/options.js'

export type { CompletionLogger }

/** What the middleware uses of a Koa context. */
export interface KoaContextLike {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly body?: unknown
}

/** How `traceKoa` treats requests; `Context` is Koa's, for `ignore` and `route`. */
export type TraceKoaOptions<Context extends KoaContextLike = KoaContextLike> = EdgeOptions<Context>

// oxlint-disable-next-line typescript/no-explicit-any -- so that Koa's own types of the context stay as they are
type KoaMiddleware = (ctx: any, next: () => Promise<any>) => Promise<unknown>

/**
 * Makes a Koa middleware that continues the trace of a request, or begins one, and keeps it through body, handlers and
 * response. Use it first. Its server span is named `METHOD /route` where `@koa/router` matched one or `route` tells it; the
 * errors that Koa answers with 5xx are recorded on it. A body that is one of node's streams is read in the trace; of a web
 * stream, wrap `pull` with `bindTrace`.
 *
 * @throws SpanlogError INVALID_OPTION. The middleware itself rejects only with what the next ones do.
 * @example
 * ```ts
 * const app = new Koa()
 * app.use(traceKoa({ logger }))
 * app.use((ctx) => {
 *   log.info('asked') // {…,"trace_id":"…","span_id":"…"}
 *   ctx.body = correlationId()
 * })
 * ```
 */
export function traceKoa<Context extends KoaContextLike = KoaContextLike>(options: TraceKoaOptions<Context> = {}): KoaMiddleware {
  const edge = nodeEdge(serverEdge('traceKoa', options, routerPath))
  return async (ctx: Context, next) => {
    const exchange = edge.begin(ctx, ctx.req, ctx.res)
    if (exchange === undefined) return await next()
    try {
      const result = await exchange.run(next)
      guarded('traceKoa: a streamed body could not be bound', () => bindBody(exchange, ctx.body))
      return result
    } catch (error) {
      keepHeaders(exchange, ctx.res)
      throw error
    }
  }
}

/** Where `@koa/router` leaves the route that matched: its path, or a regular expression. */
function routerPath(ctx: KoaContextLike): string | undefined {
  const { _matchedRoute: route } = ctx as { _matchedRoute?: unknown }
  return typeof route === 'string' || route instanceof RegExp ? String(route) : undefined
}

/** Koa sets a stream flowing by `pipe`, after all middleware and outside of it. */
function bindBody(exchange: Exchange, body: unknown): void {
  const { pipe } = (body ?? {}) as { pipe?: unknown }
  if (typeof pipe !== 'function') return
  const value = exchange.run(() => bindTrace(pipe as () => unknown))
  Object.defineProperty(body, 'pipe', { value, writable: true, configurable: true, enumerable: false })
}

/** Koa answers an error without the headers set before it; those of the trace go back as the answer is written. */
function keepHeaders({ headers }: Exchange, res: ServerResponse): void {
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => ServerResponse
  res.writeHead = (...args: unknown[]) => {
    for (const [name, value] of headers) guarded('a response header could not be set', () => res.setHeader(name, value))
    return writeHead(...args)
  }
}
