import type { IncomingMessage, ServerResponse } from 'node:http'
import { runIn } from '../src/context/active.js'
import { bindTrace } from '../src/context/bind.js'
import { reportFault } from '../src/context/fault.js'
import { injectContext } from '../src/context/wire.js'
import { refuseUnknownOptions, unexpected } from '../src/errors.js'
import { countRequestBody, countResponseBody } from './http/body-size.js'
import { type CompletionLogger, completionWriter, type WriteCompletion } from './http/completion-line.js'
import { openServerSpan, pathOf } from './http/server-span.js'

export type { CompletionLogger }

/** How `traceHttp` treats requests. */
export interface TraceHttpOptions {
  /** Writes one line when a request is over: a pino or winston logger, or whatever has their methods. Without it none is written. */
  logger?: CompletionLogger
  /** Response header that carries the trace ID; `false` sends none. @defaultValue 'x-trace-id' */
  header?: string | false
  /** Answer with a `traceparent` header too. @defaultValue false */
  traceparent?: boolean
  /** The route of a request where the framework does not tell it (raw `node:http`): `/orders/:id`, never the path itself. */
  route?: (req: IncomingMessage) => string | undefined
  /** Whether a request is passed on untouched, such as a health check. */
  ignore?: (req: IncomingMessage) => boolean
}

/** A Connect-style middleware; for raw `node:http`, `next` is the handler. */
export type HttpMiddleware = <T>(req: IncomingMessage, res: ServerResponse, next: () => T) => T

// Several copies of the package, or the middleware mounted twice, open one span and write one line.
const handled = Symbol.for('spanlog.http')

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
  check(options)
  const { header = 'x-trace-id', traceparent = false, route, ignore } = options
  const writeCompletion = options.logger && completionWriter(options.logger)

  return (req, res, next) => {
    if (handled in req || guarded('ignore', () => ignore?.(req))) return next()
    Object.defineProperty(req, handled, { value: true })
    const server = openServerSpan(req)
    runIn(server.context, () => {
      bindTrace(req)
      bindTrace(res)
    })
    if (header !== false) answer(res, header, server.span.spanContext().traceId)
    if (traceparent) answer(res, 'traceparent', injectContext<Record<string, string>>(server.context, {})['traceparent'])
    onceOver(req, res, (sizes, durationMs) => {
      const known = guarded('route', () => route?.(req)) ?? server.frameworkRoute()
      const line = { method: req.method ?? '', ...(known && { route: known }), path: pathOf(req), status: res.statusCode, durationMs }
      if (writeCompletion) runIn(server.context, () => complete(writeCompletion, line, res))
      server.end({ route: known, status: res.statusCode, sizes })
    })
    return runIn(server.context, () => {
      try {
        return next()
      } catch (error) {
        server.fail(error)
        throw error
      }
    })
  }
}

/** Calls back when the response is sent, or when the connection broke before it was. */
function onceOver(
  req: IncomingMessage,
  res: ServerResponse,
  over: (sizes: { request: number | undefined; response: number }, durationMs: number) => void,
): void {
  const started = performance.now()
  const requestBody = countRequestBody(req)
  const responseBody = countResponseBody(req, res)
  let done = false
  const finish = (): void => {
    if (done) return
    done = true
    const durationMs = Math.round((performance.now() - started) * 1000) / 1000
    guarded('completion of a request', () => over({ request: requestBody(), response: responseBody() }, durationMs))
  }
  // A broken connection has no `finish`. OpenTelemetry's instrumentation reads the route at `close`: ours has to be there before.
  res.once('finish', finish).once('close', finish)
}

function complete(write: WriteCompletion, line: Parameters<WriteCompletion>[0], res: ServerResponse): void {
  guarded('logger', () => write(line, res.writableFinished))
}

function answer(res: ServerResponse, name: string, value: string | undefined): void {
  if (value !== undefined && !res.headersSent) guarded('response header', () => res.setHeader(name, value))
}

/** A function of the user's, or a header that cannot be set, must not break the request. */
function guarded<T>(what: string, fn: () => T): T | undefined {
  try {
    return fn()
  } catch (error) {
    reportFault(`traceHttp: ${what} failed`, error)
    return undefined
  }
}

function check(options: TraceHttpOptions): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('traceHttp', options, ['logger', 'header', 'traceparent', 'route', 'ignore'])
  const { header, traceparent, route, ignore } = options
  if (header !== undefined && header !== false && !(typeof header === 'string' && /^[!#$%&'*+\-.^_`|~\w]+$/.test(header))) {
    throw unexpected('header', 'the name of an HTTP header, or false', header)
  }
  if (traceparent !== undefined && typeof traceparent !== 'boolean') throw unexpected('traceparent', 'a boolean', traceparent)
  for (const [name, fn] of Object.entries({ route, ignore })) {
    if (fn !== undefined && typeof fn !== 'function') throw unexpected(name, 'a function', fn)
  }
}
